import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { CaseTree } from "../../../tests/conformance/case_tree.ts";
import { writeTree } from "../../../tests/conformance/write_tree.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import { memorySink } from "../../io/memory_sink.ts";
import { memorySource } from "../../io/memory_source.ts";
import type { ImageProblem } from "../image_reader.ts";
import { Ext4VerityContent } from "./content.ts";
import { ext4 } from "./format.ts";
import type { Ext4Options } from "./options.ts";
import { openExt4, openExt4ByTurns } from "./reader.ts";
import { verityStart } from "./verity_metadata.ts";

const BLOCK = 4096;

async function imageOf(tree: CaseTree, options: Ext4Options): Promise<Uint8Array<ArrayBuffer>> {
  const sink = memorySink();
  await writeTree(ext4(options), tree.finish(), sink);
  return Uint8Array.from(sink.bytes);
}

function problemsOf(bytes: Uint8Array): ImageProblem[] {
  const problems: ImageProblem[] = [];
  openExt4(memorySource(bytes)).check((problem) => problems.push(problem));
  return problems;
}

Deno.test("check() of files with fs-verity sees a changed byte of data, tree and descriptor", async () => {
  const tree = new CaseTree().directory("d").file("d/large", { size: 200 * BLOCK + 7 })
    .file("one", { size: 10 }).file("sparse", { size: 300 * BLOCK, data: [[BLOCK, 2 * BLOCK]] });
  const good = await imageOf(tree, { fsVerity: true });
  deepStrictEqual(problemsOf(good), []);
  const reader = openExt4(memorySource(good));
  const { content, size } = reader.tree.root.children!.get("d")!.children!.get("large")!;
  ok(content instanceof Ext4VerityContent);
  const positionOf = (logicalBlock: number) => {
    const run = content.all.runs().findLast((it) => it.logicalBlock <= logicalBlock)!;
    return (run.startBlock + logicalBlock - run.logicalBlock) * BLOCK;
  };
  const data = positionOf(0);
  // Behind the data, at a multiple of 64 KiB of the file: two levels, and the descriptor.
  const end = positionOf(verityStart(size) / BLOCK);
  const places: readonly (readonly [position: number, sign: RegExp])[] = [
    [data + 5, /block 0 of level 0/],
    [end, /block 0 of level 1/],
    [end + BLOCK + 9, /block 0 of level 0/],
    [end + 2 * BLOCK + 9, /block 1 of level 0/],
    [end + 3 * BLOCK + 0x10, /root of its tree/],
    [end + 3 * BLOCK + 1, /hash algorithm is 0/],
  ];
  for (const [position, sign] of places) {
    const bad = good.slice();
    bad[position] ^= 1;
    const problems = problemsOf(bad);
    strictEqual(problems.length, 1, `at ${position}`);
    strictEqual(problems[0].path, "d/large");
    match(problems[0].message, sign);
  }
});

Deno.test("check() believes the sums of the superblock only where it was unmounted", async () => {
  const image = await imageOf(new CaseTree(), { features: "-metadata_csum,-uninit_bg" });
  const view = new DataView(image.buffer, 1024);
  view.setUint32(0x0c, view.getUint32(0x0c, true) + 1, true); // s_free_blocks_count_lo
  match(
    problemsOf(image).map(({ message }) => message).join(),
    /^Cannot accept superblock: .*free/,
  );
  // As the kernel leaves it while it is mounted; e2fsck takes the sums of the groups then.
  view.setUint16(0x3a, 0, true); // s_state
  deepStrictEqual(problemsOf(image), []);
});

Deno.test("openExt4ByTurns() gives turns, and stops when it is told to", async () => {
  const tree = new CaseTree().directory("many");
  for (let i = 0; i < 2000; i++) tree.file(`many/${i}`);
  const image = memorySource(await imageOf(tree, { readOnly: true }));
  const stop = new AbortController();
  let readBytes = 0;
  const slow: ByteSource = {
    ...image,
    read(into, position) {
      readBytes += into.length;
      // In the middle of the inode table, longer than a turn.
      if (readBytes > 200_000 && !stop.signal.aborted) {
        stop.abort(new Error("stopped"));
        for (const end = performance.now() + 100; performance.now() < end;);
      }
      return image.read(into, position);
    },
  };
  await rejects(openExt4ByTurns(slow, undefined, stop.signal), /stopped/);
  const reader = await openExt4ByTurns(slow);
  strictEqual(reader.tree.root.children!.get("many")!.children!.size, 2000);
});

Deno.test("check() goes on behind a problem, gives turns, and stops when it is told to", async () => {
  const good = await imageOf(new CaseTree().file("a", { size: 3 }), { features: "-metadata_csum" });
  const bad = good.slice();
  const view = new DataView(bad.buffer);
  view.setUint32(1024 + 0x0c, 1, true); // s_free_blocks_count
  view.setUint32(1024 + 0x10, 2, true); // s_free_inodes_count
  strictEqual(problemsOf(bad).length, 2);
  const reader = openExt4(memorySource(bad));
  const isEnough = (error: unknown) => error === "enough";
  await rejects(async () => await reader.check(() => {}, AbortSignal.abort("enough")), isEnough);
  const problems: string[] = [];
  const { signal } = new AbortController();
  await reader.check(({ message }) => problems.push(message), signal);
  strictEqual(problems.length, 2);
});

Deno.test("check() does not depend on what became of the tree", async () => {
  const tree = new CaseTree().directory("d").directory("d/e").file("d/file", { size: 3 })
    .link("again", "d/file");
  const reader = openExt4(memorySource(await imageOf(tree, {})));
  reader.tree.root.children!.clear();
  reader.check(({ message }) => strictEqual(message, "nothing"));
});
