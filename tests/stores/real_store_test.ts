/**
 * A Debian image that Buildah has built, in the stores of engines: every file is the same in all.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { StoreOptions } from "../../src/source/store_options.ts";
import { compareTrees, formatDifference } from "../../src/tree/compare.ts";
import { walk } from "../../src/tree/file_tree.ts";
import { withConverted, withOpenedImage } from "../differential/converted_image.ts";
import { withDirectory } from "../e2e/cli_process.ts";
import { BUILDAH_IMAGE_NEEDS, buildahImage } from "../real/real_images.ts";
import { toolTest } from "../tools.ts";
import { startDocker, unmountBelow } from "./engine_process.ts";
import { copyImage } from "./stored_image.ts";

/**
 * Throws where the image `reference` differs from the layout in anything; `isSameImage` where it has
 * the same manifest, and so gives the same bytes.
 */
async function checkSame(
  layout: string,
  reference: string,
  open: StoreOptions,
  isSameImage = false,
): Promise<void> {
  await withConverted(
    layout,
    (one) =>
      withConverted(
        reference,
        (two) =>
          withOpenedImage(one.path, (a) =>
            withOpenedImage(two.path, (b) => {
              ok([...walk(a.tree)].length > 5000);
              deepStrictEqual([...compareTrees(a, b)].map(formatDifference), [], reference);
              if (isSameImage) ok(readFileSync(one.path).equals(readFileSync(two.path)));
            })),
        { open },
      ),
  );
}

toolTest(
  "a Debian image is the same from a layout, from Docker's data root and from its engine",
  [...BUILDAH_IMAGE_NEEDS, "skopeo", "docker", "start:dockerd"],
  () =>
    withDirectory(async (work) => {
      const layout = `oci:${buildahImage()}:gzip`;
      copyImage(layout, `docker-archive:${work}/debian.tar:debian:test`);
      using docker = startDocker();
      docker.run("load", "--quiet", "--input", `${work}/debian.tar`);
      await checkSame(layout, "docker-daemon:debian:test", { dockerRoot: docker.root });
      await checkSame(layout, "docker-daemon:debian:test", { dockerSocket: docker.socket });
    }),
);

toolTest(
  "a Debian image is the same from a layout and from a storage",
  [...BUILDAH_IMAGE_NEEDS, "skopeo"],
  () =>
    withDirectory(async (work) => {
      const layout = `oci:${buildahImage()}:zstd`;
      const root = `${work}/storage`;
      try {
        copyImage(layout, `containers-storage:[overlay@${root}+${work}/run]debian:test`);
        await checkSame(layout, "containers-storage:debian:test", { storageRoot: root }, true);
      } finally {
        unmountBelow(work);
      }
    }),
);
