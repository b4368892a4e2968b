/**
 * Image layouts made by hand from tar archives, for what no tool makes.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readSync, renameSync, writeFileSync } from "node:fs";
import { gzipSync, zstdCompressSync } from "node:zlib";

/** How a layer is stored. */
export type HandmadeCompression = "none" | "gzip" | "zstd";

/** A layer: the bytes of its tar, or a file that becomes its blob as it is. */
export type HandmadeLayer =
  | { readonly tar: Uint8Array; readonly compression?: HandmadeCompression }
  | {
    /** The file is moved into the layout; it must be on the same filesystem. */
    readonly file: string;
    readonly compression: HandmadeCompression;
    /** Digest of the uncompressed tar. */
    readonly diffId: string;
  };

/** One image of a layout. */
export interface HandmadeImage {
  /** Its tag. */
  readonly tag: string;
  /** Its layers, base first. */
  readonly layers: readonly HandmadeLayer[];
  /** When it says it was made, as RFC 3339; 2026-01-02T03:04:05Z when absent. */
  readonly created?: string;
  /** Processor in Go's names; the machine's own when absent. */
  readonly architecture?: string;
  /** What a container runs: the member `config` of its configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const OCI = "application/vnd.oci.image";
const LAYER_SUFFIX: Record<HandmadeCompression, string> = {
  none: "",
  gzip: "+gzip",
  zstd: "+zstd",
};

/** Writes a new image layout with `images`. */
export function writeLayout(directory: string, images: readonly HandmadeImage[]): void {
  mkdirSync(`${directory}/blobs/sha256`, { recursive: true });
  const manifests = images.map((image) => ({
    ...writeImage(directory, image),
    annotations: { "org.opencontainers.image.ref.name": image.tag },
  }));
  const index = { schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests };
  writeFileSync(`${directory}/index.json`, JSON.stringify(index));
  writeFileSync(`${directory}/oci-layout`, JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

/** sha256 of a file as a digest, read in pieces. */
export function fileDigest(path: string): { digest: string; size: number } {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(1024 * 1024);
  const file = openSync(path, "r");
  let size = 0;
  try {
    for (;;) {
      const byteCount = readSync(file, buffer);
      if (byteCount === 0) break;
      hash.update(buffer.subarray(0, byteCount));
      size += byteCount;
    }
  } finally {
    closeSync(file);
  }
  return { digest: `sha256:${hash.digest("hex")}`, size };
}

function writeImage(directory: string, image: HandmadeImage): Descriptor {
  const layers = image.layers.map((layer) => writeLayer(directory, layer));
  const config = writeJson(directory, `${OCI}.config.v1+json`, {
    created: image.created ?? "2026-01-02T03:04:05Z",
    architecture: image.architecture ?? (Deno.build.arch === "aarch64" ? "arm64" : "amd64"),
    os: "linux",
    config: image.config ?? {},
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
  });
  return writeJson(directory, `${OCI}.manifest.v1+json`, {
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config,
    layers: layers.map(({ descriptor }) => descriptor),
  });
}

function writeLayer(
  directory: string,
  layer: HandmadeLayer,
): { descriptor: Descriptor; diffId: string } {
  const compression = layer.compression ?? "gzip";
  const mediaType = `${OCI}.layer.v1.tar${LAYER_SUFFIX[compression]}`;
  if ("file" in layer) {
    const { digest, size } = fileDigest(layer.file);
    renameSync(layer.file, blobPath(directory, digest));
    return { descriptor: { mediaType, digest, size }, diffId: layer.diffId };
  }
  const blob = compress(layer.tar, compression);
  return { descriptor: writeBlob(directory, mediaType, blob), diffId: digestOf(layer.tar) };
}

function compress(bytes: Uint8Array, compression: HandmadeCompression): Uint8Array {
  if (compression === "none") return bytes;
  return compression === "gzip" ? gzipSync(bytes) : zstdCompressSync(bytes);
}

function writeJson(directory: string, mediaType: string, value: unknown): Descriptor {
  return writeBlob(directory, mediaType, new TextEncoder().encode(JSON.stringify(value)));
}

function writeBlob(directory: string, mediaType: string, bytes: Uint8Array): Descriptor {
  const digest = digestOf(bytes);
  writeFileSync(blobPath(directory, digest), bytes);
  return { mediaType, digest, size: bytes.length };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function blobPath(directory: string, digest: string): string {
  return `${directory}/blobs/${digest.replace(":", "/")}`;
}
