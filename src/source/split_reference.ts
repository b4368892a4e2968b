/**
 * Path and choice in a reference such as `DIR:TAG` or `FILE@DIGEST`. Paths may hold `:` and `@`
 * themselves, so what exists decides.
 *
 * @module
 */
import { pathExists } from "./path_kind.ts";

/** The parts of a reference behind its transport. */
export interface SplitReference {
  /** A path; nothing need be there. */
  readonly path: string;
  /** What follows the `:`, `null` where there is none. */
  readonly name: string | null;
  /** What follows the `@`, `null` where there is none. */
  readonly digest: string | null;
}

/**
 * Splits at the `:` or `@` that leaves the longest path that exists; where none does, at the
 * first.
 */
export function splitReference(text: string): SplitReference {
  if (text === "" || pathExists(text)) return { path: text, name: null, digest: null };
  let first = text.length;
  for (let at = text.length - 1; at > 0; at--) {
    if (!isSeparator(text[at])) continue;
    first = at;
    if (pathExists(text.slice(0, at))) break;
  }
  const path = text.slice(0, first);
  const choice = text.slice(first + 1);
  if (choice === "") return { path, name: null, digest: null };
  return text[first] === "@"
    ? { path, name: null, digest: choice }
    : { path, name: choice, digest: null };
}

function isSeparator(char: string): boolean {
  return char === ":" || char === "@";
}
