/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82F63B78) without final inversion, chained by its
 * running value: the form that ext4's `metadata_csum` uses.
 *
 * @module
 */

// Slice-by-8: TABLES[k * 256 + b] is the CRC of byte b followed by k zero bytes.
const TABLES = makeTables();

function makeTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const previous = tables[i - 256];
    tables[i] = (previous >>> 8) ^ tables[previous & 0xff];
  }
  return tables;
}

/**
 * Continues `crc` (start with `0xffffffff`) over bytes `[start, end)` and returns the running
 * value as an unsigned 32-bit number; nothing is inverted at the end.
 */
export function crc32c(crc: number, bytes: Uint8Array, start = 0, end = bytes.length): number {
  const t = TABLES;
  let i = start;
  for (; i + 8 <= end; i += 8) {
    const low = crc ^ (bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | bytes[i + 3] << 24);
    crc = t[1792 + (low & 0xff)] ^ t[1536 + (low >>> 8 & 0xff)] ^
      t[1280 + (low >>> 16 & 0xff)] ^ t[1024 + (low >>> 24)] ^
      t[768 + bytes[i + 4]] ^ t[512 + bytes[i + 5]] ^ t[256 + bytes[i + 6]] ^ t[bytes[i + 7]];
  }
  for (; i < end; i++) crc = crc >>> 8 ^ t[(crc ^ bytes[i]) & 0xff];
  return crc >>> 0;
}

/** Continues `crc` over the four little-endian bytes of `word`. */
export function crc32cU32(crc: number, word: number): number {
  const t = TABLES;
  const low = crc ^ word;
  return (t[768 + (low & 0xff)] ^ t[512 + (low >>> 8 & 0xff)] ^ t[256 + (low >>> 16 & 0xff)] ^
    t[low >>> 24]) >>> 0;
}

/** Continues `crc` over the two little-endian bytes of `word`. */
export function crc32cU16(crc: number, word: number): number {
  const t = TABLES;
  const low = crc ^ word;
  return (crc >>> 16 ^ t[256 + (low & 0xff)] ^ t[low >>> 8 & 0xff]) >>> 0;
}
