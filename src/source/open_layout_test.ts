import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import type { Notice } from "../notice.ts";
import { parsePlatform } from "../oci/platform.ts";
import type { Image } from "./image.ts";
import { ociLayout, type OciLayoutOptions } from "./image_doors.ts";
import {
  type FixtureImage,
  type JsonObject,
  LayoutFixture,
  layoutOf,
  onPlatform,
  tagged,
  tarOf,
  withDirectory,
} from "./layout_fixture.ts";

const AMD64 = { platform: "linux/amd64" };

function imageFor(platform: string, fields: FixtureImage = {}): FixtureImage {
  return { platform: parsePlatform(platform), ...fields };
}

/** Opens a layout and closes it again. */
function open(layout: LayoutFixture, options: OciLayoutOptions = {}): Promise<Image> {
  return withDirectory(async (path) => {
    const image = await ociLayout(layout.writeDirectory(path), options);
    await image.close();
    return image;
  });
}

/** A layout of one image that has these platforms below a tagged index. */
function multiPlatform(...platforms: string[]): [LayoutFixture, string[]] {
  const layout = new LayoutFixture();
  const manifests = platforms.map((platform) => {
    const { os, architecture, variant } = parsePlatform(platform);
    return onPlatform(layout.addImage(imageFor(platform)), os, architecture, variant);
  });
  layout.setIndex([tagged(layout.addIndex(manifests), "multi")]);
  return [layout, manifests.map(({ digest }) => digest)];
}

Deno.test("ociLayout() gives config, platform, annotations and layers in order", async () => {
  const layers = [
    { tar: tarOf([{ name: "a" }]), compression: "gzip" as const },
    { tar: tarOf([{ name: "b" }]), compression: "zstd" as const },
    { tar: tarOf([{ name: "c" }]) },
  ];
  const layout = layoutOf({
    layers,
    runtime: { Cmd: ["/bin/sh"] },
    config: { created: "2024-01-01T00:00:00.9Z" },
    manifest: { annotations: { "com.example": "x" } },
  });
  const image = await open(layout, AMD64);
  deepStrictEqual(image.config?.cmd, ["/bin/sh"]);
  strictEqual(image.config?.createdSeconds, Date.UTC(2024, 0, 1) / 1000);
  deepStrictEqual(image.platform, { os: "linux", architecture: "amd64" });
  deepStrictEqual(image.annotations, { "com.example": "x" });
  deepStrictEqual(image.layers.map(({ index, job }) => [index, job.declaredCompression]), [
    [0, "gzip"],
    [1, "zstd"],
    [2, "none"],
  ]);
  deepStrictEqual(image.layers.map(({ job }) => job.diffId), image.config?.diffIds);
  match(image.layers[1].name, /^1 \(sha256:[0-9a-f]{12}\)$/);
  strictEqual(image.layers[2].size, layers[2].tar.length);
  strictEqual(image.layers[2].job.digest, image.layers[2].job.diffId);
});

Deno.test("a tag chooses by whole name, by normalised name, and by the tag alone", async () => {
  const layout = new LayoutFixture();
  const one = layout.addImage({ runtime: { User: "1" } });
  const two = layout.addImage({ runtime: { User: "2" } });
  const three = layout.addImage({ runtime: { User: "3" } });
  layout.setIndex([
    tagged(one, "registry.test/one:v1"),
    tagged(two, "v2"),
    {
      ...three,
      annotations: {
        "org.opencontainers.image.ref.name": "v3",
        "io.containerd.image.name": "docker.io/library/three:v3",
      },
    },
  ]);
  const user = async (tag: string) => (await open(layout, { ...AMD64, tag })).config?.user;
  strictEqual(await user("registry.test/one:v1"), "1");
  strictEqual(await user("v1"), "1");
  strictEqual(await user("v2"), "2");
  strictEqual(await user("v3"), "3");
  strictEqual(await user("three:v3"), "3");
  await rejects(user("v4"), (error: Error & { code: string }) => {
    strictEqual(error.code, "NOT_FOUND");
    match(error.message, /registry\.test\/one:v1 .*sha256:.*\n.* v2 .*\n.*three:v3/);
    return true;
  });
});

Deno.test("an exact tag goes before one that only ends with it", async () => {
  const layout = new LayoutFixture();
  layout.setIndex([
    tagged(layout.addImage({ runtime: { User: "long" } }), "x:latest"),
    tagged(layout.addImage({ runtime: { User: "exact" } }), "latest"),
  ]);
  strictEqual((await open(layout, { ...AMD64, tag: "latest" })).config?.user, "exact");
});

Deno.test("several images and no choice are listed", async () => {
  const layout = new LayoutFixture();
  const one = layout.addImage(imageFor("linux/amd64"));
  const [multi, nested] = ["linux/arm64", "linux/arm/v6"].map((name) =>
    onPlatform(layout.addImage(imageFor(name)), "linux", name.split("/")[1], name.split("/")[2])
  );
  layout.setIndex([tagged(one, "a"), tagged(layout.addIndex([multi, nested]), "b")]);
  await rejects(open(layout), (error: Error & { code: string }) => {
    strictEqual(error.code, "AMBIGUOUS");
    match(error.message, /holds 2 images, expected a choice by tag or digest:\n/);
    match(error.message, new RegExp(`a  linux/amd64  ${one.digest}`));
    match(error.message, /b {2}linux\/arm64, linux\/arm\/v6 {2}sha256:/);
    return true;
  });
});

Deno.test("one image under two tags is not ambiguous", async () => {
  const layout = new LayoutFixture();
  const one = layout.addImage();
  layout.setIndex([tagged(one, "a"), tagged(one, "b")]);
  strictEqual((await open(layout, AMD64)).digest, one.digest);
});

Deno.test("platforms directly in index.json are one image when their names agree", async () => {
  const layout = new LayoutFixture();
  const amd64 = layout.addImage(imageFor("linux/amd64"));
  const arm64 = layout.addImage(imageFor("linux/arm64"));
  layout.setIndex([tagged(amd64, "a"), tagged(arm64, "a")]);
  strictEqual((await open(layout, { platform: "linux/arm64" })).digest, arm64.digest);
  // Two for the same platform are not.
  const other = layout.addImage(imageFor("linux/amd64", { runtime: { User: "x" } }));
  layout.setIndex([amd64, other]);
  await rejects(open(layout, AMD64), { code: "AMBIGUOUS" });
});

Deno.test("the platform decides within an index, the best variant first", async () => {
  const [layout, [amd64, v5, v7, arm64]] = multiPlatform(
    "linux/amd64",
    "linux/arm/v5",
    "linux/arm/v7",
    "linux/arm64",
  );
  const digest = async (platform: string) => (await open(layout, { platform })).digest;
  strictEqual(await digest("linux/amd64"), amd64);
  strictEqual(await digest("linux/amd64/v3"), amd64);
  strictEqual(await digest("linux/arm"), v7);
  strictEqual(await digest("linux/arm/v6"), v5);
  strictEqual(await digest("linux/arm64/v8"), arm64);
  strictEqual(await digest("linux/aarch64"), arm64);
  await rejects(digest("linux/386"), (error: Error & { code: string }) => {
    strictEqual(error.code, "NOT_FOUND");
    match(error.message, /platform "linux\/386"/);
    for (const name of ["linux/amd64", "linux/arm/v5", "linux/arm/v7", "linux/arm64"]) {
      match(error.message, new RegExp(name));
    }
    return true;
  });
});

Deno.test("of equal manifests in one index the first is taken", async () => {
  const layout = new LayoutFixture();
  const [first, second] = ["1", "2"].map((User) =>
    onPlatform(layout.addImage({ runtime: { User } }), "linux", "amd64")
  );
  layout.setIndex([tagged(layout.addIndex([first, second]), "a")]);
  strictEqual((await open(layout, AMD64)).config?.user, "1");
});

Deno.test("another platform is never taken in silence, not even the only one", async () => {
  const layout = layoutOf(imageFor("linux/riscv64"));
  // This is the default of no machine that runs the tests, and asked for neither.
  for (const options of [{}, AMD64, { ...AMD64, tag: "latest" }]) {
    await rejects(open(layout, options), { code: "NOT_FOUND", message: /linux\/riscv64/ });
  }
  strictEqual((await open(layout, { platform: "linux/riscv64" })).platform?.os, "linux");
});

Deno.test("a manifest named by its digest needs no platform, unless one is asked for", async () => {
  const [layout, [amd64, riscv64]] = multiPlatform("linux/amd64", "linux/riscv64");
  strictEqual((await open(layout, { digest: riscv64 })).digest, riscv64);
  strictEqual((await open(layout, { digest: amd64, ...AMD64 })).digest, amd64);
  await rejects(open(layout, { digest: riscv64, ...AMD64 }), { code: "NOT_FOUND" });
  await rejects(open(layout, { digest: `sha256:${"0".repeat(64)}` }), {
    code: "NOT_FOUND",
    message: /it is not there/,
  });
  await rejects(open(layout, { digest: "sha256:../../etc/passwd" }), { code: "CORRUPT" });
});

Deno.test("an image that names no platform is taken only when none is asked for", async () => {
  const layout = layoutOf({ platform: null });
  strictEqual((await open(layout)).platform, null);
  await rejects(open(layout, AMD64), { code: "NOT_FOUND", message: /\(no platform\)/ });
});

Deno.test("attestations and artifacts are passed over with a notice", async () => {
  const layout = new LayoutFixture();
  const image = layout.addImage();
  const attestation = onPlatform(layout.addImage({ platform: null }), "unknown", "unknown");
  const annotated = {
    ...layout.addImage({ runtime: { User: "x" } }),
    annotations: { "vnd.docker.reference.type": "attestation-manifest" },
  };
  const chart = layout.addImage({
    manifest: { config: layout.addBlob(new Uint8Array(2), "application/vnd.cncf.helm.config") },
  });
  const signature = layout.addImage({
    layers: [{ tar: new Uint8Array(1), descriptor: { mediaType: "application/vnd.dev.cosign" } }],
  });
  const artifact = { ...layout.addImage({ runtime: { User: "y" } }), artifactType: "text/spdx" };
  const strange = layout.addBlob(new Uint8Array(3), "application/x-strange");
  const others: JsonObject[] = [attestation, annotated, chart, signature, artifact, strange];
  layout.setIndex([...others, tagged(image, "a")]);
  const notices: Notice[] = [];
  const opened = await open(layout, { ...AMD64, onNotice: (notice) => notices.push(notice) });
  strictEqual(opened.digest, image.digest);
  deepStrictEqual(notices.map(({ code }) => code), others.map(() => "IMAGE_SKIPPED"));
  deepStrictEqual(opened.notices, notices);
  // Alone, each is an error that says what it is.
  for (const other of others) {
    await rejects(open(layout.setIndex([other])), { code: "UNSUPPORTED" });
  }
});

Deno.test("manifests of schema 1 are named as such", async () => {
  const layout = new LayoutFixture();
  const type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
  layout.setIndex([layout.addBlob(new Uint8Array(4), type)]);
  await rejects(open(layout), { code: "UNSUPPORTED", message: /schema 1/ });
});

Deno.test("a layout may lack the images of other platforms", async () => {
  const [layout, [amd64, arm64]] = multiPlatform("linux/amd64", "linux/arm64");
  layout.files.delete(`blobs/${arm64.replace(":", "/")}`);
  strictEqual((await open(layout, AMD64)).digest, amd64);
  await rejects(open(layout, { platform: "linux/arm64" }), {
    code: "NOT_FOUND",
    message: new RegExp(`"${arm64}"`),
  });
});

Deno.test("an image that is missing and names no platform is passed over too", async () => {
  const layout = new LayoutFixture();
  const image = layout.addImage();
  const missing = layout.addImage({ runtime: { User: "x" } });
  layout.files.delete(`blobs/${missing.digest.replace(":", "/")}`);
  layout.setIndex([tagged(layout.addIndex([missing, image]), "a")]);
  const opened = await open(layout, AMD64);
  strictEqual(opened.digest, image.digest);
  deepStrictEqual(opened.notices.map(({ code }) => code), ["IMAGE_SKIPPED"]);
  await rejects(open(layout.setIndex([missing])), {
    code: "NOT_FOUND",
    message: new RegExp(`Cannot find blob "${missing.digest}"`),
  });
});

Deno.test("the file oci-layout may be missing, but not be of another version", async () => {
  const layout = layoutOf();
  layout.files.delete("oci-layout");
  await open(layout, AMD64);
  layout.writeJson("oci-layout", { imageLayoutVersion: "2.0.0" });
  await rejects(open(layout, AMD64), { code: "UNSUPPORTED", message: /version is "2\.0\.0"/ });
  layout.writeJson("oci-layout", {});
  await rejects(open(layout, AMD64), { code: "CORRUPT" });
});

Deno.test("an index of 10,000 entries is read, and one without entries is refused", async () => {
  const layout = new LayoutFixture();
  const image = layout.addImage(imageFor("linux/s390x"));
  const entries = Array.from(
    { length: 10_000 },
    (_, i) => onPlatform(image, "linux", i === 9999 ? "s390x" : `x${i}`),
  );
  layout.setIndex(entries);
  strictEqual((await open(layout, { platform: "linux/s390x" })).digest, image.digest);
  await rejects(open(layout, AMD64), { code: "NOT_FOUND", message: /and 9980 more$/ });
  await rejects(open(new LayoutFixture().setIndex([])), { code: "NOT_FOUND" });
});

Deno.test("the default platform is Linux on this machine", async () => {
  const architecture = Deno.build.arch === "x86_64" ? "amd64" : "arm64";
  const [layout, digests] = multiPlatform("linux/amd64", "linux/arm64");
  strictEqual((await open(layout)).digest, digests[architecture === "amd64" ? 0 : 1]);
});

Deno.test("a malformed platform is a mistake of the caller", async () => {
  await rejects(open(layoutOf(), { platform: "amd64" }), TypeError);
});
