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
  // Files name their objects as /XX/REST.
  const nameSize = 2 * VERITY_DIGEST_SIZES[store.algorithm] + 2;
  const source = store.open(id);
  try {
    const piece = new Uint8Array(PIECE_SIZE);
    for (let position = 0;;) {
      const count = source.read(piece, position);
      const text = byteStringFrom(piece, 0, count);
      for (let at = text.indexOf("/"); at >= 0; at = text.indexOf("/", at + 1)) {
        if (text[at + 3] !== "/" || !isHex(text, at + 1, at + 3)) continue;
        if (present.hasPath(text.slice(at + 1, at + nameSize))) at += nameSize - 1;
        else if (isHex(text, at + 4, at + nameSize)) return false;
      }
      if (count < PIECE_SIZE) return true;
      // A name may stand across the end.
      position += count - nameSize + 1;
    }
  } finally {
    source.close();
  }
}

/** Whether `[start, end)` are hexadecimal digits. */
function isHex(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const char = text.charCodeAt(i);
    if (!(char >= 0x30 && char <= 0x39) && !(char >= 0x61 && char <= 0x66)) return false;
  }
  return true;
}
