import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ImageError } from "../../image_error.ts";
import { digestOf } from "../../oci/digest.ts";
import {
  type FixtureDescriptor,
  type FixtureImage,
  LayoutFixture,
  onPlatform,
  tarOf,
  withDirectory,
} from "../layout_fixture.ts";
import { openImage } from "../../transport/open_image.ts";
import { boltDatabase, type BoltTree } from "./bolt_fixture.ts";
import { writeContainerdRoot } from "./containerd_fixture.ts";
import { parseContainerdReference } from "./containerd_reference.ts";
import { containerdImage } from "./open_containerd.ts";

const TAR = tarOf([{ name: "file", body: new TextEncoder().encode("content") }]);
const IMAGE: FixtureImage = { layers: [{ tar: TAR, compression: "gzip" }], runtime: { User: "1" } };
const OTHER: FixtureImage = { ...IMAGE, runtime: { User: "2" } };
const PLATFORM = "linux/amd64";

/** A root with two images in three namespaces. */
function withRoot(
  use: (root: string, one: FixtureDescriptor, two: FixtureDescriptor) => Promise<void>,
): Promise<void> {
  return withDirectory(async (path) => {
    const layout = new LayoutFixture();
    const one = layout.addImage(IMAGE);
    const two = layout.addImage(OTHER);
    writeContainerdRoot(path, layout, {
      default: { "docker.io/library/one:latest": one, "docker.io/library/both:1": one },
      "k8s.io": { "docker.io/library/both:1": two, [`docker.io/library/two@${two.digest}`]: two },
      empty: {},
    });
    await use(path, one, two);
  });
}

Deno.test("containerdImage() finds images by name, digest and start of digest", () =>
  withRoot(async (containerdRoot, one, two) => {
    const found: [string, FixtureDescriptor][] = [
      ["one", one],
      ["one@default", one],
      ["docker.io/library/one:latest", one],
      ["both:1@default", one],
      ["both:1@k8s.io", two],
      [one.digest, one],
      [`${two.digest}@k8s.io`, two],
      [`two@${two.digest}`, two],
      [`two@${two.digest}@k8s.io`, two],
      [two.digest.slice(7, 19), two],
      ["@k8s.io", two],
    ];
    for (const [reference, { digest }] of found) {
      const image = await containerdImage(reference, { containerdRoot, platform: PLATFORM });
      strictEqual(image.digest, digest, reference);
      strictEqual(image.config?.user, digest === one.digest ? "1" : "2");
      deepStrictEqual(image.layers.map(({ job }) => job.diffId), [digestOf(TAR)]);
      strictEqual(image.reference, `containerd:${reference}`);
    }
  }));

Deno.test("containerdImage() lists what is there where nothing or too much is found", () =>
  withRoot(async (containerdRoot) => {
    const options = { containerdRoot, platform: PLATFORM };
    await rejects(containerdImage("nope", options), {
      code: "NOT_FOUND",
      message: /"nope" .*expected one of:\n(?:.*\n)*.*docker\.io\/library\/both:1@k8s\.io/,
    });
    await rejects(containerdImage("both:1", options), {
      code: "AMBIGUOUS",
      message: /2 images match.*\n.*both:1@default.*\n.*both:1@k8s\.io/,
    });
    await rejects(containerdImage("one@k8s.io", options), { code: "NOT_FOUND" });
    await rejects(containerdImage("x@empty", options), { code: "NOT_FOUND", message: /no images/ });
    await rejects(openImage(containerdRoot, options), { code: "AMBIGUOUS" });
    await rejects(containerdImage(digestOf(TAR), options), { code: "NOT_FOUND" });
  }));

Deno.test("containerdImage() does without names where a digest is given", () =>
  withRoot(async (containerdRoot, one) => {
    rmSync(`${containerdRoot}/io.containerd.metadata.v1.bolt`, { recursive: true });
    const image = await containerdImage(one.digest, { containerdRoot, platform: PLATFORM });
    strictEqual(image.digest, one.digest);
    await rejects(containerdImage("one", { containerdRoot }), {
      code: "NOT_FOUND",
      message: /no database of names, expected the digest of a manifest/,
    });
  }));

Deno.test("containerdImage() chooses the platform of an index, of which not all need be there", () =>
  withDirectory(async (containerdRoot) => {
    const layout = new LayoutFixture();
    const here = layout.addImage(IMAGE);
    const absent = new LayoutFixture().addImage(OTHER);
    const index = layout.addIndex([
      onPlatform(absent, "linux", "arm64"),
      onPlatform(here, "linux", "amd64"),
    ]);
    writeContainerdRoot(containerdRoot, layout, { default: { "a.test/multi:1": index } });
    for (const name of ["a.test/multi:1", index.digest]) {
      const image = await containerdImage(name, { containerdRoot, platform: PLATFORM });
      strictEqual(image.digest, here.digest);
      await rejects(containerdImage(name, { containerdRoot, platform: "linux/arm64" }), {
        code: "NOT_FOUND",
        message: /Cannot find blob/,
      });
    }
  }));

Deno.test("containerdImage() refuses damaged stores", () =>
  withRoot(async (containerdRoot, one) => {
    const options = { containerdRoot, platform: PLATFORM };
    const blob = join(containerdRoot, "io.containerd.content.v1.content/blobs/sha256");
    writeFileSync(`${blob}/${one.digest.slice(7)}`, new Uint8Array(one.size));
    await rejects(containerdImage("one", options), (error: ImageError) => {
      strictEqual(error.code, "DIGEST_MISMATCH");
      strictEqual(error.where.source, "containerd:one");
      return true;
    });
    truncateSync(`${containerdRoot}/io.containerd.metadata.v1.bolt/meta.db`, 8192 + 100);
    await rejects(containerdImage("one", options), { code: "CORRUPT", message: /meta\.db/ });
    await rejects(containerdImage("one", { containerdRoot: dirname(blob) }), {
      code: "NOT_FOUND",
      message: /expected the root directory of containerd/,
    });
  }));

Deno.test("containerdImage() refuses images without target or with a size that is none", () =>
  withDirectory(async (containerdRoot) => {
    writeContainerdRoot(containerdRoot, new LayoutFixture(), {});
    const size = new Uint8Array(12).fill(255);
    for (const entry of [{}, { target: { digest: "sha256:0", mediatype: "x", size } }]) {
      const tree = { v1: { default: { images: { a: entry } } } };
      const path = `${containerdRoot}/io.containerd.metadata.v1.bolt/meta.db`;
      writeFileSync(path, boltDatabase(tree as unknown as BoltTree));
      await rejects(containerdImage("a", { containerdRoot }), (error: ImageError) => {
        strictEqual(error.code, "CORRUPT");
        match(error.message, /has no target|is no size/);
        return true;
      });
    }
  }));

Deno.test("parseContainerdReference() takes a namespace from behind the last @", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const cases: [string, string | null, string | null][] = [
    ["", null, null],
    ["a:1", "a:1", null],
    ["a:1@k8s.io", "a:1", "k8s.io"],
    [`a@${digest}`, `a@${digest}`, null],
    [`a@${digest}@moby`, `a@${digest}`, "moby"],
    [digest, digest, null],
    [`${digest}@x`, digest, "x"],
  ];
  for (const [text, name, namespace] of cases) {
    deepStrictEqual(parseContainerdReference(text), { name, namespace });
  }
});
