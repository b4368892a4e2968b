/**
 * Descriptors: references to blobs by type, digest and size (image-spec `descriptor.md`).
 *
 * @module
 */
import { Buffer } from "node:buffer";
import * as v from "valibot";
import { ImageError } from "../image_error.ts";
import { digestOf, parseDigest } from "./digest.ts";
import { optionalText, optionalTextMap, optionalTexts, sizeBytes } from "./fields.ts";
import type { Platform } from "./platform.ts";
import { quote } from "./quote.ts";

/** A reference to a blob. */
export interface Descriptor {
  /** What the blob is; empty where the document does not say. */
  readonly mediaType: string;
  /** Digest of the blob as stored, not yet parsed: see `parseDigest`. */
  readonly digest: string;
  /** Bytes of the blob. */
  readonly size: number;
  /** Other places to load it from. */
  readonly urls: readonly string[];
  /** Free notes, as the tag of an image. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The blob itself in base64, `null` where it is not embedded. */
  readonly data: string | null;
  /** In an index: what the manifest is for, `null` where it does not say. */
  readonly platform: Platform | null;
  /** Type of what is no image, empty for images. */
  readonly artifactType: string;
}

const platformSchema = v.pipe(
  v.object({ os: optionalText, architecture: optionalText, variant: optionalText }),
  v.transform(({ os, architecture, variant }): Platform | null => {
    // Some tools write the object with empty fields where they do not know the platform.
    if (os === "" || architecture === "") return null;
    return variant === "" ? { os, architecture } : { os, architecture, variant };
  }),
);

/** The schema of a descriptor inside another document. */
export const descriptorSchema = v.object({
  mediaType: optionalText,
  digest: v.string(),
  size: sizeBytes,
  urls: optionalTexts,
  annotations: optionalTextMap,
  data: v.nullish(v.string(), null),
  platform: v.nullish(platformSchema, null),
  artifactType: optionalText,
});

/**
 * Checks a whole blob against its descriptor.
 *
 * Throws `ImageError` `DIGEST_MISMATCH` when size or digest differ, and what `parseDigest` throws.
 */
export function verifyBlob(bytes: Uint8Array, descriptor: Descriptor): void {
  const { algorithm } = parseDigest(descriptor.digest);
  checkBlobSize(bytes.length, descriptor);
  const observed = digestOf(bytes, algorithm);
  if (observed !== descriptor.digest) {
    throw new ImageError(
      "DIGEST_MISMATCH",
      `Cannot read blob ${quote(descriptor.digest)}: its digest is ${observed}, expected ` +
        descriptor.digest,
    );
  }
}

/** Throws `ImageError` `DIGEST_MISMATCH` unless a blob has the size of its descriptor. */
export function checkBlobSize(sizeBytes: number, descriptor: Descriptor): void {
  if (sizeBytes !== descriptor.size) {
    throw new ImageError(
      "DIGEST_MISMATCH",
      `Cannot read blob ${quote(descriptor.digest)}: it has ${sizeBytes} bytes, expected ` +
        `${descriptor.size}`,
    );
  }
}

/**
 * The blob that a descriptor embeds in its `data` field, verified; `null` where there is none.
 *
 * Throws `ImageError` `CORRUPT` when it is not base64 and `DIGEST_MISMATCH` when it is another
 * blob.
 */
export function embeddedBlob(descriptor: Descriptor): Uint8Array<ArrayBuffer> | null {
  const { data } = descriptor;
  if (data === null) return null;
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(data)) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read data of descriptor ${
        quote(descriptor.digest)
      }: it is malformed, expected base64`,
    );
  }
  const bytes = new Uint8Array(Buffer.from(data, "base64"));
  verifyBlob(bytes, descriptor);
  return bytes;
}
