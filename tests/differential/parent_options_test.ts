import { deepStrictEqual, notDeepStrictEqual } from "node:assert/strict";
import { rmSync } from "node:fs";
import { writeLayout } from "../handmade_layout.ts";
import { toolTest } from "../tools.ts";
import { directory, file, layerTar, symlink } from "./case_entries.ts";
import { convertReference } from "./converted_image.ts";
import { differencesFromOracle } from "./oracle_compare.ts";
import { STORAGE_MOUNT_NEEDS, withStorageMount } from "./storage_mount.ts";
import { UMOCI_UNPACK_NEEDS, withUmociUnpacked } from "./umoci_unpack.ts";

const BASE = [
  directory("."),
  directory("usr"),
  directory("usr/lib"),
  file("usr/lib/old", "1"),
  directory("opt"),
  symlink("lib", "usr/lib"),
  symlink("lib64", "/lib"),
  symlink("dangling", "nowhere"),
  symlink("to-file", "usr/lib/old"),
];

async function withLayout(
  layers: Parameters<typeof layerTar>[0][],
  use: (layout: string, image: string) => Promise<void>,
): Promise<void> {
  const work = Deno.makeTempDirSync({ prefix: "parent_options_" });
  try {
    const stored = layers.map((entries) => ({ tar: layerTar(entries) }));
    writeLayout(`${work}/layout`, [{ tag: "image", layers: stored }]);
    await use(`${work}/layout`, `${work}/image.ext4`);
  } finally {
    rmSync(work, { recursive: true });
  }
}

toolTest(
  "convert() with keepDirlinks makes what umoci --keep-dirlinks makes",
  [...UMOCI_UNPACK_NEEDS, "mount:ext4"],
  async () => {
    const top = [
      directory("lib"),
      file("lib/x", "2"),
      directory("lib64"),
      file("lib64/y", "2"),
      directory("dangling"),
      file("dangling/z", "2"),
      directory("to-file"),
    ];
    await withLayout([BASE, top], async (layout, image) => {
      await convertReference(`oci:${layout}:image`, image, { convert: { keepDirlinks: true } });
      await withUmociUnpacked(layout, "image", (unpacked) => {
        deepStrictEqual(differencesFromOracle(image, unpacked), []);
      }, { keepDirlinks: true });
      await withUmociUnpacked(layout, "image", (unpacked) => {
        notDeepStrictEqual(differencesFromOracle(image, unpacked), []);
      });
    });
  },
);

toolTest(
  'convert() with symlinkedParents "replace" makes what overlayfs shows',
  [...STORAGE_MOUNT_NEEDS, "mount:ext4"],
  async () => {
    const top = [file("lib/x", "2"), file("lib64/deep/y", "2"), file("opt/.wh.none", "")];
    await withLayout([BASE, top], async (layout, image) => {
      const createdSeconds = 5;
      await convertReference(`oci:${layout}:image`, image, {
        convert: { symlinkedParents: "replace", createdSeconds },
      });
      const limits = { ignore: ["linkCount"], ignoreRoot: true, createdSeconds } as const;
      await withStorageMount(layout, "image", (mounted) => {
        // The engine gives directories that a layer does not list the time of day.
        const found = differencesFromOracle(image, mounted, limits);
        deepStrictEqual(found.filter((line) => !/^\/(opt|lib|lib64): mtime/.test(line)), []);
      });
    });
  },
);
