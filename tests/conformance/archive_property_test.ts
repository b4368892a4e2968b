/**
 * Random trees as archives: read back equal, and the same bytes each time.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { cpio } from "../../src/format/cpio/format.ts";
import { openCpio } from "../../src/format/cpio/reader.ts";
import type { ImageFormat } from "../../src/format/image_format.ts";
import { tar } from "../../src/format/tar/format.ts";
import { memorySink } from "../../src/io/memory_sink.ts";
import { memorySource } from "../../src/io/memory_source.ts";
import type { FileTree } from "../../src/tree/file_tree.ts";
import { takeOutCpioLosses } from "./archive_cases.ts";
import { parsedTar } from "./archive_judges.ts";
import { complaintsAbout } from "./image_judges.ts";
import type { GeneratedContent } from "./generated_content.ts";
import { arbitraryStep, buildTree, type Step } from "./random_tree.ts";
import { writeTree } from "./write_tree.ts";

const steps = fc.array(arbitraryStep, { maxLength: 40, size: "max" });

/** No file is so large that its zeros take long, and links have the permissions that Linux gives. */
const treeOf = (some: Step[]) =>
  buildTree(
    some.map((step) => ({
      ...step,
      tail: step.tail % 100_000,
      metadata: step.kind === "symlink" ? { ...step.metadata, permissions: 0o777 } : step.metadata,
    })),
  ).finish();

async function written<C>(
  format: ImageFormat<C>,
  tree: FileTree<GeneratedContent>,
  chunkSize: number,
): Promise<Uint8Array> {
  const sink = memorySink();
  await writeTree(format, tree, sink, { chunkSize });
  return sink.bytes;
}

for (const sparse of [false, true]) {
  Deno.test(`tars of random trees, sparse ${sparse}, read back equal`, async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (some) => {
        const tree = treeOf(some);
        const archive = await written(tar({ sparse }), tree, 65536);
        deepStrictEqual(complaintsAbout(tree, parsedTar(archive, true), ["atime"]), []);
        deepStrictEqual(await written(tar({ sparse }), treeOf(some), 999), archive);
      }),
      { numRuns: 60 },
    );
  });
}

Deno.test("cpio archives of random trees read back equal", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (some) => {
      const tree = treeOf(some);
      const archive = await written(cpio({ onLoss: "report" }), tree, 65536);
      deepStrictEqual(await written(cpio({ onLoss: "report" }), treeOf(some), 999), archive);
      takeOutCpioLosses(tree);
      const reader = await openCpio(memorySource(archive), () => {});
      deepStrictEqual(complaintsAbout(tree, { tree: reader.tree, reader }, ["atime"]), []);
    }),
    { numRuns: 60 },
  );
});
