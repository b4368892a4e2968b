/**
 * The same image gives the same bytes, however it is read: for any number of workers, any memory,
 * from a layout or from an archive of it.
 *
 * @module
 */
import { rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { convert, type ConvertOptions } from "../../src/convert/convert.ts";
import { erofs } from "../../src/format/erofs/format.ts";
import { ext4 } from "../../src/format/ext4/format.ts";
import { squashfs } from "../../src/format/squashfs/format.ts";
import { tar } from "../../src/format/tar/format.ts";
import type { ImageFormat } from "../../src/format/image_format.ts";
import { ImageError } from "../../src/image_error.ts";
import { fileSink } from "../../src/io/file_sink.ts";
import { tarArchive, type TarEntryInit } from "../../src/layer/tar/tar_fixture.ts";
import { layoutOf, withDirectory } from "../../src/source/layout_fixture.ts";
import { openImage } from "../../src/transport/open_image.ts";
import { hostPlatform } from "../../src/source/host_platform.ts";

const LAYER_COUNT = 7;

/** Bytes that do not compress, the same in every run. */
function noise(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed * 2654435761 >>> 0 || 1;
  for (let i = 0; i < size; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

/** Layers longer than a turn, more than there are lanes, that hide and link one another's files. */
function bigLayout() {
  const layers = Array.from({ length: LAYER_COUNT }, (_, i) => {
    const entries: TarEntryInit[] = [{ path: `layer${i}/`, type: "5" }];
    for (let f = 0; f < 12; f++) {
      entries.push({
        path: `layer${i}/file${f}`,
        body: noise(100_000 + 77_777 * f, i * 100 + f + 1),
      });
    }
    // Longer than a turn, so that turns of other layers come between its parts.
    entries.push({ path: `large${i}`, body: noise(5_000_001 + 1_234_567 * i, i + 500) });
    entries.push({ path: "shared", body: noise(300_000, i + 1000) });
    entries.push({ path: "twice", body: noise(50_000, i + 2000) });
    entries.push({ path: "twice", body: noise(60_000, i + 3000) });
    if (i > 0) {
      entries.push({ path: `link${i}`, type: "1", target: `layer${i - 1}/file3` });
      entries.push({ path: `layer${i - 1}/.wh.file4` });
    }
    const compression = (["gzip", "zstd", "none"] as const)[i % 3];
    return { tar: tarArchive(entries), compression };
  });
  return layoutOf({ layers, platform: hostPlatform() });
}

const FORMATS: Readonly<Record<string, () => ImageFormat<unknown>>> = {
  erofs: () => erofs({ label: "same" }),
  "erofs, compressed": () => erofs({ compression: "lz4", compressionWorkers: 1 }),
};

async function sha256Of(
  reference: string,
  output: string,
  options: ConvertOptions,
  format: ImageFormat<unknown> = ext4({ label: "same" }),
) {
  const image = await openImage(reference);
  try {
    await convert(image, format, fileSink(output), options);
  } finally {
    await image.close();
  }
  return createHash("sha256").update(readFileSync(output)).digest("hex");
}

Deno.test("convert() makes the same bytes for any number of workers and any memory", async () => {
  await withDirectory(async (directory) => {
    const layout = bigLayout();
    const path = layout.writeDirectory(join(directory, "layout"));
    const archive = join(directory, "image.tar");
    writeFileSync(archive, layout.toArchive());
    const output = join(directory, "out.ext4");
    const reference = await sha256Of(path, output, { workers: 0 });
    for (const workers of [1, 2, 4, 9]) {
      strictEqual(await sha256Of(path, output, { workers }), reference, `${workers} workers`);
    }
    for (const memoryBytes of [1, 1024 * 1024, 256 * 1024 * 1024]) {
      const options = { workers: 2, memoryBytes };
      strictEqual(await sha256Of(path, output, options), reference, `${memoryBytes} bytes`);
    }
    strictEqual(await sha256Of(archive, output, { workers: 2 }), reference, "from the archive");
  });
});

// Formats whose files come by turns in ways of their own.
for (const [name, format] of Object.entries(FORMATS)) {
  Deno.test(`convert() makes the same bytes of ${name} for any number of workers`, async () => {
    await withDirectory(async (directory) => {
      const path = bigLayout().writeDirectory(join(directory, "layout"));
      const output = join(directory, "out");
      const digests = new Set<string>();
      for (const workers of [0, 1, 2]) {
        digests.add(await sha256Of(path, output, { workers }, format()));
      }
      strictEqual(digests.size, 1);
    });
  });
}

Deno.test("convert() ends all workers and names the layer when one blob is damaged", async () => {
  await withDirectory(async (directory) => {
    const path = bigLayout().writeDirectory(join(directory, "layout"));
    const output = join(directory, "out.ext4");
    const opened = await openImage(path);
    const { job, name } = opened.layers[3];
    await opened.close();
    if (job.kind !== "tar" || job.location.kind !== "file") {
      throw new Error("the layer is no file");
    }
    const bytes = readFileSync(job.location.path);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(job.location.path, bytes);
    for (const workers of [0, 1, 2, 4]) {
      await rejects(sha256Of(path, output, { workers }), (error) => {
        strictEqual(error instanceof ImageError && error.code, "DIGEST_MISMATCH");
        strictEqual((error as ImageError).where.layer, name);
        return true;
      });
      strictEqual(readdirSync(directory).join(), "layout", "something was left behind");
    }
  });
});

Deno.test("convert() ends all workers when it is cancelled", async () => {
  await withDirectory(async (directory) => {
    const path = bigLayout().writeDirectory(join(directory, "layout"));
    const output = join(directory, "out.ext4");
    for (const workers of [0, 2]) {
      const controller = new AbortController();
      const reason = new Error("enough");
      const options = {
        workers,
        signal: controller.signal,
        onProgress: () => controller.abort(reason),
      };
      await rejects(sha256Of(path, output, options), (error) => error === reason);
      strictEqual(readdirSync(directory).join(), "layout", "something was left behind");
    }
  });
});

Deno.test("holes of a directory's files, which a copy changes, change no image", async () => {
  await withDirectory(async (directory) => {
    const found: string[] = [];
    for (const isStored of [false, true]) {
      const root = join(directory, `${isStored}`);
      mkdirSync(root);
      const path = join(root, "file");
      // The middle is a hole, or zeros.
      writeFileSync(path, isStored ? new Uint8Array(3_000_000) : noise(5000, 1));
      using file = Deno.openSync(path, { read: true, write: true });
      file.writeSync(noise(5000, 1));
      file.seekSync(3_000_000, Deno.SeekMode.Start);
      file.writeSync(noise(70_000, 2));
      file.truncateSync(3_070_100);
      for (const it of [path, root]) utimesSync(it, 1_000_000_000, 1_000_000_000);
      const digests: string[] = [];
      for (const format of [ext4(), erofs(), squashfs({ onLoss: "report" }), tar()]) {
        const output = join(directory, format.name);
        const made = format as ImageFormat<unknown>;
        digests.push(await sha256Of(`dir:${root}`, output, {}, made));
        if (format.name === "ext4") {
          digests.push(await sha256Of(output, `${output}.erofs`, {}, erofs()));
        }
      }
      found.push(digests.join("\n"));
    }
    strictEqual(found[0], found[1]);
  });
});
