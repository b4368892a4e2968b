/**
 * Sets of bytes, as patterns name them. Like the tools that read policies, only ASCII has letters.
 *
 * @module
 */

/** 256 marks: 1 for each byte that is in the set. */
export type ByteSet = Uint8Array<ArrayBuffer>;

/** How many bytes there are. */
export const BYTE_COUNT = 256;

/** The set of the bytes of these ranges, given as first and last byte in turns. */
export function rangesSet(...ends: readonly number[]): ByteSet {
  const set = new Uint8Array(BYTE_COUNT);
  for (let i = 0; i < ends.length; i += 2) set.fill(1, ends[i], ends[i + 1] + 1);
  return set;
}

/** The bytes that are not in `set`. */
export function invertedSet(set: ByteSet): ByteSet {
  return set.map((mark) => 1 - mark);
}

/** Adds the bytes of `other` to `set`. */
export function addSet(set: ByteSet, other: ByteSet): void {
  for (let byte = 0; byte < BYTE_COUNT; byte++) if (other[byte] === 1) set[byte] = 1;
}

/** Adds the other case of the letters that are in `set`. */
export function addOtherCase(set: ByteSet): void {
  for (let upper = 0x41; upper <= 0x5a; upper++) {
    const lower = upper + 0x20;
    if (set[upper] === 1 || set[lower] === 1) set[upper] = set[lower] = 1;
  }
}

/** The ranges of the classes that stand as `[:name:]` in a bracket expression. */
const NAMED_RANGES: Readonly<Record<string, readonly number[]>> = {
  alnum: [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a],
  alpha: [0x41, 0x5a, 0x61, 0x7a],
  ascii: [0x00, 0x7f],
  blank: [0x09, 0x09, 0x20, 0x20],
  cntrl: [0x00, 0x1f, 0x7f, 0x7f],
  digit: [0x30, 0x39],
  graph: [0x21, 0x7e],
  lower: [0x61, 0x7a],
  print: [0x20, 0x7e],
  punct: [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e],
  space: [0x09, 0x0d, 0x20, 0x20],
  upper: [0x41, 0x5a],
  word: [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a],
  xdigit: [0x30, 0x39, 0x41, 0x46, 0x61, 0x66],
};

/** The set of a class by its name, `null` where there is none. */
export function namedSet(name: string): ByteSet | null {
  return Object.hasOwn(NAMED_RANGES, name) ? rangesSet(...NAMED_RANGES[name]) : null;
}
