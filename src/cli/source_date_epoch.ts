/**
 * The time that reproducible builds use instead of the clock.
 *
 * @module
 */
import { UsageError } from "./usage_error.ts";

/**
 * Seconds since 1970 from the value of the variable `SOURCE_DATE_EPOCH`; `undefined` where it is
 * not set or empty. Throws `UsageError` for anything but a number.
 */
export function sourceDateEpoch(value: string | undefined): number | undefined {
  if (value === undefined || value === "") return undefined;
  const seconds = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(seconds)) {
    throw new UsageError(
      `Cannot use SOURCE_DATE_EPOCH "${value}", expected whole seconds since 1970`,
    );
  }
  return seconds;
}
