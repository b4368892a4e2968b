/**
 * Blobs by descriptor: the one thing that an image source has to bring along. Manifest, platform
 * choice and layers are worked out from it for all sources alike.
 *
 * @module
 */
import type { BlobDelivery, BlobLocation } from "../layer/layer.ts";
import type { Descriptor } from "../oci/descriptor.ts";

/** Gives blobs by their descriptors. */
export interface BlobStore {
  /** Where it is, for messages. */
  readonly name: string;
  /**
   * A manifest, index or configuration, with size and digest verified.
   *
   * Throws `ImageError` `NOT_FOUND`, `DIGEST_MISMATCH`, `LIMIT_EXCEEDED`, or for a malformed
   * digest `CORRUPT` or `UNSUPPORTED`.
   */
  readDocument(descriptor: Descriptor): Promise<Uint8Array>;
  /**
   * Where a layer's bytes are. Its size was compared; its digest is for who reads it.
   *
   * Throws like `readDocument`.
   */
  locate(descriptor: Descriptor): Promise<BlobLocation>;
  /** Who brings the bytes of a blob that was located; `undefined` where they are simply there. */
  delivery?(descriptor: Descriptor): BlobDelivery | undefined;
}
