/**
 * Runs of bits in a byte array, lowest bit of each byte first.
 *
 * @module
 */

/** Sets bits `[start, end)` of the bitmap that begins at byte `at`. */
export function setBits(bytes: Uint8Array, at: number, start: number, end: number): void {
  if (start >= end) return;
  const first = at + (start >>> 3);
  const last = at + ((end - 1) >>> 3);
  const head = 0xff << (start & 7) & 0xff;
  const tail = 0xff >>> 7 - ((end - 1) & 7);
  if (first === last) {
    bytes[first] |= head & tail;
    return;
  }
  bytes[first] |= head;
  bytes.fill(0xff, first + 1, last);
  bytes[last] |= tail;
}

/** Clears bits `[start, end)` of the bitmap that begins at byte `at`. */
export function clearBits(bytes: Uint8Array, at: number, start: number, end: number): void {
  if (start >= end) return;
  const first = at + (start >>> 3);
  const last = at + ((end - 1) >>> 3);
  const head = 0xff << (start & 7) & 0xff;
  const tail = 0xff >>> 7 - ((end - 1) & 7);
  if (first === last) {
    bytes[first] &= ~(head & tail);
    return;
  }
  bytes[first] &= ~head;
  bytes.fill(0, first + 1, last);
  bytes[last] &= ~tail;
}

/** Whether bit `index` of the bitmap that begins at byte `at` is set. */
export function testBit(bytes: Uint8Array, at: number, index: number): boolean {
  return (bytes[at + (index >>> 3)] >>> (index & 7) & 1) === 1;
}
