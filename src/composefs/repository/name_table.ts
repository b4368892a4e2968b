/**
 * The names in a directory of objects.
 *
 * @module
 */

/** Digits of a name by which it is found: few have the same ones. */
const START_DIGITS = 7;

/** A set of names that are found by their first digits: to hash all of so long names takes longer. */
export class NameTable {
  readonly #byStart = new Map<number, string>();
  /** Those that begin like another one. */
  readonly #others = new Set<string>();

  /** Begins with the names that `names` holds. */
  constructor(names: readonly string[]) {
    for (const name of names) this.add(name);
  }

  /** How many there are. */
  get size(): number {
    return this.#byStart.size + this.#others.size;
  }

  /** Whether it is one of them. */
  has(name: string): boolean {
    return this.#byStart.get(startOf(name)) === name || this.#others.has(name);
  }

  /** There is one more. */
  add(name: string): void {
    const start = startOf(name);
    const known = this.#byStart.get(start);
    if (known === undefined) this.#byStart.set(start, name);
    else if (known !== name) this.#others.add(name);
  }
}

/** A number for the first digits, which are hexadecimal; of other names it is any. */
function startOf(name: string): number {
  let start = 0;
  for (let i = 0; i < START_DIGITS; i++) {
    const char = name.charCodeAt(i);
    start = start * 16 + (char & 0xf) + (char >> 6) * 9;
  }
  return start;
}
