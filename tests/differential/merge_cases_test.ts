import { deepStrictEqual, rejects } from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { ImageError } from "../../src/image_error.ts";
import { writeLayout } from "../handmade_layout.ts";
import { toolTest } from "../tools.ts";
import { layerTar } from "./case_entries.ts";
import { convertReference, withOpenedImage } from "./converted_image.ts";
import { listTree } from "./list_tree.ts";
import type { MergeCase } from "./merge_case.ts";
import { MERGE_CASES } from "./merge_cases.ts";
import { differencesFromOracle } from "./oracle_compare.ts";
import { STORAGE_MOUNT_NEEDS, withStorageMount } from "./storage_mount.ts";
import { UMOCI_UNPACK_NEEDS, withUmociUnpacked } from "./umoci_unpack.ts";

const MTIME = 1000;
const CREATED = 1767323045; // 2026-01-02T03:04:05Z, as the hand-made layouts say

/** Makes the layout of a case and, where it can be converted, its image. */
async function withCase(
  { layers }: MergeCase,
  use: (work: { layout: string; image: string }) => Promise<void>,
): Promise<void> {
  const work = mkdtempSync(`${tmpdir()}/merge_case_`);
  const layout = `${work}/layout`;
  const image = `${work}/image.ext4`;
  try {
    const compressions = ["gzip", "none", "zstd"] as const;
    const stored = layers.map((entries, i) => ({
      tar: layerTar(entries),
      compression: compressions[i % compressions.length],
    }));
    const gzipped = stored.map(({ tar }) => ({ tar, compression: "gzip" as const }));
    writeLayout(layout, [{ tag: "ours", layers: stored }, { tag: "theirs", layers: gzipped }]);
    await use({ layout, image });
  } finally {
    rmSync(work, { recursive: true });
  }
}

for (const merge of MERGE_CASES) {
  const { name, expected, umociDiffers, overlayDiffers } = merge;

  Deno.test(`convert(): ${name}`, async () => {
    await withCase(merge, async ({ layout, image }) => {
      const converted = convertReference(`oci:${layout}:ours`, image);
      if ("error" in expected) {
        await rejects(converted, (error) => {
          deepStrictEqual(error instanceof ImageError && error.code, expected.error, `${error}`);
          return true;
        });
        deepStrictEqual(existsSync(image), false);
      } else {
        await converted;
        const lines = withOpenedImage(
          image,
          ({ tree, reader }) =>
            listTree(tree, reader, { mtimeSeconds: MTIME, createdSeconds: CREATED }),
        );
        deepStrictEqual(lines, expected);
      }
    });
  });

  if ("error" in expected) continue;

  if (umociDiffers === undefined) {
    const needs = [...UMOCI_UNPACK_NEEDS, "mount:ext4"];
    toolTest(`convert() as umoci: ${name}`, needs, async () => {
      await withCase(merge, async ({ layout, image }) => {
        await convertReference(`oci:${layout}:ours`, image);
        await withUmociUnpacked(layout, "theirs", (directory) => {
          const found = differencesFromOracle(image, directory, { createdSeconds: CREATED });
          deepStrictEqual(found, []);
        });
      });
    });
  }

  if (overlayDiffers === undefined) {
    const needs = [...STORAGE_MOUNT_NEEDS, "mount:ext4"];
    toolTest(`convert() as overlayfs: ${name}`, needs, async () => {
      await withCase(merge, async ({ layout, image }) => {
        await convertReference(`oci:${layout}:ours`, image);
        await withStorageMount(layout, "theirs", (directory) => {
          const found = differencesFromOracle(image, directory, {
            createdSeconds: CREATED,
            // Overlayfs gives merged directories a link count of 1; the root is the engine's own.
            ignore: ["linkCount"],
            ignoreRoot: true,
          });
          deepStrictEqual(found, []);
        });
      });
    });
  }
}
