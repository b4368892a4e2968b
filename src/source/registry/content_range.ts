/**
 * The header field `Content-Range` (RFC 9110, section 14.4).
 *
 * @module
 */

/** Which bytes of the whole an answer has. */
export interface ContentRange {
  /** First byte. */
  readonly first: number;
  /** Last byte, included. */
  readonly last: number;
  /** Bytes of the whole; `null` where the server does not say. */
  readonly total: number | null;
}

/** Reads `bytes FIRST-LAST/TOTAL`; `null` for anything else. */
export function parseContentRange(field: string | null): ContentRange | null {
  const match = /^\s*bytes\s+([0-9]{1,15})-([0-9]{1,15})\/([0-9]{1,15}|\*)\s*$/i.exec(field ?? "");
  if (match === null) return null;
  const first = Number(match[1]);
  const last = Number(match[2]);
  const total = match[3] === "*" ? null : Number(match[3]);
  const isSound = first <= last && (total === null || last < total);
  return isSound ? { first, last, total } : null;
}
