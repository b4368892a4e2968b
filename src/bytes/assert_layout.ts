/**
 * Proof of a `writeX`/`readX` pair by the table of its specification; for tests.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";

/**
 * A field of a struct and where it stands: name, then offset and size in bytes of each of its
 * parts, lowest part first (`["uid", 0x02, 2, 0x78, 2]` is a number in two halves).
 */
export type LayoutRow<T> = readonly [
  field: keyof T & string,
  offset: number,
  size: number,
  ...more: number[],
];

/** What the struct is like besides its table. */
export interface LayoutOptions<T> {
  /** Fields that are set to this in every check, as a size on which other fields depend. */
  readonly base?: Partial<T>;
  /** Byte order of numbers; little unless said. */
  readonly endian?: "little" | "big";
}

// The struct stands at this odd-looking place, so that an absolute offset is found out.
const AT = 24;
const GUARD = 0xa5;

/**
 * Checks for every row that `write` changes exactly the row's bytes and that `read` gives the
 * value back. The struct stands inside guard bytes. Throws `AssertionError`.
 */
export function assertLayout<T extends object>(
  size: number,
  rows: readonly LayoutRow<T>[],
  write: (view: DataView, at: number, value: T) => void,
  read: (view: DataView, at: number) => T,
  options: LayoutOptions<T> = {},
): void {
  const zero = { ...read(new DataView(new ArrayBuffer(AT + size)), AT), ...options.base };
  const before = written(size, zero, write);
  const unlisted = new Set(Object.keys(zero));
  for (const [field, ...places] of rows) {
    unlisted.delete(field);
    const isBytes = (zero[field] as unknown) instanceof Uint8Array;
    const offsets = placesOf(places, options.endian === "big" && !isBytes);
    const sample = offsets.map((_, i) => isBytes || i < 6 ? i + 1 : 0);
    const value = isBytes
      ? Uint8Array.from(sample)
      : sample.reduceRight((sum, byte) => sum * 256 + byte, 0);
    const bytes = written(size, { ...zero, [field]: value }, write);
    const expected = before.slice();
    offsets.forEach((offset, i) => expected[AT + offset] = sample[i]);
    deepStrictEqual(bytes, expected, `written bytes of field ${field}`);
    const back = read(new DataView(bytes.buffer), AT);
    deepStrictEqual(back[field], value, `value of field ${field} read back`);
  }
  for (const field of Object.keys(options.base ?? {})) unlisted.delete(field);
  deepStrictEqual([...unlisted], [], "fields without a row");
}

/** Offset of each byte of a field, lowest byte first. */
function placesOf(places: readonly number[], big: boolean): number[] {
  const offsets: number[] = [];
  for (let i = 0; i < places.length; i += 2) {
    const part = Array.from({ length: places[i + 1] }, (_, k) => places[i] + k);
    offsets.push(...(big ? part.reverse() : part));
  }
  return offsets;
}

function written<T>(
  size: number,
  value: T,
  write: (view: DataView, at: number, value: T) => void,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(AT + size + AT).fill(GUARD);
  bytes.fill(0, AT, AT + size);
  write(new DataView(bytes.buffer), AT, value);
  return bytes;
}
