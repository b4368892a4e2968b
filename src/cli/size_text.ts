/**
 * Sizes as people write them, and back.
 *
 * `K`, `M`, `G`, `T`, `P` alone or with `iB` count by 1024, as in `mke2fs`, `dd` and `qemu-img`;
 * `KB`, `MB`, `GB`, `TB`, `PB` count by 1000. Case does not matter. A fraction is welcome as long as the
 * result is a whole number of bytes: `1.5GiB` is 1610612736.
 *
 * @module
 */

const UNIT_LETTERS = " KMGTP";
const SIZE = /^(\d{1,20})(?:\.(\d{1,20}))?\s*(?:([KMGTP])(I?B)?|B)?$/;

/**
 * Bytes of `512M`, `1.5GiB`, `2GB` or a plain number. Throws `SyntaxError` for anything else, and
 * for what is no whole number of bytes below 2^53.
 */
export function parseSize(text: string): number {
  const match = SIZE.exec(text.trim().toUpperCase());
  if (match === null) {
    throw new SyntaxError(
      `Cannot parse size "${text}", expected bytes, or a number with K, M, G or T`,
    );
  }
  const [, whole, fraction = "", letter = " ", suffix] = match;
  const base = suffix === "B" ? 1000n : 1024n;
  const unit = base ** BigInt(UNIT_LETTERS.indexOf(letter));
  // Exact: 0.1 has no binary fraction, and 9007199254740993 no double.
  const scaled = BigInt(whole + fraction) * unit;
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) {
    throw new SyntaxError(`Cannot parse size "${text}": it is no whole number of bytes`);
  }
  const bytes = scaled / divisor;
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new SyntaxError(
      `Cannot parse size "${text}": it is too large, expected below 2^53 bytes`,
    );
  }
  return Number(bytes);
}

/** Room to leave free: a number of bytes, or a share of what the files take. */
export type FreeSpace = { readonly bytes: number } | { readonly percent: number };

/** `2G`, `20%` or `0`. Throws `SyntaxError` for anything else. */
export function parseFreeSpace(text: string): FreeSpace {
  const match = /^(\d{1,6}(?:\.\d{1,6})?)\s*%$/.exec(text.trim());
  if (match !== null) return { percent: Number(match[1]) };
  if (text.includes("%")) {
    throw new SyntaxError(`Cannot parse share "${text}", expected a number with % behind it`);
  }
  return { bytes: parseSize(text) };
}

/** A size for people: `0 B`, `999 B`, `1.5 MiB`, `12 GiB`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (unit < UNIT_LETTERS.length - 1 && value >= 1023.5) {
    value /= 1024;
    unit++;
  }
  if (unit === 0) return `${bytes} B`;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNIT_LETTERS[unit]}iB`;
}
