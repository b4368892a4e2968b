/**
 * GUIDs: the UUIDs of partition tables, whose first three groups are little-endian on disk (UEFI
 * specification, appendix A).
 *
 * @module
 */

/** Bytes of a GUID or UUID. */
export const GUID_SIZE = 16;

const PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The bytes of a UUID in its usual form, in the order of its text. Throws `RangeError`. */
export function parseUuid(text: string): Uint8Array<ArrayBuffer> {
  if (!PATTERN.test(text)) {
    throw new RangeError(
      `Cannot use UUID "${text}", expected 32 hexadecimal digits in 5 groups`,
    );
  }
  return Uint8Array.fromHex(text.replaceAll("-", ""));
}

/** The usual form of the UUID in `bytes`, which are in the order of the text. */
export function formatUuid(bytes: Uint8Array): string {
  const hex = bytes.toHex();
  return [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]].map(([start, end]) =>
    hex.slice(start, end)
  ).join("-");
}

/** From the order of the text to that of a partition table, or back. */
export function swapGuid(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  return Uint8Array.from(order, (i) => bytes[i]);
}
