/**
 * The 512-byte tar header: where its fields are and how its checksum is made.
 *
 * Layout: POSIX.1-1988 ustar (`pax(1)`, "ustar Interchange Format"), with the fields that GNU tar
 * puts in the place of the prefix ("Basic Tar Format" in its manual).
 *
 * @module
 */
import { type ByteString, byteStringFrom } from "../../bytes/byte_string.ts";
import { readTarNumber } from "./tar_number.ts";

/** Bytes of a header, and the unit to which every body is padded. */
export const BLOCK_SIZE = 512;

/** Offset and width of each field in the header. */
export const HeaderField = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  typeFlag: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  deviceMajor: [329, 8],
  deviceMinor: [337, 8],
  prefix: [345, 155],
} as const;

const CHECKSUM_AT = HeaderField.checksum[0];
const CHECKSUM_END = CHECKSUM_AT + HeaderField.checksum[1];

/** `true` when the block at `at` is zeros, as the two blocks at the end of an archive are. */
export function isZeroBlock(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + BLOCK_SIZE; i++) if (bytes[i] !== 0) return false;
  return true;
}

/**
 * The sum of all header bytes with the checksum field counted as spaces. Writers of old summed
 * signed chars, which differs where a byte has its top bit set.
 */
export function headerSum(bytes: Uint8Array, at: number, signed: boolean): number {
  let sum = 0;
  // Eight at a time take half as long, and every header of an archive comes by here.
  for (let i = at; i < at + BLOCK_SIZE; i += 8) {
    sum += bytes[i] + bytes[i + 1] + bytes[i + 2] + bytes[i + 3] +
      bytes[i + 4] + bytes[i + 5] + bytes[i + 6] + bytes[i + 7];
  }
  for (let i = at + CHECKSUM_AT; i < at + CHECKSUM_END; i++) sum += 0x20 - bytes[i];
  if (signed) {
    for (let i = 0; i < BLOCK_SIZE; i++) {
      const inChecksum = i >= CHECKSUM_AT && i < CHECKSUM_END;
      if (!inChecksum && bytes[at + i] >= 0x80) sum -= 0x100;
    }
  }
  return sum;
}

/** The checksum that the header states; throws `ImageError` `CORRUPT` where it is no number. */
export function statedChecksum(bytes: Uint8Array, at: number): number {
  return readTarNumber(bytes, at + CHECKSUM_AT, HeaderField.checksum[1], "checksum");
}

/** `true` when the block at `at` is a header whose checksum is right. */
export function isTarHeader(bytes: Uint8Array, at: number): boolean {
  for (let i = at + CHECKSUM_AT; i < at + CHECKSUM_END; i++) {
    const byte = bytes[i];
    if (!(byte >= 0x30 && byte <= 0x37) && byte !== 0x20 && byte !== 0) return false;
  }
  const stated = statedChecksum(bytes, at);
  return stated === headerSum(bytes, at, false) || stated === headerSum(bytes, at, true);
}

/** The text of a field: up to its first NUL, or all of it. */
export function readTarText(bytes: Uint8Array, at: number, width: number): ByteString {
  let end = at;
  while (end < at + width && bytes[end] !== 0) end++;
  return end === at ? "" : byteStringFrom(bytes, at, end);
}

/** `true` when the header has the POSIX magic `ustar` NUL, so that the prefix field counts. */
export function hasPrefixField(bytes: Uint8Array, at: number): boolean {
  const magic = at + HeaderField.magic[0];
  return bytes[magic] === 0x75 && bytes[magic + 1] === 0x73 && bytes[magic + 2] === 0x74 &&
    bytes[magic + 3] === 0x61 && bytes[magic + 4] === 0x72 && bytes[magic + 5] === 0;
}

/** The name in the header itself: `prefix/name` where there is a prefix, else `name`. */
export function readHeaderName(bytes: Uint8Array, at: number): ByteString {
  const name = readTarText(bytes, at + HeaderField.name[0], HeaderField.name[1]);
  const prefixAt = at + HeaderField.prefix[0];
  if (bytes[prefixAt] === 0 || !hasPrefixField(bytes, at)) return name;
  return `${readTarText(bytes, prefixAt, prefixWidth(bytes, at))}/${name}`;
}

/** Bytes of the prefix: star ends it at 131 and keeps times behind it, marked by `tar` NUL. */
function prefixWidth(bytes: Uint8Array, at: number): number {
  const isStar = bytes[at + 508] === 0x74 && bytes[at + 509] === 0x61 &&
    bytes[at + 510] === 0x72 && bytes[at + 511] === 0;
  return isStar ? 131 : HeaderField.prefix[1];
}
