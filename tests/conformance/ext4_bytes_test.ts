/**
 * The bytes of ext4 images: the same for the same input, and without what was deleted.
 *
 * @module
 */
import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { ext4, type Ext4Options } from "../../src/format/ext4/format.ts";
import { memorySink } from "../../src/io/memory_sink.ts";
import { toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { BLOCK_SIZES, everyKind } from "./ext4_cases.ts";
import { ext4Expectation } from "./ext4_expectation.ts";
import { fillData, type GeneratedContent } from "./generated_content.ts";
import { JUDGES } from "./judges.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { writeTree, type WriteTreeOptions } from "./write_tree.ts";

const MIB = 2 ** 20;

function variedTree(writesZeros: boolean): CaseTree {
  const tree = new CaseTree();
  for (let i = 0; i < 50; i++) {
    const data: [number, number][] = [[i * 5000, i * 5000 + 100 * i + 1], [900_000, 900_001 + i]];
    tree.file(`file ${i}`, { size: 1_000_000, data, writesZeros, xattrs: { "user.n": `${i}` } });
  }
  return tree;
}

async function digestOf(
  options: Ext4Options,
  tree: CaseTree,
  write?: WriteTreeOptions,
): Promise<string> {
  const sink = memorySink();
  await writeTree(ext4(options), tree.finish(), sink, write);
  return createHash("sha256").update(sink.bytes).digest("hex");
}

Deno.test("ext4 images of the same input are the same, however it is handed over", async () => {
  for (const blockSize of BLOCK_SIZES) {
    const options = { blockSize, free: { bytes: MIB } };
    const digest = await digestOf(options, variedTree(false));
    strictEqual(await digestOf(options, variedTree(false)), digest, "twice");
    strictEqual(await digestOf(options, variedTree(false), { chunkSize: 1013 }), digest, "odd");
    strictEqual(await digestOf(options, variedTree(true)), digest, "zeros for holes");
    strictEqual(
      await digestOf(options, variedTree(true), { chunkSize: 300_001 }),
      digest,
      "zeros in large pieces",
    );
    notStrictEqual(await digestOf({ ...options, label: "x" }, variedTree(false)), digest);
    notStrictEqual(await digestOf(options, variedTree(false).file("more")), digest);
  }
});

/** Every pair of 32-bit words in a row that some contents are made of, the first as the key. */
function wordPairs(contents: readonly { size: number; content: GeneratedContent }[]) {
  const pairs = new Map<number, number>();
  for (const { size, content } of contents) {
    const bytes = new Uint8Array(Math.min(size, 4096) & ~7);
    fillData(content.seed, bytes, 0);
    const words = new Uint32Array(bytes.buffer);
    for (let i = 0; i + 1 < words.length; i++) pairs.set(words[i], words[i + 1]);
  }
  return pairs;
}

/** Where an image holds one of the pairs of words, at any multiple of 4. */
function findPairs(image: Uint8Array<ArrayBuffer>, pairs: ReadonlyMap<number, number>): number[] {
  const words = new Uint32Array(image.buffer, image.byteOffset, image.length >> 2);
  const found: number[] = [];
  for (let i = 0; i + 1 < words.length; i++) {
    if (words[i] !== 0 && pairs.get(words[i]) === words[i + 1]) found.push(4 * i);
  }
  return found;
}

toolTest("ext4 images hold nothing of released contents", ["e2fsck"], async (context) => {
  for (const blockSize of BLOCK_SIZES) {
    for (const free of [0, 20 * MIB]) {
      await context.step(`blocks of ${blockSize}, ${free} bytes free`, async () => {
        const sizes = [1, 100, blockSize, blockSize + 1, 300_000, 9 * MIB, 5, 17 * blockSize];
        const released = sizes.map((size, i) => {
          return { size, content: { seed: 0x5eed + 2 * i, data: [[0, size]], writesZeros: false } };
        }) as NonNullable<WriteTreeOptions["released"]>;
        const dead = wordPairs(released);
        await withImageFile(async (image) => {
          const tree = everyKind();
          const format = ext4({ blockSize, free: { bytes: free } });
          await writeTree(format, tree, plainSink(image), { released });
          deepStrictEqual(findPairs(Deno.readFileSync(image), dead), []);
          const expected = ext4Expectation({ name: "", build: everyKind }, tree);
          for (const judge of JUDGES) {
            if (judge.name !== "kernel mount") deepStrictEqual(judge.judge(image, expected), []);
          }
        });
      });
    }
  }
});

Deno.test("findPairs() finds a content that is there", async () => {
  const sink = memorySink();
  const tree = new CaseTree().file("f", { size: 100_000 }).finish();
  await writeTree(ext4({ free: { bytes: 0 } }), tree, sink);
  const { content, size } = tree.root.children!.get("f")!;
  const found = findPairs(sink.bytes, wordPairs([{ size, content: content! }]));
  ok(found.length > 0.99 * size / 4, `${found.length} words`);
});
