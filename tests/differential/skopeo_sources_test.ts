/**
 * The forms in which skopeo stores an image are one image for us.
 */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openLayerBytes } from "../../src/layer/layer_bytes.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { Image } from "../../src/source/image.ts";
import {
  LayoutFixture,
  onPlatform,
  tagged,
  tarOf,
  withDirectory,
} from "../../src/source/layout_fixture.ts";
import { openImage } from "../../src/transport/open_image.ts";
import { runTool } from "../run_tool.ts";
import { toolTest } from "../tools.ts";

const OPTIONS = { platform: "linux/amd64" };
const TARS = ["one", "two", "three"].map((name) =>
  tarOf([{ name, body: new TextEncoder().encode(name.repeat(1000)) }])
);
const IMAGE = {
  layers: [
    { tar: TARS[0], compression: "gzip" as const },
    { tar: TARS[1], compression: "none" as const },
    { tar: TARS[2], compression: "gzip" as const },
  ],
  runtime: { Cmd: ["/bin/sh"], Env: ["A=b"], User: "7" },
  config: { created: "2024-05-06T07:08:09Z", history: TARS.map(() => ({ created_by: "test" })) },
};

function copy(from: string, to: string, ...options: string[]): void {
  const { status, stderr } = runTool("skopeo", [
    "--insecure-policy",
    "copy",
    "--quiet",
    "--override-os=linux",
    "--override-arch=amd64",
    ...options,
    from,
    to,
  ]);
  strictEqual(status, 0, stderr);
}

/** Digests of the layers' uncompressed bytes, as they were really read. */
async function contents(image: Image): Promise<string[]> {
  const digests: string[] = [];
  for (const { job } of image.layers) {
    if (job.kind !== "tar") throw new Error("the layer is no tar");
    const bytes = await openLayerBytes(job, { verifyDiffIds: true });
    try {
      const whole = new Uint8Array(1024 * 1024);
      digests.push(digestOf(whole.subarray(0, await bytes.read(whole))));
      strictEqual(bytes.hasVerifiedDigest || bytes.hasVerifiedDiffId, true);
    } finally {
      bytes.close();
    }
  }
  return digests;
}

async function checkSame(reference: string): Promise<Image> {
  const image = await openImage(reference, OPTIONS);
  try {
    const diffIds = TARS.map((tar) => digestOf(tar));
    deepStrictEqual(image.config?.diffIds, diffIds, reference);
    deepStrictEqual(image.layers.map(({ job }) => job.diffId), diffIds, reference);
    deepStrictEqual(await contents(image), diffIds, reference);
    deepStrictEqual(image.config?.cmd, ["/bin/sh"], reference);
    strictEqual(image.config?.user, "7");
    strictEqual(image.config?.createdSeconds, Date.UTC(2024, 4, 6, 7, 8, 9) / 1000);
    deepStrictEqual(image.platform, { os: "linux", architecture: "amd64" });
    return image;
  } finally {
    await image.close();
  }
}

function writeLayout(path: string): string {
  const layout = new LayoutFixture();
  return layout.setIndex([tagged(layout.addImage(IMAGE), "latest")]).writeDirectory(path);
}

toolTest("an image is the same in all forms that skopeo writes", ["skopeo"], async () => {
  await withDirectory(async (path) => {
    const layout = writeLayout(join(path, "layout"));
    const original = await checkSame(`oci:${layout}:latest`);
    const [oci, archive, docker] = ["oci", "archive", "docker"].map((name) => join(path, name));
    // Without the option skopeo compresses plain layers.
    copy(`oci:${layout}:latest`, `oci:${oci}:tag`, "--preserve-digests");
    copy(`oci:${layout}:latest`, `oci-archive:${archive}:tag`, "--preserve-digests");
    copy(`oci:${layout}:latest`, `docker-archive:${docker}:example.test/name:tag`);
    for (const reference of [`oci:${oci}:tag`, oci, `oci-archive:${archive}:tag`, archive]) {
      strictEqual((await checkSame(reference)).digest, original.digest, reference);
    }
    await checkSame(docker);
    await checkSame(`docker-archive:${docker}:example.test/name:tag`);
    await rejects(openImage(`docker-archive:${docker}:other`, OPTIONS), { code: "NOT_FOUND" });

    // Compressed as a whole, the archives are spooled.
    for (const file of [archive, docker]) {
      writeFileSync(`${file}.gz`, gzipSync(readFileSync(file)));
      await checkSame(`${file}.gz`);
    }
  });
});

toolTest("layers that skopeo recompressed are the same layers", ["skopeo"], async () => {
  await withDirectory(async (path) => {
    const layout = writeLayout(join(path, "layout"));
    for (const format of ["zstd", "gzip"]) {
      const target = join(path, format);
      copy(`oci:${layout}:latest`, `oci:${target}:x`, `--dest-compress-format=${format}`);
      const image = await checkSame(target);
      strictEqual(image.layers[1].job.declaredCompression, format);
    }
  });
});

toolTest("skopeo and we choose the same platform of an index", ["skopeo"], async () => {
  await withDirectory(async (path) => {
    const layout = new LayoutFixture();
    const other = { ...IMAGE, platform: { os: "linux", architecture: "arm64" }, layers: [] };
    const index = layout.addIndex([
      onPlatform(layout.addImage(other), "linux", "arm64"),
      onPlatform(layout.addImage(IMAGE), "linux", "amd64"),
    ]);
    layout.setIndex([tagged(index, "multi")]);
    const source = layout.writeDirectory(join(path, "multi"));
    const ours = await checkSame(`oci:${source}:multi`);
    copy(`oci:${source}:multi`, `oci:${join(path, "one")}:x`, "--preserve-digests");
    strictEqual((await checkSame(join(path, "one"))).digest, ours.digest);
    copy(`oci:${source}:multi`, `oci:${join(path, "all")}:x`, "--all", "--preserve-digests");
    strictEqual((await checkSame(`oci:${join(path, "all")}:x`)).digest, ours.digest);
  });
});

toolTest("an archive of two images, one added by skopeo, wants a name", ["skopeo"], async () => {
  await withDirectory(async (path) => {
    const layout = writeLayout(join(path, "layout"));
    const second = new LayoutFixture();
    second.setIndex([tagged(second.addImage({ ...IMAGE, runtime: { User: "8" } }), "latest")]);
    const other = second.writeDirectory(join(path, "second"));
    const target = join(path, "both");
    copy(`oci:${layout}`, `oci:${target}:first`);
    copy(`oci:${other}`, `oci:${target}:second`);
    await checkSame(`oci:${target}:first`);
    await rejects(openImage(target, OPTIONS), {
      code: "AMBIGUOUS",
      message: /first {2}linux\/amd64 .*\n {2}second {2}linux\/amd64/,
    });
  });
});
