import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { arbitraryStep, buildTree } from "../../../tests/conformance/random_tree.ts";
import { mustRun } from "../../../tests/run_tool.ts";
import { toolTest } from "../../../tests/tools.ts";
import { bytesOf } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { memorySink } from "../../io/memory_sink.ts";
import { memorySource } from "../../io/memory_source.ts";
import { dumpTree } from "../../tree/dump.ts";
import { DumpReader } from "../../tree/dump_reader.ts";
import { countLinks, type FileTree } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import { type ImageContent, objectContent } from "./content.ts";
import { IMAGE_VERSIONS, type ImageVersion } from "./image_version.ts";
import { readImage } from "./read_image.ts";
import { writeImage } from "./write_image.ts";

const VECTORS = new URL("../../../testdata/composefs/", import.meta.url);

function imageOf(tree: FileTree<ImageContent>, version: ImageVersion): Uint8Array<ArrayBuffer> {
  const sink = memorySink();
  const output = sink.open();
  writeImage(tree, output, { version });
  output.commit();
  return sink.bytes;
}

function treeOf(dump: Uint8Array): FileTree<ImageContent> {
  const reader = new DumpReader();
  reader.write(dump);
  return reader.end();
}

function dumpOf(tree: FileTree<ImageContent>): string {
  return [...dumpTree(tree, (content) => content)].join("\n");
}

function read(bytes: Uint8Array) {
  return readImage(memorySource(bytes));
}

/** In version 1, a mark of a directory with whiteouts takes the place of an attribute of it. */
function withoutReplaced(name: string, version: ImageVersion, dump: string): string {
  if (name !== "random-06.dump" || version !== 1) return dump;
  return dump.replace(" trusted.overlay.opaque=hello\\x20world", "");
}

Deno.test("readImage() gives back the trees of all vectors", async (context) => {
  const names = [...Deno.readDirSync(VECTORS)].map(({ name }) => name)
    .filter((name) => name.endsWith(".dump")).sort();
  for (const name of names) {
    for (const version of [0, 1] as const) {
      await context.step(`${name} ${version}`, () => {
        const tree = treeOf(Deno.readFileSync(new URL(name, VECTORS)));
        const image = imageOf(tree, version);
        const found = read(image);
        strictEqual(found.version, version);
        strictEqual(found.size, image.length);
        strictEqual(dumpOf(found.tree), withoutReplaced(name, version, dumpOf(tree)));
        deepStrictEqual(imageOf(found.tree, version), image);
      });
    }
  }
});

/** A random tree with contents of all kinds and with whiteouts. */
const arbitraryTree = fc.tuple(
  fc.array(arbitraryStep, { maxLength: 14 }),
  fc.array(fc.nat(), { maxLength: 3 }),
).map(([steps, whiteouts]) => {
  const { tree } = buildTree(steps) as unknown as { tree: FileTree<ImageContent> };
  const directories = [tree.root];
  for (const directory of directories) {
    for (const child of directory.children!.values()) {
      if (child.kind === FileKind.directory) directories.push(child);
      if (child.kind === FileKind.regular) child.content = contentFor(child.size);
    }
  }
  for (const seed of whiteouts) {
    const whiteout = new Inode<ImageContent>(FileKind.characterDevice, seed % 0o7777);
    directories[seed % directories.length].children!.set(`deleted ${seed}`, whiteout);
  }
  countLinks(tree);
  return tree;
});

function contentFor(size: number): ImageContent | null {
  if (size === 0) return null;
  if (size <= 512) return { bytes: new Uint8Array(size).fill(size) };
  const kinds = [
    objectContent("5a".repeat(32)),
    objectContent(size.toString(16).padStart(128, "0")),
    { payload: `at/${size}` },
    null,
  ];
  return kinds[size % kinds.length];
}

Deno.test("readImage() gives back any tree in any version", () => {
  fc.assert(
    fc.property(arbitraryTree, fc.constantFrom(...IMAGE_VERSIONS), (tree, version) => {
      const image = imageOf(tree, version);
      const found = read(image);
      // Version 2 has no nanoseconds.
      const expected = version === 2
        ? dumpOf(tree).replaceAll(/^((?:[^ ]+ ){7}-?\d+)\.\d+/gm, "$1.0")
        : dumpOf(tree);
      strictEqual(dumpOf(found.tree), expected);
      deepStrictEqual(imageOf(found.tree, version), image);
    }),
    { numRuns: 60 },
  );
});

Deno.test("readImage() reads an image of more pages than it keeps", () => {
  const lines = ["/ 0 40755 102 0 0 0 0.0 - - -"];
  for (let i = 0; i < 40_000; i++) {
    if (i % 400 === 0) lines.push(`/d${i} 0 40755 2 0 0 0 0.0 - - -`);
    const digest = i.toString(16).padStart(64, "5a");
    const path = `${digest.slice(0, 2)}/${digest.slice(2)}`;
    const directory = `/d${i - i % 400}`;
    const xattr = `user.${i % 7}=${"v".repeat(i % 61)}${i}`;
    lines.push(`${directory}/f${i} 5000 100644 1 0 0 0 ${i}.0 ${path} - ${digest} ${xattr}`);
  }
  const tree = treeOf(bytesOf(lines.join("\n") + "\n"));
  const image = imageOf(tree, 1);
  ok(image.length > 128 * 65536);
  strictEqual(dumpOf(read(image).tree), dumpOf(tree));
});

Deno.test("readImage() meets mutated images with ImageErrors only", () => {
  const dump = Deno.readFileSync(new URL("random-15.dump", VECTORS));
  const images = IMAGE_VERSIONS.map((version) =>
    imageOf(treeOf(version === 2 ? bytesOf(SMALL) : dump), version)
  );
  const change = fc.tuple(fc.nat(), fc.constantFrom(0, 1, 2, 4, 0x7f, 0x80, 0xff));
  fc.assert(
    fc.property(
      fc.constantFrom(...images),
      fc.array(change, { minLength: 1, maxLength: 6 }),
      (image, changes) => {
        const mutated = image.slice();
        for (const [at, byte] of changes) mutated[at % mutated.length] = byte;
        try {
          dumpOf(read(mutated).tree);
        } catch (error) {
          if (!(error instanceof ImageError)) throw error;
        }
      },
    ),
    { numRuns: 1500 },
  );
});

const SMALL = `/ 0 40755 3 0 0 0 1.0 - - -
/d 0 40755 2 0 0 0 1.0 - - - user.a=b
/d/deleted 0 20644 1 0 0 0 1.0 - - -
/f 5000 100644 2 0 0 0 1.0 5a/${"5a".repeat(31)} - ${"5a".repeat(32)}
/fg 3 100644 1 0 0 0 1.0 - abc -
/g 0 @120000 - - - - 0.0 /f - -
/s 6 120777 1 0 0 0 1.0 target - -
`;

toolTest("fsck.erofs accepts the images of all vectors", ["fsck.erofs"], () => {
  const directory = Deno.makeTempDirSync();
  try {
    for (const { name } of Deno.readDirSync(VECTORS)) {
      if (!name.endsWith(".dump")) continue;
      for (const version of [0, 1] as const) {
        const tree = treeOf(Deno.readFileSync(new URL(name, VECTORS)));
        Deno.writeFileSync(`${directory}/image`, imageOf(tree, version));
        mustRun("fsck.erofs", [`${directory}/image`]);
      }
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
