/**
 * The header field `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
 *
 * @module
 */

/** Milliseconds to wait from `nowMilliseconds` on; `null` where the field says nothing usable. */
export function parseRetryAfter(field: string | null, nowMilliseconds: number): number | null {
  if (field === null) return null;
  const text = field.trim();
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1000;
  // All three forms of an HTTP date begin with the day of the week and end in GMT or a year.
  const dateMilliseconds = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMilliseconds) ? null : Math.max(0, dateMilliseconds - nowMilliseconds);
}
