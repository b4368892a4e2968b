import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { isConfigMediaType, isIndexMediaType, layerMediaType } from "./media_type.ts";

Deno.test("layerMediaType() knows both families of suffixes and nothing else", () => {
  const oci = "application/vnd.oci.image.layer.v1.tar";
  const docker = "application/vnd.docker.image.rootfs.diff.tar";
  deepStrictEqual(layerMediaType(oci), { compression: "none", foreign: false });
  deepStrictEqual(layerMediaType(`${oci}+gzip`), { compression: "gzip", foreign: false });
  deepStrictEqual(layerMediaType(`${oci}+zstd`), { compression: "zstd", foreign: false });
  deepStrictEqual(layerMediaType(`${docker}.gzip`), { compression: "gzip", foreign: false });
  deepStrictEqual(layerMediaType(`${docker}.zstd`), { compression: "zstd", foreign: false });
  deepStrictEqual(
    layerMediaType("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
    { compression: "gzip", foreign: true },
  );
  deepStrictEqual(
    layerMediaType("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
    { compression: "gzip", foreign: true },
  );
  for (const other of ["", `${oci}.gzip`, `${oci}+gzip+encrypted`, `${oci}+bzip2`, "text/plain"]) {
    strictEqual(layerMediaType(other), null, other);
  }
});

Deno.test("media types are compared exactly, never as keys of an object", () => {
  strictEqual(isIndexMediaType("constructor"), false);
  strictEqual(isConfigMediaType("__proto__"), false);
  strictEqual(layerMediaType("toString"), null);
});
