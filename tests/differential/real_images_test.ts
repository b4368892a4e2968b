import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { rmSync } from "node:fs";
import { fileDigest } from "../handmade_layout.ts";
import {
  BUILDAH_IMAGE_NEEDS,
  buildahImage,
  UMOCI_IMAGE_NEEDS,
  umociImage,
} from "../real/real_images.ts";
import { mustRun, runTool } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { convertReference, withConverted } from "./converted_image.ts";
import { differencesFromOracle } from "./oracle_compare.ts";
import { STORAGE_MOUNT_NEEDS, withStorageMount } from "./storage_mount.ts";
import { UMOCI_UNPACK_NEEDS, withUmociUnpacked } from "./umoci_unpack.ts";

/** The checker finds nothing to complain about. */
function checkImage(path: string): void {
  const { status, stdout, stderr } = runTool("e2fsck", ["-fn", path]);
  strictEqual(status, 0, stdout + stderr);
}

toolTest(
  "convert() makes of a Debian image of eight layers what umoci makes",
  [...UMOCI_IMAGE_NEEDS, ...UMOCI_UNPACK_NEEDS, "mount:ext4", "e2fsck"],
  async () => {
    await withConverted(`oci:${umociImage()}:full`, async ({ path, report }) => {
      checkImage(path);
      ok(report.counts.regular > 30000);
      await withUmociUnpacked(umociImage(), "full", (directory) => {
        deepStrictEqual(differencesFromOracle(path, directory), []);
      });
    });
  },
);

toolTest(
  "convert() makes of a buildah image what umoci and overlayfs make",
  [...BUILDAH_IMAGE_NEEDS, ...STORAGE_MOUNT_NEEDS, ...UMOCI_UNPACK_NEEDS, "mount:ext4", "e2fsck"],
  async () => {
    const layout = buildahImage();
    const createdSeconds = 1000;
    await withConverted(`oci:${layout}:gzip`, async ({ path }) => {
      checkImage(path);
      await withUmociUnpacked(layout, "gzip", (directory) => {
        // Layers of buildah have no entry for the root.
        deepStrictEqual(differencesFromOracle(path, directory, { createdSeconds }), []);
      });
      await withStorageMount(layout, "zstd", (directory) => {
        const limits = { ignore: ["linkCount"], ignoreRoot: true } as const;
        deepStrictEqual(differencesFromOracle(path, directory, limits), []);
      });
    }, { convert: { createdSeconds } });
  },
);

toolTest(
  "convert() makes the same bytes of gzip, zstd and every kind of archive",
  [...BUILDAH_IMAGE_NEEDS, "skopeo"],
  async () => {
    const work = Deno.makeTempDirSync({ prefix: "real_variants_" });
    try {
      const source = `oci:${buildahImage()}:gzip`;
      const copies = [
        `oci-archive:${work}/image.oci.tar:real`,
        `docker-archive:${work}/image.docker.tar:example.org/real:1`,
      ];
      for (const copy of copies) mustRun("skopeo", ["copy", "-q", source, copy]);
      const references = [source, `oci:${buildahImage()}:zstd`, ...copies];
      const digests: string[] = [];
      for (const reference of references) {
        const { path } = await convertReference(reference, `${work}/image.ext4`, {
          identity: "the same",
        });
        digests.push(fileDigest(path).digest);
      }
      deepStrictEqual(digests, references.map(() => digests[0]));
    } finally {
      rmSync(work, { recursive: true });
    }
  },
);

toolTest(
  "convert() makes the same bytes with any number of workers and little memory",
  UMOCI_IMAGE_NEEDS,
  async () => {
    const work = Deno.makeTempDirSync({ prefix: "real_workers_" });
    try {
      const digests: string[] = [];
      for (
        const workers of [{ workers: 0 }, { workers: 1 }, { workers: 4, memoryBytes: 1 << 20 }]
      ) {
        const { path } = await convertReference(`oci:${umociImage()}:full`, `${work}/image.ext4`, {
          convert: workers,
        });
        digests.push(fileDigest(path).digest);
      }
      deepStrictEqual(digests, digests.map(() => digests[0]));
    } finally {
      rmSync(work, { recursive: true });
    }
  },
);
