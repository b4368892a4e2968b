/**
 * Chains of overlay layers that the kernel made, converted: the image has what the kernel shows of
 * them, path by path.
 */
import fc from "fast-check";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { compareTrees, formatDifference } from "../../src/tree/compare.ts";
import { walk } from "../../src/tree/file_tree.ts";
import { AT_FDCWD, cString, openLibc } from "../libc.ts";
import { MountedTree } from "../mounted_tree.ts";
import { OverlayStore } from "../overlay_store.ts";
import { mustRun, runTool } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { withConverted, withOpenedImage } from "./converted_image.ts";

const NEEDS = ["root", "mount:overlay", "setfattr", "setcap"];

/** Runs shell commands in a directory. */
function inShell(script: string): (directory: string) => void {
  return (cwd) => {
    const { status, stderr } = runTool("bash", ["-euc", script], { cwd });
    strictEqual(status, 0, stderr);
  };
}

/** A socket that nobody listens to. */
function makeSocket(path: string): void {
  const libc = openLibc();
  const made = libc.symbols.mknodat(AT_FDCWD, cString(path), 0o140755, 0n);
  libc.close();
  strictEqual(made, 0);
}

/** What a random change does, with two of a few paths. */
type Operation = readonly [
  kind: "write" | "mkdir" | "remove" | "rename" | "chmod" | "link" | "symlink" | "mark",
  path: string,
  other: string,
];

const PATH = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 })
  .map((names) => names.join("/"));
const OPERATION: fc.Arbitrary<Operation> = fc.tuple(
  fc.constantFrom(
    "write",
    "mkdir",
    "mkdir",
    "remove",
    "rename",
    "rename",
    "chmod",
    "link",
    "symlink",
    "mark",
  ),
  PATH,
  PATH,
);

/** Does what can be done; a path that is not there, or is there, is part of the game. */
function apply(directory: string, operations: readonly Operation[]): void {
  operations.forEach(([kind, path, other], i) => {
    const place = `${directory}/${path}`;
    const second = `${directory}/${other}`;
    try {
      if (kind === "write") writeFileSync(place, `${path} ${i}`);
      else if (kind === "mkdir") mkdirSync(place, { recursive: true });
      else if (kind === "remove") rmSync(place, { recursive: true });
      else if (kind === "rename") renameSync(place, second);
      else if (kind === "chmod") chmodSync(place, 0o700 + i % 8);
      else if (kind === "link") linkSync(place, second);
      else if (kind === "symlink") symlinkSync(other, place);
      else runTool("setfattr", ["-h", "-n", "trusted.note", "-v", `${i}`, place]);
    } catch (error) {
      if (typeof (error as { code?: unknown }).code !== "string") throw error;
    }
  });
}

/** Differences between what the kernel shows of a store and its image; the access time is the host's. */
async function differences(store: OverlayStore, reference = `overlay2:${store.top}`) {
  return await withConverted(
    reference,
    ({ path }) =>
      withOpenedImage(path, ({ tree, reader }) =>
        store.view((directory) => {
          using mounted = new MountedTree(directory);
          const names = [...walk(mounted.tree)];
          const found = [...compareTrees(
            { tree: mounted.tree, reader: mounted },
            { tree, reader },
            { ignore: ["atime", "linkCount"] },
          )];
          return { names: names.map((entry) => entry.path), found: found.map(formatDifference) };
        })),
  );
}

const BASE = `
mkdir -p a/b/c d/e plain gone kept opaque swap/inner
for i in 1 2 3; do echo "a$i" > a/b/f$i; echo "c$i" > a/b/c/f$i; done
echo old > opaque/old; mkdir opaque/olddir; echo x > opaque/olddir/x
echo gone > gone/file; echo file > plain/file; echo keep > kept/file; chmod 4755 kept/file
ln plain/file plain/link1; ln plain/file kept/link2
ln -s ../nowhere plain/symlink
mknod plain/null c 1 3; mknod plain/disk b 7 200; mkfifo plain/fifo
head -c 300000 /dev/urandom > a/big
truncate -s 5M a/sparse; echo data | dd of=a/sparse bs=1 seek=1000000 conv=notrunc status=none
setfattr -n user.note -v text plain/file; setfattr -n trusted.note -v text kept
cp /bin/true kept/true; setcap cap_net_raw+ep kept/true
echo swap > swap/file; echo swap > swapfile; touch -d '1999-12-31 23:59:59.123456789' d/e
touch "$(printf 'n\\377me')"; echo x > d/e/z
`;

const CHANGES = [
  `
rm -r gone; rm plain/link1; rm -r opaque; mkdir opaque; echo new > opaque/new
mv a renamed; echo more > renamed/b/more; rm renamed/b/f1
chmod 600 kept/file; chown 5:6 renamed/big; setfattr -n user.late -v y plain/null || true
rm -r swap; echo file > swap; rm swapfile; mkdir swapfile; echo dir > swapfile/in
mkdir nested; setfattr -n trusted.overlay.opaque -v y nested; setfattr -n trusted.overlay.x -v 1 kept/true
touch -d '2001-02-03 04:05:06.7' d
`,
  `
mv renamed/b top; mkdir renamed/b; echo fresh > renamed/b/fresh
mv renamed/big top/moved; chmod 640 top/moved
mv d/e renamed/e; ln kept/file kept/again; rm opaque/new
rm top/c/f2; echo three >> top/c/f3
`,
  `
mv top renamed/deep; mv renamed again; mv again/deep/c again/deep/cc; touch again/deep/moved
chmod 700 again/deep/cc; rm -r kept; mkdir -p kept/x; mv again/e e
mv again/sparse sparse; chmod 444 sparse
`,
  // A new directory at the old place of a renamed one, in layers above the renaming.
  "mkdir -p d/e a; echo new > d/e/fresh; echo new > a/fresh",
  "touch last",
];

toolTest(
  "an overlay2 chain becomes what the kernel shows, after each of its layers",
  NEEDS,
  async () => {
    using store = new OverlayStore();
    const markers: string[] = [];
    for (const change of [BASE, ...CHANGES]) {
      store.changeLayer((directory) => {
        inShell(change)(directory);
        if (change === BASE) makeSocket(`${directory}/plain/socket`);
      });
      const { names, found } = await differences(store);
      deepStrictEqual(found, []);
      ok(names.includes("plain/socket"));
      ok(names.length > 20, `only ${names.length} names were compared`);
      markers.push(mustRun("getfattr", ["-Rhd", "-m", "trusted.overlay", `${store.top}/diff`]));
    }
    // The kernel has really used what this is a test of.
    for (const marker of ["redirect=", "metacopy", "opaque=", "origin=", "overlay.opaque="]) {
      ok(markers.join("").includes(`trusted.overlay.${marker}`), marker);
    }
  },
);

toolTest("random changes of a mounted overlay become what the kernel shows", NEEDS, async () => {
  const layer = fc.array(OPERATION, { minLength: 4, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(layer, { minLength: 3, maxLength: 5 }), async (layers) => {
      using store = new OverlayStore();
      for (const operations of layers) {
        store.changeLayer((directory) => apply(directory, operations));
      }
      deepStrictEqual((await differences(store)).found, []);
    }),
    { numRuns: 12 },
  );
});

toolTest("whiteouts that are attributes are whiteouts", NEEDS, async () => {
  using store = new OverlayStore();
  inShell("mkdir d; echo 1 > d/gone; echo 2 > d/kept; mkdir d/dir; echo 3 > d/dir/x")(
    store.addLayer(),
  );
  const mark = `
mkdir d; setfattr -n trusted.overlay.opaque -v x d
touch d/gone d/dir; setfattr -n trusted.overlay.whiteout -v y d/gone
setfattr -n trusted.overlay.whiteout -v y d/dir
`;
  inShell(mark)(store.addLayer());
  // The kernel takes them in lower layers alone.
  store.addLayer();
  const { names, found } = await differences(store);
  deepStrictEqual([names, found], [["", "d", "d/kept"], []]);
});

toolTest(
  "markers of overlays of users mean the same, and are not in the image",
  NEEDS,
  async () => {
    using store = new OverlayStore("userxattr");
    inShell("mkdir d e; echo 1 > d/old; echo 2 > e/old; echo 3 > file")(store.addLayer());
    const mark = `
mkdir d e; setfattr -n user.overlay.opaque -v y d; echo new > d/new; echo new > e/new
setfattr -n user.overlay.origin -v x d; setfattr -n user.overlay.impure -v y .
setfattr -n user.overlay.overlay.opaque -v y e; mknod file c 0 0
`;
    inShell(mark)(store.addLayer());
    const { names, found } = await differences(store);
    deepStrictEqual([names, found], [["", "d", "d/new", "e", "e/new", "e/old"], []]);
  },
);

toolTest("a redirection goes on below an opaque directory on its way", NEEDS, async () => {
  using store = new OverlayStore();
  inShell("mkdir -p z x/y x/other; echo 1 > z/file; echo 2 > x/y/hidden; echo 3 > x/other/no")(
    store.addLayer(),
  );
  const middle = `
mkdir -p x/y x/other; setfattr -n trusted.overlay.opaque -v y x
setfattr -n trusted.overlay.redirect -v /z x/y
`;
  inShell(middle)(store.addLayer());
  const top = `
mkdir t u; setfattr -n trusted.overlay.redirect -v /x/y t
setfattr -n trusted.overlay.redirect -v /x/other u
`;
  inShell(top)(store.addLayer());
  const { names, found } = await differences(store);
  // One file that is seen at several places is not one with several names.
  deepStrictEqual(found.filter((line) => !line.includes(": link: ")), []);
  ok(names.includes("t/file") && !names.includes("t/hidden") && !names.includes("u/no"));
});
