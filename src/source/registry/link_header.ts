/**
 * The header field `Link` (RFC 8288), as far as paging needs it.
 *
 * @module
 */

/** A longer field is not read. */
const LONGEST_FIELD = 16 * 1024;

/** The target of the link with `rel=next`; `null` where there is none. */
export function nextLink(field: string | null): string | null {
  if (field === null || field.length > LONGEST_FIELD) return null;
  for (
    const match of field.matchAll(
      /<([^<>]*)>((?:\s*;\s*[\w*-]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]*))?)*)/g,
    )
  ) {
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?=\s|;|$))/i.test(match[2])) {
      return match[1];
    }
  }
  return null;
}
