import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { arbitraryStep, buildTree } from "../../tests/conformance/random_tree.ts";
import { bytesOf, utf8ByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import { dumpTree } from "./dump.ts";
import { DumpReader, type DumpReaderOptions } from "./dump_reader.ts";
import { countLinks } from "./file_tree.ts";
import { FileKind } from "./inode.ts";

const ROOT = "/ 0 40755 2 0 0 0 0.0 - - -\n";

function read(text: string, options?: DumpReaderOptions) {
  const reader = new DumpReader(options);
  reader.write(bytesOf(text));
  return reader.end();
}

function dumpOf(text: string, options?: DumpReaderOptions): string {
  return [...dumpTree(read(text, options), (content) => content)].map((line) => `${line}\n`).join(
    "",
  );
}

/** Says what `lines` behind a root are refused for. */
function refusal(lines: string, options?: DumpReaderOptions): string {
  let message = "";
  throws(() => read(ROOT + lines, options), (error) => {
    ok(error instanceof ImageError);
    message = error.message;
    return true;
  });
  return message.replace("Cannot read line 2 of dump file: ", "");
}

Deno.test("DumpReader reads every field", () => {
  const digest = "5a".repeat(32);
  const text = `/ 0 41777 3 0 0 0 0.0 - - - user.root=x
/a\\x20b 5 100644 1 1 2 0 -3.4 - h\\x00\\\\\\t\\n - trusted.a\\x3db=\\x3d\\xff user.e=
/c 0 20600 1 4294967295 4294967294 ${0x11100 * 4096 + 300 * 256 + 0x70} 5.999999999 - - -
/d 0 40755 2 0 0 0 0.0 - - -
/d/big 9007199254740991 104711 2 0 0 0 0.0 5a/${digest.slice(2)} - ${digest}
/d/dash 1 120777 1 0 0 0 0.0 \\x2d - -
/d/fifo 0 10600 1 0 0 0 0.0 - - -
/d/noverity 7 100644 1 0 0 0 0.0 some/where - -
/d/sparse 7 100644 1 0 0 0 0.0 - - -
/d/unused 0 100644 1 0 0 0 0.0 - - ${digest}
/e 0 @120000 - - - - 0.0 /d/big - -
`;
  strictEqual(dumpOf(text), text);
  const { root } = read(text);
  const device = root.children!.get("c")!;
  deepStrictEqual([device.deviceMajor, device.deviceMinor], [300, 0x11170]);
  strictEqual(root.children!.get("e"), root.children!.get("d")!.children!.get("big"));
  strictEqual(root.children!.get("d")!.children!.get("sparse")!.content, null);
  deepStrictEqual(root.children!.get("a b")!.content, { bytes: bytesOf("h\0\\\t\n") });
});

Deno.test("DumpReader and dumpTree() are each other's inverse for any tree and any pieces", () => {
  const arbitrary = fc.array(arbitraryStep, { maxLength: 12 });
  fc.assert(
    fc.property(arbitrary, fc.integer({ min: 1, max: 5000 }), (steps, pieceSize) => {
      const { tree } = buildTree(steps);
      countLinks(tree);
      const text = [
        ...dumpTree(
          tree,
          (_, size) =>
            size < 300
              ? { bytes: new Uint8Array(size).fill(size) }
              : { payload: utf8ByteString("ä "), digest: "0f".repeat(size % 2 === 0 ? 32 : 64) },
        ),
      ]
        .map((line) => `${line}\n`).join("");
      const reader = new DumpReader();
      const bytes = bytesOf(text);
      for (let at = 0; at < bytes.length; at += pieceSize) {
        reader.write(bytes.subarray(at, at + pieceSize));
      }
      const back = [...dumpTree(reader.end(), (content) => content)].map((line) => `${line}\n`);
      strictEqual(back.join(""), text);
    }),
    { numRuns: 30 },
  );
});

Deno.test("DumpReader takes what the C tools take, and refuses it when strict", () => {
  const strict = { isStrict: true };
  const loose: readonly (readonly [lines: string, strictly: string])[] = [
    ["/a 0 100644 1 0 0 5 0.0 - - -\n", "RDEV"],
    ["/a 0 100644 1 0 0 0 -1.0 - - -\n", "MTIME"],
    ["/a 0 100644 1 0 0 0 0.0 - - - \n", "attribute"],
    ["/a 0 100644 1 0 0 0 0.0 - - - user.a=1 user.a=2\n", "twice"],
    ["/a 0 100644 1 0 0 0 0.0 - - -", "the file ends"],
    ["/a 5 120777 1 0 0 0 0.0 x - -\n", "SIZE"],
    ["//a 0 100644 1 0 0 0 0.0 - - -\n", "PATH"],
    ["a 0 100644 1 0 0 0 0.0 - - -\n", "PATH"],
    [`/a 600 100644 1 0 0 0 0.0 - ${"x".repeat(600)} -\n`, "CONTENT"],
    [`/a 1025 120777 1 0 0 0 0.0 ${"x".repeat(1025)} - -\n`, "target"],
    ["/a 0 @120000 - - - - 0.0 /b\n/b 0 100644 2 0 0 0 0.0 - - -\n", "it has 9 fields"],
    ["/a 0 @0 - - - - 0.0 /b - -\n/b 0 100644 2 0 0 0 0.0 - - -\n", "which is not there"],
  ];
  for (const [lines, strictly] of loose) {
    strictEqual(read(ROOT + lines).root.children!.size > 0, true);
    ok(refusal(lines, strict).includes(strictly), refusal(lines, strict));
  }
  const whiteout = "/a 0 20644 2 0 0 0 0.0 - - -\n/b 0 @0 - - - - 0.0 /a - -\n";
  ok(refusal(whiteout, strict).includes("no whiteout"));
  strictEqual(read(ROOT + whiteout).root.children!.size, 2);
  // The last value of a name counts, a link count is believed, times before 1970 have no sign.
  const file = read(
    `${ROOT}/a 0 100644 7 0 0 0 18446744073709551615.0 - - - user.a=1 user.a=2\n`,
  ).root.children!.get("a")!;
  deepStrictEqual(file.xattrs, [{ name: "user.a", value: bytesOf("2") }]);
  deepStrictEqual([file.linkCount, file.mtimeSeconds], [7, -1]);
  strictEqual(
    read(`${ROOT}/a 0 100644 7 0 0 0 0.0 - - -\n`, strict).root.children!.get("a")!
      .linkCount,
    1,
  );
});

Deno.test("DumpReader resolves links by way of links, in any order", () => {
  const link = (name: string, target: string) => `/${name} 0 @0 - - - - 0.0 /${target} - -\n`;
  const count = 2000;
  let lines = "";
  for (let i = 0; i < count; i++) lines += link(`l${i}`, `l${i + 1}`);
  const { root } = read(`${ROOT}${lines}/l${count} 0 10644 1 0 0 0 0.0 - - -\n`);
  strictEqual(new Set(root.children!.values()).size, 1);
  strictEqual(root.children!.get("l0")!.kind, FileKind.fifo);
  for (const bad of [lines, link("a", "a"), link("a", "b") + link("b", "a")]) {
    ok(refusal(bad).includes("which is not there"), bad.slice(0, 100));
  }
});

Deno.test("DumpReader refuses what is wrong, and names the line", () => {
  const line = (change: Partial<Record<number, string>>) => {
    const fields = "/a 0 100644 1 0 0 0 0.0 - - -".split(" ");
    for (const [field, text] of Object.entries(change)) fields[Number(field)] = text!;
    return `${fields.join(" ")}\n`;
  };
  const cases: readonly (readonly [lines: string, message: string])[] = [
    ["\n", "it has 1 fields, expected at least 11"],
    ["/a 0 100644 1 0 0 0 0.0 - -\n", "it has 10 fields, expected at least 11"],
    [line({ 0: "-" }), 'PATH is "-", expected a path'],
    [line({ 0: "/" }), "it is a second root, expected one"],
    [line({ 0: "/a\\x00" }), 'PATH is "/a\\x00", expected no NUL in it'],
    [
      line({ 0: "/a\\q" }),
      'PATH is "/a\\q", expected only the escapes \\\\, \\n, \\r, \\t and \\xHH',
    ],
    [
      line({ 0: "/a\\" }),
      'PATH is "/a\\", expected only the escapes \\\\, \\n, \\r, \\t and \\xHH',
    ],
    [
      line({ 0: "/a/.." }),
      'the last part of "/a/.." has 2 bytes, expected a name of 1 to 255 bytes that is not "." or ".."',
    ],
    [
      line({ 0: `/${"n".repeat(256)}` }),
      `the last part of "/${"n".repeat(256)}" has 256 bytes, ` +
      'expected a name of 1 to 255 bytes that is not "." or ".."',
    ],
    [
      line({ 0: "/no/a" }),
      '"/no/a" is in no directory of a line before, expected directories before what is in them',
    ],
    [line({ 1: "-1" }), 'SIZE is "-1", expected a number from 0 to 9007199254740991'],
    [line({ 1: "9007199254740992" }), /^SIZE is "9007199254740992"/.source],
    [line({ 2: "644" }), 'MODE is "644", expected octal digits with the type of a file'],
    [line({ 2: "1100644" }), 'MODE is "1100644", expected octal digits with the type of a file'],
    [line({ 2: "@40755" }), 'PAYLOAD is "-", expected the path of another line'],
    [line({ 4: "4294967296" }), 'UID is "4294967296", expected a number from 0 to 4294967295'],
    [line({ 7: "1" }), 'MTIME is "1", expected SECONDS.NANOSECONDS'],
    [line({ 7: "0.1000000000" }), /^MTIME is "0.1000000000"/.source],
    [line({ 7: "9223372036854775808.0" }), /^MTIME is "9223372036854775808.0"/.source],
    [line({ 9: "x" }), "CONTENT has 1 bytes and SIZE is 0, expected both alike and at most 5000"],
    [line({ 2: "10644", 9: "x" }), 'CONTENT is "x", expected "-" here'],
    [line({ 2: "40755", 10: "5a".repeat(32) }), /^DIGEST is "5a5a/.source],
    [line({ 10: "5a5a" }), 'DIGEST is "5a5a", expected 64 or 128 hexadecimal digits'],
    [line({ 10: "- user.a" }), 'attribute is "user.a", expected NAME=VALUE'],
    [line({ 10: "- =b" }), 'attribute is "=b", expected NAME=VALUE'],
    [
      line({ 10: `- ${"n".repeat(256)}=` }),
      `attribute "${
        "n".repeat(80)
      }" has 256 bytes of name and 0 of value, expected at most 255 and 65535`,
    ],
    [line({ 2: "120777" }), "the target of the symbolic link has 0 bytes, expected 1 to 4095"],
    [line({ 2: "@0", 8: "/" }), 'the link names "/", expected no directory'],
  ];
  for (const [lines, message] of cases) {
    const found = refusal(lines);
    if (message.startsWith("^")) ok(new RegExp(message).test(found), found);
    else strictEqual(found, message);
  }
  ok(refusal(line({}) + line({})).includes('line 3 of dump file: "/a" stands twice'));
  throws(() => read(""), /line 1 of dump file: there is none, expected the root directory/);
  throws(() => read(line({ 0: "/" })), /the root is no directory/);
  throws(() => {
    const reader = new DumpReader();
    for (let i = 0; i < 20; i++) reader.write(new Uint8Array(100_000).fill(0x78));
  }, (error) => error instanceof ImageError && error.code === "LIMIT_EXCEEDED");
});

Deno.test("DumpReader meets mutated dumps with ImageErrors only", () => {
  const text = bytesOf(
    `${ROOT}/d 0 40755 2 0 0 0 0.0 - - - user.a=b\\x20\n/d/f 3 100644 2 0 0 0 0.0 - abc -\n` +
      `/l 0 @120000 - - - - 0.0 /d/f - -\n/s 1 120777 1 0 0 0 0.5 x - -\n`,
  );
  const change = fc.tuple(
    fc.nat({ max: text.length - 1 }),
    fc.constantFrom(...bytesOf("/ -@\\x09=\n\0")),
  );
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const mutated = text.slice();
      for (const [at, byte] of changes) mutated[at] = byte;
      const reader = new DumpReader();
      try {
        reader.write(mutated);
        const first = [...dumpTree(reader.end(), (content) => content)].join("\n");
        strictEqual(dumpOf(`${first}\n`), `${first}\n`);
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
      }
    }),
    { numRuns: 500 },
  );
});
