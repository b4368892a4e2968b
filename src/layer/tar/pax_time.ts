/**
 * Times of PAX records: decimal seconds with an optional fraction and sign.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";

/** A point in time: whole seconds since 1970 (may be negative) and nanoseconds added to them. */
export interface TarTime {
  /** Whole seconds, rounded down. */
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

/**
 * Reads a PAX time: `-1.5` is second -2 and 500,000,000 ns. Digits below a nanosecond are
 * rounded down in time.
 *
 * Throws `ImageError` `CORRUPT` where it is no number, `LIMIT_EXCEEDED` beyond ±2^53 seconds.
 */
export function parsePaxTime(text: string, keyword: string): TarTime {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text);
  if (match === null) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read PAX record "${keyword}": ${JSON.stringify(text.slice(0, 40))}, ` +
        "expected decimal seconds",
    );
  }
  const [, sign, whole, fraction = ""] = match;
  const seconds = Number(whole);
  if (!Number.isSafeInteger(seconds)) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot read PAX record "${keyword}": ${whole.slice(0, 40)} seconds, expected below 2^53`,
    );
  }
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, "0"));
  if (sign === "") return { seconds, nanoseconds };
  // Towards the past: the magnitude is rounded up.
  const magnitude = nanoseconds + (/[1-9]/.test(fraction.slice(9)) ? 1 : 0);
  if (magnitude === 0) return { seconds: seconds === 0 ? 0 : -seconds, nanoseconds: 0 };
  return { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - magnitude };
}
