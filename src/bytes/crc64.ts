/**
 * CRC-64 of ISO 3309 (polynomial x^64 + x^4 + x^3 + x + 1, reflected, inverted before and after):
 * the checksum that tar-split keeps of files, as Go's `hash/crc64` makes it.
 *
 * The polynomial is so short that no table is needed: x^64 is x^4 + x^3 + x + 1, so that moving the
 * sum on by eight bytes is to add it to itself, shifted by 1, 3 and 4.
 *
 * @module
 */

/** A checksum in the making. */
export class Crc64 {
  // Reflected: bit 0 of `low` is the coefficient of x^63.
  #low = -1;
  #high = -1;

  /** Adds the next bytes. */
  update(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let low = this.#low;
    let high = this.#high;
    let i = 0;
    for (; i + 8 <= bytes.length; i += 8) {
      low ^= view.getInt32(i, true);
      high ^= view.getInt32(i + 4, true);
      // The terms that leave by the shifts are x^64 and more: they are reduced in turn.
      const over = low << 31 ^ low << 29 ^ low << 28;
      low ^= (low >>> 1 | high << 31) ^ (low >>> 3 | high << 29) ^ (low >>> 4 | high << 28);
      high ^= high >>> 1 ^ high >>> 3 ^ high >>> 4;
      high ^= over ^ over >>> 1 ^ over >>> 3 ^ over >>> 4;
    }
    for (; i < bytes.length; i++) {
      const over = (low ^ bytes[i]) << 24;
      low = low >>> 8 | high << 24;
      high = high >>> 8 ^ over ^ over >>> 1 ^ over >>> 3 ^ over >>> 4;
    }
    this.#low = low;
    this.#high = high;
  }

  /** The checksum of all bytes up to now, big-endian. */
  digest(): Uint8Array<ArrayBuffer> {
    const view = new DataView(new ArrayBuffer(8));
    view.setInt32(0, ~this.#high);
    view.setInt32(4, ~this.#low);
    return new Uint8Array(view.buffer);
  }
}
