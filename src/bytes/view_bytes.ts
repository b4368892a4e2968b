/**
 * Byte arrays inside a `DataView`: the fields of a struct that are no numbers.
 *
 * @module
 */

/** Copies `bytes` to `at` of `view` and fills what is left of `size` bytes with zeros. */
export function setBytes(view: DataView, at: number, bytes: Uint8Array, size: number): void {
  for (let i = 0; i < size; i++) view.setUint8(at + i, i < bytes.length ? bytes[i] : 0);
}

/** A copy of the `size` bytes at `at` of `view`. */
export function getBytes(view: DataView, at: number, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = view.getUint8(at + i);
  return bytes;
}
