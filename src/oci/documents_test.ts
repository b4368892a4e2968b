import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { ImageError } from "../image_error.ts";
import { parseConfig } from "./config.ts";
import { type Descriptor, embeddedBlob, verifyBlob } from "./descriptor.ts";
import { digestOf } from "./digest.ts";
import { parseIndex } from "./index.ts";
import { isImageManifest, parseManifest } from "./manifest.ts";
import { DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from "./media_type.ts";

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const DIGEST = digestOf(new Uint8Array());
const config = { mediaType: OCI_CONFIG, digest: DIGEST, size: 0 };
const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: DIGEST, size: 0 };
const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] };
const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [config] };

function readManifest(value: unknown, declared = OCI_MANIFEST) {
  return parseManifest(encode(value), DIGEST, declared);
}

function descriptorOf(bytes: Uint8Array, fields: Partial<Descriptor> = {}): Descriptor {
  return {
    mediaType: OCI_CONFIG,
    digest: digestOf(bytes),
    size: bytes.length,
    urls: [],
    annotations: {},
    data: null,
    platform: null,
    artifactType: "",
    ...fields,
  };
}

Deno.test("parseManifest() reads a manifest and fills what is absent or null", () => {
  const read = readManifest({ schemaVersion: 2, config, layers: null, annotations: null });
  deepStrictEqual(read.layers, []);
  deepStrictEqual(read.annotations, {});
  strictEqual(read.config.platform, null);
  strictEqual(read.config.data, null);
  strictEqual(readManifest(manifest).layers[0].mediaType, layer.mediaType);
});

Deno.test("a document that is manifest and index at once is refused (CVE-2021-41190)", () => {
  const mixed = { ...manifest, manifests: [] };
  throws(() => readManifest(mixed), { code: "CORRUPT", message: /manifests beside layers/ });
  for (const part of [{ layers: [] }, { config }, manifest]) {
    throws(
      () => parseIndex(encode({ ...index, ...part, mediaType: OCI_INDEX }), "index.json", ""),
      {
        code: "CORRUPT",
        message: /manifests beside layers/,
      },
    );
  }
});

Deno.test("a mediaType that contradicts descriptor or use is refused", () => {
  throws(() => readManifest(manifest, DOCKER_MANIFEST), {
    code: "CORRUPT",
    message: /mediaType is "application\/vnd.oci.*expected "application\/vnd.docker/,
  });
  throws(() => readManifest({ ...manifest, mediaType: OCI_INDEX }), { code: "CORRUPT" });
  throws(() => parseIndex(encode({ ...index, mediaType: OCI_MANIFEST }), "x", ""), {
    code: "CORRUPT",
  });
  // Absent is allowed: early OCI documents have none.
  parseIndex(encode({ ...index, mediaType: undefined }), "x", OCI_INDEX);
});

Deno.test("Docker manifests of schema 1 are named as unsupported", () => {
  const old = { schemaVersion: 1, fsLayers: [{ blobSum: DIGEST }], history: [] };
  throws(() => readManifest(old), { code: "UNSUPPORTED", message: /schema 1/ });
  throws(() => readManifest({ ...old, schemaVersion: 2 }), { code: "UNSUPPORTED" });
  throws(() => readManifest({ ...manifest, schemaVersion: 3 }), {
    code: "CORRUPT",
    message: /schemaVersion is 3, expected 2/,
  });
});

Deno.test("sizes that are no byte counts are refused with their field", () => {
  for (const size of [-1, 0.5, 2 ** 53, "5", null]) {
    throws(() => readManifest({ ...manifest, layers: [{ ...layer, size }] }), {
      code: "CORRUPT",
      message: /field layers\[0\]\.size is /,
    });
  }
});

Deno.test("isImageManifest() tells signatures and charts from images", () => {
  const as = (fields: unknown) =>
    isImageManifest(readManifest({ ...manifest, ...fields as object }));
  strictEqual(as({}), true);
  strictEqual(as({ layers: [] }), true);
  strictEqual(as({ config: { ...config, mediaType: "application/vnd.cncf.helm.config" } }), false);
  strictEqual(as({ layers: [{ ...layer, mediaType: "application/vnd.dev.cosign" }] }), false);
  // One strange layer among real ones is an image with a layer that cannot be read.
  strictEqual(as({ layers: [layer, { ...layer, mediaType: "x" }] }), true);
});

Deno.test("parseConfig() reads what a container runs", () => {
  const raw = {
    os: "linux",
    architecture: "arm",
    variant: "v7",
    created: "2024-02-29T12:00:00.999999999+02:00",
    config: {
      Entrypoint: ["/init"],
      Cmd: null,
      Env: ["A=b"],
      WorkingDir: "/srv",
      User: "1000:1000",
      Labels: { a: "b" },
    },
    rootfs: { type: "layers", diff_ids: [DIGEST] },
    history: [{ created_by: "x" }],
  };
  const { config, platform, hasRootfs } = parseConfig(encode(raw), "c");
  deepStrictEqual(config, {
    diffIds: [DIGEST],
    createdSeconds: Date.UTC(2024, 1, 29, 10) / 1000,
    entrypoint: ["/init"],
    cmd: [],
    env: ["A=b"],
    workingDir: "/srv",
    user: "1000:1000",
    labels: { a: "b" },
    raw,
  });
  deepStrictEqual(platform, { os: "linux", architecture: "arm", variant: "v7" });
  strictEqual(hasRootfs, true);
});

Deno.test("parseConfig() takes an empty configuration, and Go's zero time as no time", () => {
  const { config, platform, hasRootfs } = parseConfig(encode({ config: null }), "c");
  strictEqual(config.createdSeconds, null);
  strictEqual(platform, null);
  strictEqual(hasRootfs, false);
  const created = (text: string) =>
    parseConfig(encode({ created: text }), "c").config.createdSeconds;
  strictEqual(created("0001-01-01T00:00:00Z"), null);
  strictEqual(created("1969-12-31T23:59:58.5Z"), -2);
  throws(() => created("yesterday"), { code: "CORRUPT", message: /field created is "yesterday"/ });
  throws(() => created("2024-13-01T00:00:00Z"), { code: "CORRUPT" });
});

Deno.test("parseConfig() refuses other kinds of root file system", () => {
  throws(() => parseConfig(encode({ rootfs: { type: "layers+base" } }), "c"), {
    code: "UNSUPPORTED",
    message: /rootfs.type is "layers\+base"/,
  });
});

Deno.test("verifyBlob() tells size from digest", () => {
  const bytes = encode("x");
  verifyBlob(bytes, descriptorOf(bytes));
  verifyBlob(bytes, descriptorOf(bytes, { digest: digestOf(bytes, "sha512") }));
  throws(() => verifyBlob(bytes, descriptorOf(bytes, { size: 4 })), {
    code: "DIGEST_MISMATCH",
    message: /has 3 bytes, expected 4$/,
  });
  throws(() => verifyBlob(bytes, descriptorOf(bytes, { digest: DIGEST })), {
    code: "DIGEST_MISMATCH",
    message: /its digest is sha256:/,
  });
});

Deno.test("embeddedBlob() gives data back only when it is the blob", () => {
  const bytes = encode({ hello: "there" });
  const data = btoa(String.fromCharCode(...bytes));
  deepStrictEqual(embeddedBlob(descriptorOf(bytes, { data })), bytes);
  strictEqual(embeddedBlob(descriptorOf(bytes)), null);
  throws(() => embeddedBlob(descriptorOf(bytes, { data: btoa("{}") })), {
    code: "DIGEST_MISMATCH",
  });
  const other = btoa("x".repeat(bytes.length));
  throws(() => embeddedBlob(descriptorOf(bytes, { data: other })), { code: "DIGEST_MISMATCH" });
  for (const bad of ["*", "a", "ab=", "abcd\n", "ab-_"]) {
    throws(() => embeddedBlob(descriptorOf(bytes, { data: bad })), { code: "CORRUPT" }, bad);
  }
});

Deno.test("any JSON value in place of a document gives a document or an ImageError", () => {
  const parsers = [
    (bytes: Uint8Array) => parseManifest(bytes, DIGEST, ""),
    (bytes: Uint8Array) => parseIndex(bytes, DIGEST, ""),
    (bytes: Uint8Array) => parseConfig(bytes, DIGEST),
  ];
  const keys = fc.constantFrom(
    ...["schemaVersion", "mediaType", "config", "layers", "manifests", "digest", "size", "data"],
    ...["urls", "annotations", "platform", "os", "rootfs", "diff_ids", "created", "__proto__"],
  );
  const leaf = fc.oneof(
    fc.constantFrom(2, OCI_MANIFEST, OCI_INDEX, DIGEST, "layers"),
    fc.jsonValue(),
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ depthSize: "small" }, leaf, tie("map"), fc.array(tie("any"), { maxLength: 3 })),
    map: fc.array(fc.tuple(keys, tie("any")), { maxLength: 6 }).map(Object.fromEntries),
  })).map;
  fc.assert(
    fc.property(value, fc.constantFrom(manifest, index, {}), (fields, base) => {
      for (const parse of parsers) {
        try {
          parse(encode({ ...base, ...fields as object }));
        } catch (error) {
          if (!(error instanceof ImageError)) throw error;
        }
      }
    }),
  );
});
