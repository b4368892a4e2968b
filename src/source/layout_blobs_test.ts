import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { digestOf } from "../oci/digest.ts";
import type { Image } from "./image.ts";
import { ociLayout } from "./image_doors.ts";
import {
  blobPath,
  type FixtureDescriptor,
  type FixtureLayer,
  jsonBytes,
  LayoutFixture,
  layoutOf,
  tagged,
  tarOf,
  withDirectory,
} from "./layout_fixture.ts";

const TAR = tarOf([{ name: "etc/hostname", body: new TextEncoder().encode("box\n") }]);
const OPTIONS = { platform: "linux/amd64" };

function open(layout: LayoutFixture): Promise<Image> {
  return withDirectory(async (path) => {
    const image = await ociLayout(layout.writeDirectory(path), OPTIONS);
    await image.close();
    return image;
  });
}

function withLayer(descriptor: FixtureLayer["descriptor"]): LayoutFixture {
  return layoutOf({ layers: [{ tar: TAR, descriptor }] });
}

Deno.test("digests from outside never become paths", async () => {
  for (
    const digest of [
      "sha256:../../../../etc/passwd",
      "../../../etc/passwd",
      `sha256:${"0".repeat(63)}/`,
      "sha256:",
      "",
      "/etc/passwd",
      `sha256/../${"0".repeat(64)}`,
    ]
  ) {
    await rejects(open(withLayer({ digest })), { code: "CORRUPT" }, digest);
    const layout = new LayoutFixture();
    const manifest = { ...layout.addImage(), digest };
    await rejects(open(layout.setIndex([manifest])), { code: "CORRUPT" }, digest);
  }
  await rejects(open(withLayer({ digest: `md5:${"0".repeat(32)}` })), { code: "UNSUPPORTED" });
});

Deno.test("a layer whose size is not that of its descriptor is refused", async () => {
  for (const size of [0, TAR.length - 1, TAR.length + 1]) {
    await rejects(open(withLayer({ size })), {
      code: "DIGEST_MISMATCH",
      message: new RegExp(`has ${TAR.length} bytes, expected ${size}$`),
    });
  }
});

Deno.test("documents must have their digest, at every level", async () => {
  const make = () => {
    const layout = new LayoutFixture();
    const manifest = layout.addImage();
    const index = layout.addIndex([manifest]);
    layout.setIndex([tagged(index, "a")]);
    const config = (JSON.parse(
      new TextDecoder().decode(layout.files.get(blobPath(manifest.digest))),
    ) as { config: FixtureDescriptor }).config;
    return { layout, parts: [index, manifest, config] };
  };
  for (let i = 0; i < 3; i++) {
    const { layout, parts } = make();
    const path = blobPath(parts[i].digest);
    const bytes = Uint8Array.from(layout.files.get(path)!);
    // White space more keeps it valid JSON: only the digest can tell.
    bytes[bytes.length - 1] = 0x20;
    layout.files.set(path, bytes);
    await rejects(open(layout), { code: "DIGEST_MISMATCH" }, `part ${i}`);
    layout.files.delete(path);
    await rejects(open(layout), { code: "NOT_FOUND", message: new RegExp(parts[i].digest) });
  }
});

Deno.test("a missing layer is named by its digest and layer", async () => {
  const layout = withLayer({});
  layout.files.delete(blobPath(digestOf(TAR)));
  await rejects(open(layout), {
    code: "NOT_FOUND",
    message: new RegExp(`Cannot find blob "${digestOf(TAR)}"`),
  });
});

Deno.test("a foreign layer is read when its blob is there, else its place is named", async () => {
  const foreign = {
    mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar",
    urls: ["https://layers.test/base"],
  };
  strictEqual((await open(withLayer(foreign))).layers.length, 1);
  const layout = withLayer(foreign);
  layout.files.delete(blobPath(digestOf(TAR)));
  await rejects(open(layout), {
    code: "NOT_FOUND",
    message: /non-distributable layer, kept at "https:\/\/layers\.test\/base"/,
  });
});

Deno.test("a layer of another media type is refused", async () => {
  const good = { tar: TAR };
  const encrypted = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted";
  const layout = layoutOf({ layers: [good, { tar: TAR, descriptor: { mediaType: encrypted } }] });
  await rejects(open(layout), { code: "UNSUPPORTED", message: /tar\+gzip\+encrypted/ });
});

Deno.test("diff_ids must be as many as the layers, and well formed", async () => {
  const layers = [{ tar: TAR }];
  const rootfs = (diff_ids: string[]) => ({ config: { rootfs: { type: "layers", diff_ids } } });
  await rejects(open(layoutOf({ layers, ...rootfs([]) })), {
    code: "CORRUPT",
    message: /diff_ids has 0 digests, expected 1/,
  });
  await rejects(open(layoutOf({ layers, ...rootfs(["sha256:x"]) })), { code: "CORRUPT" });
  // No rootfs at all: the blobs' own digests have to do.
  const image = await open(layoutOf({ layers, config: { rootfs: null } }));
  strictEqual(image.layers[0].job.diffId, null);
  strictEqual(image.layers[0].job.digest, digestOf(TAR));
});

Deno.test("data embedded in descriptors is used once it is verified", async () => {
  const data = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
  const layout = withLayer({ data: data(TAR) });
  layout.files.delete(blobPath(digestOf(TAR)));
  const job = (await open(layout)).layers[0].job;
  ok(job.kind === "tar");
  deepStrictEqual(job.location, { kind: "memory", bytes: new Uint8Array(TAR) });

  const other = Uint8Array.from(TAR, (byte) => byte ^ 1);
  await rejects(open(withLayer({ data: data(other) })), { code: "DIGEST_MISMATCH" });
  await rejects(open(withLayer({ data: data(TAR.subarray(1)) })), { code: "DIGEST_MISMATCH" });
  await rejects(open(withLayer({ data: "%%" })), { code: "CORRUPT" });

  const whole = new LayoutFixture();
  const manifest = whole.addImage();
  const bytes = whole.files.get(blobPath(manifest.digest))!;
  whole.files.delete(blobPath(manifest.digest));
  await open(whole.setIndex([{ ...manifest, data: data(bytes) }]));
});

Deno.test("documents larger than 4 MiB are refused before they are read", async () => {
  const layout = new LayoutFixture();
  const manifest = { ...layout.addImage(), size: 5 * 1024 * 1024 };
  await rejects(open(layout.setIndex([manifest])), { code: "LIMIT_EXCEEDED" });
  await withDirectory(async (path) => {
    layoutOf().writeDirectory(path);
    // A sparse file, too large to be held in memory.
    truncateSync(join(path, "index.json"), 2 ** 42);
    await rejects(ociLayout(path, OPTIONS), { code: "LIMIT_EXCEEDED" });
  });
});

Deno.test("sha512 blobs are found and verified", async () => {
  const layout = new LayoutFixture();
  const manifest = layout.addImage();
  const bytes = layout.files.get(blobPath(manifest.digest))!;
  const digest = digestOf(bytes, "sha512");
  layout.files.set(blobPath(digest), bytes);
  strictEqual((await open(layout.setIndex([{ ...manifest, digest }]))).digest, digest);
});

Deno.test("blobs may be symbolic links to anywhere: their digest protects them", async () => {
  const layout = withLayer({});
  await withDirectory(async (path) => {
    layout.writeDirectory(join(path, "layout"));
    mkdirSync(join(path, "store"));
    const blob = join(path, "layout", blobPath(digestOf(TAR)));
    renameSync(blob, join(path, "store", "blob"));
    symlinkSync(join(path, "store", "blob"), blob);
    const image = await ociLayout(join(path, "layout"), OPTIONS);
    strictEqual(image.layers[0].size, TAR.length);
    rmSync(join(path, "store", "blob"));
    await rejects(ociLayout(join(path, "layout"), OPTIONS), { code: "NOT_FOUND" });
  });
});

Deno.test("what is no regular file is refused, not waited for", async () => {
  await withDirectory(async (path) => {
    layoutOf().writeDirectory(path);
    rmSync(join(path, "index.json"));
    mkdirSync(join(path, "index.json"));
    await rejects(ociLayout(path, OPTIONS), { code: "CORRUPT", message: /no regular file/ });
    rmSync(join(path, "index.json"), { recursive: true });
    symlinkSync("/dev/zero", join(path, "index.json"));
    await rejects(ociLayout(path, OPTIONS), { code: "CORRUPT", message: /no regular file/ });
  });
});

Deno.test("errors carry the source, and layers their name", async () => {
  await withDirectory(async (path) => {
    withLayer({ size: 1 }).writeDirectory(path);
    await rejects(ociLayout(path, OPTIONS), (error: { where?: object }) => {
      deepStrictEqual(error.where, {
        source: `oci:${path}`,
        layer: `0 (${digestOf(TAR).slice(0, 19)})`,
      });
      return true;
    });
    writeFileSync(join(path, "index.json"), jsonBytes([]));
    await rejects(ociLayout(path, OPTIONS), { where: { source: `oci:${path}` } });
    strictEqual(existsSync(path), true);
  });
});
