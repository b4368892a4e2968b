/**
 * Directories of this machine as images: the image has exactly what the directory has.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { type ComparedTree, compareTrees, formatDifference } from "../../src/tree/compare.ts";
import { type FileTree, walk } from "../../src/tree/file_tree.ts";
import { FileKind } from "../../src/tree/inode.ts";
import { everyKind } from "../conformance/ext4_cases.ts";
import { type GeneratedContent, generatedReader } from "../conformance/generated_content.ts";
import { materialize } from "../conformance/materialize.ts";
import { arbitraryStep, buildTree } from "../conformance/random_tree.ts";
import { unmount } from "../loop_mount.ts";
import { MountedTree } from "../mounted_tree.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { withConverted, withOpenedImage } from "./converted_image.ts";

/** Reading changes the access times of the host, so they are not in the image. */
const IGNORED = { ignore: ["atime"] } as const;

async function withDirectory(use: (path: string) => void | Promise<void>): Promise<void> {
  const path = Deno.makeTempDirSync({ prefix: "directory_test_" });
  try {
    await use(path);
  } finally {
    rmSync(path, { recursive: true });
  }
}

/** What differs between a tree and the image of `reference`. */
async function differences<C>(reference: string, expected: ComparedTree<C>): Promise<string[]> {
  return await withConverted(
    reference,
    ({ path }) =>
      withOpenedImage(
        path,
        ({ tree, reader }) =>
          [...compareTrees(expected, { tree, reader }, IGNORED)].map(formatDifference),
      ),
  );
}

async function sha256Of(reference: string): Promise<string> {
  return await withConverted(
    reference,
    ({ path }) => createHash("sha256").update(readFileSync(path)).digest("hex"),
  );
}

toolTest("dir: has files of every kind with everything they have", ["root"], async () => {
  await withDirectory(async (directory) => {
    materialize(everyKind(), directory);
    using mounted = new MountedTree(directory);
    ok([...walk(mounted.tree)].some(({ inode }) => inode.kind === FileKind.socket));
    deepStrictEqual(
      await differences(`dir:${directory}`, { tree: mounted.tree, reader: mounted }),
      [],
    );
  });
});

/** Leaves out what the kernel does not let a file have. */
function makePossible(tree: FileTree<GeneratedContent>): void {
  for (const { inode } of walk(tree)) {
    if (inode.kind === FileKind.regular || inode.kind === FileKind.directory) continue;
    if (inode.kind === FileKind.symlink) inode.permissions = 0o777;
    inode.xattrs = inode.xattrs.filter(({ name }) => !name.startsWith("user."));
  }
}

toolTest("random trees are the same as files, as image and read back", ["root"], async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryStep, { maxLength: 40 }), async (steps) => {
      const tree = buildTree(steps).finish();
      fc.pre([...walk(tree)].every(({ path }) => path.length < 3900));
      makePossible(tree);
      await withDirectory(async (directory) => {
        materialize(tree, directory);
        deepStrictEqual(
          await differences(`dir:${directory}`, { tree, reader: generatedReader }),
          [],
        );
      });
    }),
    { numRuns: 15 },
  );
});

toolTest(
  "equal directories give equal images, wherever and whenever they are read",
  ["root"],
  async () => {
    await withDirectory(async (work) => {
      mkdirSync(`${work}/one`);
      materialize(everyKind(), `${work}/one`);
      mustRun("cp", ["-a", "--sparse=always", `${work}/one`, `${work}/two`]);
      const first = await sha256Of(`dir:${work}/one`);
      strictEqual(await sha256Of(`dir:${work}/one`), first);
      strictEqual(await sha256Of(`dir:${work}/two`), first);
      writeFileSync(`${work}/two/another`, "");
      ok(await sha256Of(`dir:${work}/two`) !== first);
    });
  },
);

toolTest("dir: stays on one filesystem where it is asked to", ["root", "mount"], async () => {
  await withDirectory(async (work) => {
    mkdirSync(`${work}/root/mnt`, { recursive: true });
    mustRun("mount", ["-t", "tmpfs", "-o", "mode=0711", "none", `${work}/root/mnt`]);
    try {
      writeFileSync(`${work}/root/mnt/file`, "x");
      for (const oneFileSystem of [false, true]) {
        await withConverted(`dir:${work}/root`, ({ path }) =>
          withOpenedImage(path, ({ tree }) => {
            const found = [...walk(tree)].map((entry) => entry.path);
            deepStrictEqual(found, oneFileSystem ? ["", "mnt"] : ["", "mnt", "mnt/file"]);
            strictEqual(tree.root.children!.get("mnt")!.permissions, 0o711);
          }), { open: { oneFileSystem } });
      }
    } finally {
      unmount(`${work}/root/mnt`);
    }
  });
});

toolTest(
  "labels of this machine are left out, unless asked for",
  ["root", "setfattr"],
  async () => {
    await withDirectory(async (work) => {
      writeFileSync(`${work}/file`, "x");
      for (const attribute of ["security.selinux", "user.kept"]) {
        mustRun("setfattr", ["-n", attribute, "-v", "value", `${work}/file`]);
      }
      for (const keepHostLabels of [false, true]) {
        await withConverted(`dir:${work}`, ({ path }) =>
          withOpenedImage(path, ({ tree }) => {
            const names = tree.root.children!.get("file")!.xattrs.map(({ name }) => name);
            const labels = keepHostLabels ? ["security.selinux"] : [];
            deepStrictEqual(names, [...labels, "user.kept"]);
          }), { open: { keepHostLabels } });
      }
    });
  },
);
