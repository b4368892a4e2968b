/**
 * The objects that the bytes of an image name, without reading its tree.
 *
 * @module
 */
import { byteStringFrom } from "../../bytes/byte_string.ts";
import { VERITY_DIGEST_SIZES } from "../../fsverity/verity_algorithm.ts";
import type { ObjectId } from "./object_id.ts";
import type { ObjectListing } from "./object_listing.ts";
import type { ObjectStore } from "./object_store.ts";

/** Bytes of one read. */
const PIECE_SIZE = 1024 * 1024;

/**
 * Whether all objects that the image `id` needs are there, of which `present` is the list. Bytes that
 * look like the name of one count too, so that `false` may be wrong. Throws `ImageError`.
 */
export function hasNamedObjects(
  store: ObjectStore,
  id: ObjectId,
  present: ObjectListing,
): boolean {
  const restSize = 2 * VERITY_DIGEST_SIZES[store.algorithm] - 2;
  // Files name their objects as /XX/REST.
  const names = new RegExp(`/([0-9a-f]{2})/([0-9a-f]{${restSize}})`, "g");
  const nameSize = restSize + "/XX/".length;
  const source = store.open(id);
  try {
    const piece = new Uint8Array(PIECE_SIZE);
    for (let position = 0;;) {
      const count = source.read(piece, position);
      for (const [, head, rest] of byteStringFrom(piece, 0, count).matchAll(names)) {
        if (!present.has(head + rest)) return false;
      }
      if (count < PIECE_SIZE) return true;
      // A name may stand across the end.
      position += count - nameSize + 1;
    }
  } finally {
    source.close();
  }
}
