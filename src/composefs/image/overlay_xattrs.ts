/**
 * The attributes by which overlayfs finds the objects of a composefs image, and the names of those
 * that stand for attributes of the tree itself (`Documentation/filesystems/overlayfs.rst`).
 *
 * @module
 */
import { bytesOf, type ByteString } from "../../bytes/byte_string.ts";
import {
  VERITY_ALGORITHM_NUMBERS,
  VERITY_DIGEST_SIZES,
  verityAlgorithmOf,
} from "../../fsverity/verity_algorithm.ts";
import { objectPath } from "../../tree/object_content.ts";

/** Attributes with this prefix are read by overlayfs. */
const PREFIX = "trusted.overlay.";
/** Overlayfs shows attributes with this prefix with the former. */
const ESCAPED_PREFIX = "trusted.overlay.overlay.";

/** The file has its bytes in a lower layer; the value has its fs-verity digest. */
export const METACOPY = "trusted.overlay.metacopy";
/** Where in the lower layer. */
export const REDIRECT = "trusted.overlay.redirect";
/** With `y`: a directory that hides those of lower layers. */
export const OPAQUE = "trusted.overlay.opaque";
/** Attributes of a file that stands for a whiteout of the tree. */
export const WHITEOUT_MARKS: readonly ByteString[] = [
  "trusted.overlay.overlay.whiteout",
  "user.overlay.whiteout",
];
/** Attributes of a directory with such files. */
export const WHITEOUTS_MARKS: readonly ByteString[] = [
  "trusted.overlay.overlay.whiteouts",
  "user.overlay.whiteouts",
];
/** Attributes of such a directory since version 1, with the value `x`. */
export const OPAQUE_MARKS: readonly ByteString[] = [
  "trusted.overlay.overlay.opaque",
  "user.overlay.opaque",
];

/** Digits of a digest. */
const HEX_SIZES = Object.values(VERITY_DIGEST_SIZES).map((size) => 2 * size);
/** Bytes of a metacopy value before the digest (`struct ovl_metacopy`). */
const METACOPY_HEADER_SIZE = 4;

/** The name under which an attribute of the tree is stored. */
export function escapeOverlayName(name: ByteString): ByteString {
  return name.startsWith(PREFIX) ? ESCAPED_PREFIX + name.slice(PREFIX.length) : name;
}

/** The attribute of the tree that is stored under a name; `null` where it is one of overlayfs. */
export function unescapeOverlayName(name: ByteString): ByteString | null {
  if (name.startsWith(ESCAPED_PREFIX)) return PREFIX + name.slice(ESCAPED_PREFIX.length);
  return name.startsWith(PREFIX) ? null : name;
}

/** The value of `METACOPY` for an object with that fs-verity digest, or without one if it is empty. */
export function metacopyValue(digest: string): ByteString {
  if (digest === "") return "";
  const bytes = Buffer.from(digest, "hex");
  const algorithm = bytes.length === VERITY_DIGEST_SIZES.sha256 ? "sha256" : "sha512";
  const head = [0, METACOPY_HEADER_SIZE + bytes.length, 0, VERITY_ALGORITHM_NUMBERS[algorithm]];
  return String.fromCharCode(...head) + bytes.toString("latin1");
}

/** The digest in a value of `METACOPY`, empty where it has none, `null` where it is malformed. */
export function digestOfMetacopy(value: ByteString): string | null {
  if (value === "") return "";
  const bytes = bytesOf(value);
  const algorithm = verityAlgorithmOf(bytes[3]);
  if (
    algorithm === null || bytes.length !== METACOPY_HEADER_SIZE + VERITY_DIGEST_SIZES[algorithm]
  ) {
    return null;
  }
  if (bytes[0] !== 0 || bytes[1] !== bytes.length || bytes[2] !== 0) return null;
  return bytes.subarray(METACOPY_HEADER_SIZE).toHex();
}

/** The key by which the value of `REDIRECT` goes that names the path of an object. */
export function redirectKey(path: ByteString): ByteString {
  const digest = path.slice(0, 2) + path.slice(3);
  const isOwnPath = HEX_SIZES.includes(digest.length) && path === objectPath(digest);
  return isOwnPath && !digest.startsWith("/") ? digest : `/${path}`;
}

/** The value of `REDIRECT` that goes by a key: a path, or the digest of an object at its own path. */
export function redirectOfKey(key: ByteString): ByteString {
  return key.startsWith("/") ? key : `/${objectPath(key)}`;
}
