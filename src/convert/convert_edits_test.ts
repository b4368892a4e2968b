import { deepStrictEqual, notStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { ImageEdits } from "../edit/image_edits.ts";
import { ImageError, type ImageErrorCode } from "../image_error.ts";
import { tarArchive } from "../layer/tar/tar_fixture.ts";
import type { ImageConfig } from "../oci/config.ts";
import type { Image } from "../source/image.ts";
import { walk } from "../tree/file_tree.ts";
import { convert } from "./convert.ts";
import { imageOf, RecordingFormat, RecordingSink } from "./convert_fixture.ts";

const BASE = imageOf(
  [
    { path: "bin", type: "2", target: "usr/bin" },
    { path: "usr/bin/sh", body: "shell", mode: 0o755, uid: 1, gid: 2, mtime: 100 },
    { path: "usr/bin/env", body: "env" },
    { path: "doc/a", body: "words" },
    { path: "kept", type: "1", target: "doc/a" },
    { path: "etc/hosts", body: "old" },
  ],
  [{ path: "doc/b", body: "more words", mtime: 200 }],
);
const CONFIG: ImageConfig = {
  diffIds: [],
  createdSeconds: 50,
  entrypoint: ["/bin/server"],
  cmd: [],
  env: [],
  workingDir: "/srv/www",
  user: "",
  labels: {},
  raw: {},
};

async function edited(edits: ImageEdits, image: Image = BASE): Promise<RecordingFormat> {
  const format = new RecordingFormat();
  await convert(image, format, new RecordingSink(), { edits });
  return format;
}

/** Path, owner and time of every file. */
function facts({ tree }: RecordingFormat): Record<string, string> {
  const result: Record<string, string> = {};
  for (const { path, inode } of walk(tree!)) {
    result[path] = `${inode.permissions.toString(8)} ${inode.uid}:${inode.gid} ` +
      `${inode.mtimeSeconds}`;
  }
  return result;
}

const text = (it: string) => new TextEncoder().encode(it);

Deno.test("convert() leaves files out, but not their other names", async () => {
  const format = await edited({ exclude: ["/doc"] });
  deepStrictEqual(format.files(), {
    "etc/hosts": "old",
    "kept": "words",
    "usr/bin/env": "env",
    "usr/bin/sh": "shell",
  });
  // What is left out is not written either.
  ok(!format.placed.includes("more words"));
  deepStrictEqual(format.released, []);
});

Deno.test("convert() leaves out what is found only through a symbolic link", async () => {
  const image = imageOf([
    { path: "usr/bin", type: "5" },
    { path: "bin", type: "2", target: "usr/bin" },
  ], [{ path: "bin/tool", body: "tool" }]);
  const format = await edited({ exclude: ["usr/bin/tool"] }, image);
  deepStrictEqual(format.files(), {});
  // By its path alone it seemed alive: it was placed, and given back.
  deepStrictEqual(format.released, ["tool"]);
});

Deno.test("convert() adds after it leaves out, in order, and replaces files only", async () => {
  const format = await edited({
    exclude: ["etc/*"],
    add: [
      { from: text("one"), to: "/etc/hosts" },
      { from: text("two"), to: "/etc/hosts" },
      { from: text("tool"), to: "/bin/tool", permissions: 0o4755, owner: { uid: 8, gid: 9 } },
      {
        from: tarArchive([
          { path: "./", type: "5", uid: 7 },
          { path: "sub/.wh.x", body: "no whiteout", uid: 7 },
          { path: "again", type: "1", target: "./sub/.wh.x" },
        ]),
        to: "/opt",
        kind: "tar",
      },
    ],
    hostname: "vm",
  });
  deepStrictEqual(format.files(), {
    "doc/a": "words",
    "doc/b": "more words",
    "etc/hostname": "vm\n",
    "etc/hosts": "two",
    "kept": "words",
    "opt/again": "no whiteout",
    "opt/sub/.wh.x": "no whiteout",
    "usr/bin/env": "env",
    "usr/bin/sh": "shell",
    "usr/bin/tool": "tool",
  });
  ok(!format.placed.includes("one") && !format.placed.includes("old"));
  const found = facts(format);
  strictEqual(found["usr/bin/tool"], "4755 8:9 0");
  strictEqual(found["opt"], "755 7:0 0");
  strictEqual(found["opt/sub/.wh.x"], "644 7:0 0");
  strictEqual(found["etc/hostname"], "644 0:0 0");
});

Deno.test("convert() changes owners, then ids, then times of all files", async () => {
  const format = await edited({
    add: [
      { from: text("1"), to: "/new" },
      { from: text("2"), to: "/own", owner: { uid: 3, gid: 3 } },
    ],
    owner: { uid: 4, gid: 5 },
    uidMap: [{ from: 0, to: 1000, count: 10 }],
    mtime: { seconds: 70 },
  });
  const found = facts(format);
  strictEqual(found["own"], "644 1003:3 70");
  delete found["own"];
  for (const [path, fact] of Object.entries(found)) {
    ok(fact.endsWith(" 1004:5 70"), `${path} ${fact}`);
  }
});

Deno.test("convert() changes only later times where they are clamped", async () => {
  const found = facts(
    await edited({ mtime: { seconds: 150, clamp: true } }, { ...BASE, config: CONFIG }),
  );
  strictEqual(found["usr/bin/sh"], "755 1:2 100");
  strictEqual(found["doc/b"], "644 0:0 150");
  strictEqual(found["usr"], "755 0:0 50");
  const early = facts(
    await edited({ mtime: { seconds: 20, clamp: true } }, { ...BASE, config: CONFIG }),
  );
  strictEqual(early["usr"], "755 0:0 20");
});

Deno.test("convert() names the path whose id is in no range", async () => {
  await rejects(
    edited({ gidMap: [{ from: 0, to: 0, count: 2 }] }),
    (error) =>
      error instanceof ImageError && error.code === "LIMIT_EXCEEDED" &&
      error.where.path === "usr/bin/sh",
  );
});

Deno.test("convert() derives the identity from every edit, and from nothing else", async () => {
  strictEqual((await edited({})).identity, BASE.digest);
  strictEqual((await edited({ add: [], exclude: [], dns: [] })).identity, BASE.digest);
  const one = { from: text("1"), to: "/a" };
  const variants: ImageEdits[] = [
    { exclude: ["a"] },
    { exclude: ["b"] },
    { add: [one] },
    { add: [{ ...one, from: text("2") }] },
    { add: [{ ...one, to: "/b" }] },
    { add: [{ ...one, permissions: 0o600 }] },
    { add: [{ ...one, owner: { uid: 0, gid: 0 } }] },
    { owner: { uid: 0, gid: 0 } },
    { uidMap: [{ from: 0, to: 0, count: 9 }] },
    { gidMap: [{ from: 0, to: 0, count: 9 }] },
    { mtime: { seconds: 300 } },
    { mtime: { seconds: 300, clamp: true } },
    { hostname: "a" },
    { hostname: "b" },
  ];
  const identities = new Set([BASE.digest]);
  for (const edits of variants) {
    const { identity } = await edited(edits);
    strictEqual((await edited(edits)).identity, identity);
    identities.add(identity);
  }
  strictEqual(identities.size, variants.length + 1);
  const other = await edited({ exclude: ["a"] }, { ...BASE, digest: "sha256:11" });
  notStrictEqual(other.identity, (await edited({ exclude: ["a"] })).identity);
});

Deno.test("convert() takes the identity of files of this machine from what is in them", async () => {
  const directory = Deno.makeTempDirSync({ prefix: "convert_edits_" });
  try {
    const identities: string[] = [];
    for (const [name, bytes] of [["a", "x"], ["b", "x"], ["c", "y"]]) {
      Deno.writeTextFileSync(`${directory}/${name}`, bytes, { mode: 0o640 });
      Deno.utimeSync(`${directory}/${name}`, 7, 7);
      const format = await edited({ add: [{ from: `${directory}/${name}`, to: "/etc/it" }] });
      strictEqual(format.files()["etc/it"], bytes);
      strictEqual(facts(format)["etc/it"], "640 0:0 7");
      identities.push(format.identity);
    }
    strictEqual(identities[0], identities[1]);
    notStrictEqual(identities[0], identities[2]);
    const add = [{ from: `${directory}/a`, to: "/etc/it", permissions: 0o700 }];
    const format = await edited({ add });
    strictEqual(facts(format)["etc/it"], "700 0:0 7");
    notStrictEqual(format.identity, identities[0]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("convert() adds directories, and files into directories", async () => {
  const directory = Deno.makeTempDirSync({ prefix: "convert_edits_" });
  try {
    Deno.mkdirSync(`${directory}/tree/usr`, { recursive: true });
    Deno.writeTextFileSync(`${directory}/tree/usr/x.txt`, "x");
    Deno.symlinkSync("x.txt", `${directory}/tree/usr/link`);
    Deno.writeFileSync(`${directory}/a.TGZ`, tarArchive([{ path: "y", body: "y" }]));
    const format = await edited({
      add: [
        { from: `${directory}/tree`, to: "/" },
        { from: `${directory}/tree/usr/link`, to: "/srv/" },
        { from: `${directory}/a.TGZ`, to: "/srv" },
        { from: `${directory}/a.TGZ`, to: "/srv/", kind: "file" },
      ],
    });
    const files = format.files();
    strictEqual(files["usr/x.txt"], "x");
    strictEqual(files["srv/link"], "x");
    strictEqual(files["srv/y"], "y");
    strictEqual(files["srv/a.TGZ"].length, 2048);
    const { target } = format.tree!.root.children!.get("usr")!.children!.get("link")!;
    strictEqual(target, "x.txt");
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("convert() reports the image itself, whatever is added", async () => {
  const image = { ...BASE, digest: null };
  const digestWith = async (edits: ImageEdits) => {
    const report = await convert(image, new RecordingFormat(), new RecordingSink(), { edits });
    return [report.digest, report.layers.length];
  };
  const [digest, count] = await digestWith({});
  deepStrictEqual(await digestWith({ add: [{ from: text("x"), to: "/x" }] }), [digest, 3]);
  strictEqual(count, 2);
});

Deno.test("convert() reads an addition again for bytes that seemed dead", async () => {
  const image = imageOf([{ path: "s", type: "2", target: "dir" }]);
  const link = tarArchive([{ path: "link", type: "1", target: "s/f" }]);
  const format = await edited({
    add: [
      { from: text("first"), to: "/dir/f" },
      { from: link, to: "/", kind: "tar" },
      { from: text("second"), to: "/dir/f" },
    ],
  }, image);
  deepStrictEqual(format.files(), { "dir/f": "second", "link": "first" });
});

Deno.test("convert() makes /init and what it needs from the configuration", async () => {
  const format = await edited({ init: "from-config" }, { ...BASE, config: CONFIG });
  ok(format.files()["init"].includes("'/bin/server'"));
  const found = facts(format);
  strictEqual(found["init"], "755 0:0 50");
  for (const path of ["proc", "sys", "dev", "srv/www"]) strictEqual(found[path], "755 0:0 50");
});

Deno.test("convert() refuses additions that cannot be made", async () => {
  const config = { ...CONFIG, entrypoint: [] };
  const withConfig = { ...BASE, config: CONFIG };
  const wrong: [ImageEdits, Image, ImageErrorCode][] = [
    [{ add: [{ from: "/nowhere", to: "/a" }] }, BASE, "NOT_FOUND"],
    [{ add: [{ from: "/etc/passwd", to: "/a", kind: "directory" }] }, BASE, "NOT_FOUND"],
    [{ add: [{ from: "/etc", to: "/a", permissions: 0o755 }] }, BASE, "UNSUPPORTED"],
    [{ add: [{ from: "/dev/null", to: "/a" }] }, BASE, "NOT_FOUND"],
    [{ add: [{ from: text("x"), to: "/usr/bin" }] }, BASE, "EXISTS"],
    [{ add: [{ from: text("x"), to: "/bin" }] }, BASE, "EXISTS"],
    [{ add: [{ from: text("x"), to: "/kept/x" }] }, BASE, "CORRUPT"],
    [{ add: [{ from: text("no tar".repeat(99)), to: "/a", kind: "tar" }] }, BASE, "CORRUPT"],
    [{ init: { path: "/nowhere" } }, BASE, "NOT_FOUND"],
    [{ init: "from-config" }, BASE, "NOT_FOUND"],
    [{ init: "from-config" }, { ...BASE, config }, "NOT_FOUND"],
    [{ init: "from-config", exclude: ["sh"] }, withConfig, "NOT_FOUND"],
    [{ init: "from-config", exclude: ["env"] }, withConfig, "NOT_FOUND"],
    [
      { init: "from-config" },
      { ...imageOf([{ path: "init", body: "x" }]), config: CONFIG },
      "EXISTS",
    ],
  ];
  for (const [edits, image, code] of wrong) {
    await rejects(
      edited(edits, image),
      (error) => error instanceof ImageError && error.code === code,
      `${JSON.stringify(edits)} ${code}`,
    );
  }
});
