import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { openDigestStore } from "../../src/composefs/image/digest_store.ts";
import { composefsImage } from "../../src/composefs/image/image_writer.ts";
import { IMAGE_VERSIONS, type ImageVersion } from "../../src/composefs/image/image_version.ts";
import { ObjectReader } from "../../src/composefs/image/object_reader.ts";
import { readImage } from "../../src/composefs/image/read_image.ts";
import { fileSource } from "../../src/io/file_source.ts";
import { type ComparedTree, compareTrees } from "../../src/tree/compare.ts";
import { type FileTree, walk } from "../../src/tree/file_tree.ts";
import { withMountedComposefs } from "../composefs_mount.ts";
import { MountedTree } from "../mounted_tree.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { CaseTree, type FileFields } from "./case_tree.ts";
import { everyKind } from "./ext4_cases.ts";
import { type GeneratedContent, generatedReader } from "./generated_content.ts";
import { plainSink } from "./plain_sink.ts";
import { arbitraryStep, buildTree, type Step } from "./random_tree.ts";
import { writeTree } from "./write_tree.ts";

const NEEDS = ["root", "mount:erofs", "mount:overlay", "fsck.erofs"];

/** Writes a tree, and finds the same tree by fsck, by our reader and by the kernel. */
async function check(tree: FileTree<GeneratedContent>, version: ImageVersion): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "composefs_" });
  const [image, objects] = [`${directory}/image`, `${directory}/objects`];
  Deno.mkdirSync(objects);
  const { store, close } = openDigestStore(objects, "sha256");
  try {
    await writeTree(composefsImage({ version, store }), tree, plainSink(image));
    // Version 2 has no nanoseconds.
    if (version === 2) { for (const { inode } of walk(tree)) inode.mtimeNanoseconds = 0; }
    const expected = { tree, reader: generatedReader };
    const isSame = <C>(found: ComparedTree<C>) => {
      const differences = [...compareTrees(expected, found, { ignore: ["atime"] })];
      deepStrictEqual(differences, []);
    };
    mustRun("fsck.erofs", [image]);
    const source = fileSource(image);
    isSame({ tree: readImage(source).tree, reader: new ObjectReader(objects) });
    source.close();
    withMountedComposefs(image, objects, (mounted) => {
      using found = new MountedTree(mounted);
      isSame({ tree: found.tree, reader: found });
    });
  } finally {
    close();
    Deno.removeSync(directory, { recursive: true });
  }
}

/** The kernel shows attributes of the class user of files and directories alone. */
function withoutHiddenXattrs({ kind, metadata }: Step): FileFields {
  return kind === "file" || kind === "directory" ? metadata : { ...metadata, xattrs: {} };
}

for (const version of IMAGE_VERSIONS) {
  toolTest(
    `the kernel shows every kind of file of a composefs image ${version}`,
    NEEDS,
    async () => {
      await check(everyKind(), version);
    },
  );

  toolTest(
    `the kernel shows a large directory of a composefs image ${version}`,
    NEEDS,
    async () => {
      const tree = new CaseTree();
      for (let i = 0; i < 3000; i++) {
        tree.file(`${"n".repeat(i % 200)}${i}`, {
          size: i % 130,
          xattrs: { "user.a": `${i % 7}` },
        });
      }
      await check(tree.finish(), version);
    },
  );

  toolTest(`the kernel shows random trees of composefs images ${version}`, NEEDS, async () => {
    // Objects are read whole, holes too.
    const step = arbitraryStep.map((it) => ({
      ...it,
      tail: it.tail % 1_000_000,
      metadata: withoutHiddenXattrs(it),
    }));
    const trees = fc.array(step, { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(trees, async (steps) => await check(buildTree(steps).finish(), version)),
      { numRuns: 5 },
    );
  });
}

toolTest(
  "a composefs image with a wrong link or a lost attribute is found out",
  NEEDS,
  async () => {
    const directory = Deno.makeTempDirSync({ prefix: "composefs_" });
    try {
      const tree = everyKind();
      await writeTree(composefsImage(), tree, plainSink(`${directory}/image`));
      const source = fileSource(`${directory}/image`);
      const found = readImage(source).tree;
      source.close();
      const file = found.root.children!.get("again")!;
      strictEqual(file, found.root.children!.get("directory")!.children!.get("file"));
      file.xattrs = [];
      found.root.children!.get("block")!.deviceMinor++;
      const differences = [...compareTrees(
        { tree, reader: null },
        { tree: found, reader: null },
        { ignore: ["atime"] },
      )].map(({ what }) => what);
      deepStrictEqual(differences.sort(), ["device", "xattr"]);
      ok(differences.length > 0);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
);
