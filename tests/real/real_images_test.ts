import { deepStrictEqual, ok } from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import {
  BUILDAH_IMAGE_NEEDS,
  buildahImage,
  DEBIAN_BASE_NEEDS,
  debianBase,
  UMOCI_IMAGE_NEEDS,
  umociImage,
} from "./real_images.ts";

toolTest("debianBase() makes a root filesystem", DEBIAN_BASE_NEEDS, () => {
  ok(existsSync(`${debianBase()}/etc/debian_version`));
});

toolTest("umociImage() makes an image of eight layers", [...UMOCI_IMAGE_NEEDS, "skopeo"], () => {
  const layout = umociImage();
  const manifest = JSON.parse(mustRun("skopeo", ["inspect", "--raw", `oci:${layout}:full`]));
  deepStrictEqual(
    manifest.layers.map((layer: { mediaType: string }) => layer.mediaType),
    Array(8).fill("application/vnd.oci.image.layer.v1.tar+gzip"),
  );
});

toolTest("buildahImage() makes an image of four layers, gzip and zstd", BUILDAH_IMAGE_NEEDS, () => {
  const layout = buildahImage();
  const index = JSON.parse(readFileSync(`${layout}/index.json`, "utf8"));
  const types = index.manifests.map((descriptor: { digest: string }) => {
    const path = `${layout}/blobs/${descriptor.digest.replace(":", "/")}`;
    const manifest = JSON.parse(readFileSync(path, "utf8"));
    return manifest.layers.map((layer: { mediaType: string }) => layer.mediaType);
  });
  const type = "application/vnd.oci.image.layer.v1.tar";
  deepStrictEqual(types.sort(), [Array(4).fill(`${type}+gzip`), Array(4).fill(`${type}+zstd`)]);
});
