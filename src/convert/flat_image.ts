/**
 * Any image as one of a single layer that is a tar: for what keeps layers, where a source has only
 * files.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { tar } from "../format/tar/format.ts";
import { fileSink } from "../io/file_sink.ts";
import { fileSource } from "../io/file_source.ts";
import { parseConfig } from "../oci/config.ts";
import { hostPlatform } from "../source/host_platform.ts";
import type { Image } from "../source/image.ts";
import { convert, type ConvertOptions } from "./convert.ts";

/** Bytes of one read. */
const READ_SIZE = 256 * 1024;

/** Options of {@linkcode flatImage}. */
export type FlatImageOptions = Pick<ConvertOptions, "signal" | "workers" | "onNotice">;

/**
 * Writes all files of `image` as a tar to `path` and answers the image of that layer; its
 * configuration is that of `image`, but for the layers and their history. Both are the caller's to
 * give back.
 *
 * Rejects as {@linkcode convert}.
 */
export async function flatImage(
  image: Image,
  path: string,
  options: FlatImageOptions = {},
): Promise<Image> {
  await convert(image, tar(), fileSink(path), options);
  const { digest: diffId, size } = digestOfFile(path);
  const config = new TextEncoder().encode(JSON.stringify(configOf(image, diffId)));
  const parsed = parseConfig(config, "made of files");
  return {
    reference: image.reference,
    digest: null,
    config: parsed.config,
    platform: parsed.platform,
    documents: { config },
    layers: [{
      index: 0,
      name: "0 (all files)",
      size,
      job: {
        kind: "tar",
        location: { kind: "file", path, offset: 0 },
        size,
        declaredCompression: "none",
        digest: null,
        diffId,
      },
    }],
    annotations: image.annotations,
    notices: image.notices,
    close: () => Promise.resolve(),
  };
}

function configOf(image: Image, diffId: string): Record<string, unknown> {
  const raw = image.config?.raw;
  const known = typeof raw === "object" && raw !== null ? { ...raw } : {};
  const { history: _, ...fields } = known as Record<string, unknown>;
  const { os, architecture } = image.platform ?? hostPlatform();
  return { os, architecture, ...fields, rootfs: { type: "layers", diff_ids: [diffId] } };
}

function digestOfFile(path: string): { digest: string; size: number } {
  const source = fileSource(path);
  try {
    const hash = createHash("sha256");
    const piece = new Uint8Array(READ_SIZE);
    for (let position = 0; position < source.size;) {
      const count = source.read(piece, position);
      hash.update(piece.subarray(0, count));
      position += count;
    }
    return { digest: `sha256:${hash.digest("hex")}`, size: source.size };
  } finally {
    source.close();
  }
}
