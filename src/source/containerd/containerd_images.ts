/**
 * The images that containerd knows, from its metadata database: bucket `v1`, in it a bucket for
 * each namespace, in it `images` (containerd `metadata/buckets.go`).
 *
 * @module
 */
import { bytesOf, type ByteString, byteStringFrom } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { fileSource } from "../../io/file_source.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { quote } from "../../oci/quote.ts";
import { type BoltBucket, BoltDatabase } from "./bolt_database.ts";

/** An image by its name. */
export interface ContainerdImage {
  /** The namespace it is in, as `default`, `k8s.io` or `moby`. */
  readonly namespace: string;
  /** Its name, as `docker.io/library/nginx:1.27`. */
  readonly name: string;
  /** Its manifest or index. */
  readonly target: Descriptor;
}

const SCHEMA_VERSION = "v1";
/** Most images that are read. */
const MOST_IMAGES = 100_000;
/** How often a database is read again that is written meanwhile. */
const MOST_TRIES = 5;

/**
 * Reads all images of all namespaces from the database at `path`, which containerd may be using.
 *
 * Throws `ImageError` `CORRUPT`, `LIMIT_EXCEEDED`, `NOT_FOUND`, `PERMISSION` or `IO`.
 */
export function readContainerdImages(path: string): ContainerdImage[] {
  for (let tries = 1;; tries++) {
    const source = fileSource(path);
    try {
      const database = new BoltDatabase(source);
      let images: ContainerdImage[] | null = null;
      let error: unknown = null;
      try {
        images = imagesIn(database.root, path);
      } catch (cause) {
        error = cause;
      }
      // What was read while pages came to new use is no error yet.
      if (!database.isCurrent() && tries < MOST_TRIES) continue;
      if (images === null) throw error;
      return images;
    } finally {
      source.close();
    }
  }
}

function imagesIn(root: BoltBucket, path: string): ContainerdImage[] {
  const schema = root.bucket(SCHEMA_VERSION);
  if (schema === null) throw failure(path, `it has no bucket ${SCHEMA_VERSION}`, "one");
  const images: ContainerdImage[] = [];
  for (const { key: namespace, value } of schema.entries()) {
    if (value instanceof Uint8Array) continue; // The version of the schema.
    for (const { key, value: image } of value.bucket("images")?.entries() ?? []) {
      if (image instanceof Uint8Array) continue;
      if (images.length === MOST_IMAGES) {
        throw new ImageError(
          "LIMIT_EXCEEDED",
          `Cannot read database ${quote(path)}: it has more images, expected at most ` +
            `${MOST_IMAGES}`,
        );
      }
      const name = text(key);
      images.push({ namespace: text(namespace), name, target: targetOf(image, name, path) });
    }
  }
  return images;
}

function targetOf(image: BoltBucket, name: string, path: string): Descriptor {
  const target = image.bucket("target");
  const digest = target?.value("digest") ?? null;
  const mediaType = target?.value("mediatype") ?? null;
  const size = target?.value("size") ?? null;
  if (digest === null || mediaType === null || size === null) {
    throw failure(path, `image ${quote(name)} has no target`, "digest, mediatype and size");
  }
  return {
    mediaType: text(byteStringFrom(mediaType)),
    digest: text(byteStringFrom(digest)),
    size: readVarint(size, name, path),
    urls: [],
    annotations: {},
    data: null,
    platform: null,
    artifactType: "",
  };
}

/** A signed number of Go's `encoding/binary`: seven bits a byte, the lowest bit is the sign. */
function readVarint(bytes: Uint8Array, name: string, path: string): number {
  let value = 0;
  let factor = 1;
  for (const byte of bytes) {
    value += byte % 128 * factor;
    if (byte < 128) break;
    factor *= 128;
  }
  if (value % 2 !== 0 || value / 2 > Number.MAX_SAFE_INTEGER / 2) {
    throw failure(path, `the size of image ${quote(name)} is no size`, "a number of bytes");
  }
  return value / 2;
}

/** Names are UTF-8 here; what is not shows as U+FFFD and is found by no reference. */
function text(bytes: ByteString): string {
  return new TextDecoder().decode(bytesOf(bytes));
}

function failure(path: string, observed: string, expected: string): ImageError {
  return new ImageError(
    "CORRUPT",
    `Cannot read database ${quote(path)}: ${observed}, expected ${expected}`,
    { where: { source: path } },
  );
}
