/**
 * Paths in an image as they are given on the command line.
 *
 * @module
 */
import { type ByteString, utf8ByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import type { FileTree } from "../tree/file_tree.ts";
import { findPath } from "../view/find_path.ts";

/**
 * The path in `tree` that an argument means: its own text; where nothing is there, what it stands
 * for when it is read as output shows names, with `\xNN`, `\NNN`, `\n`, `\r`, `\t`, `\'` and `\\`,
 * alone or in `$'…'`. Arguments are text, so this is how to name what is not UTF-8.
 */
export function pathIn(tree: FileTree, argument: string): ByteString {
  const path = utf8ByteString(argument);
  const unescaped = unescapePath(path);
  if (unescaped === path || isThere(tree, path) || !isThere(tree, unescaped)) return path;
  return unescaped;
}

function isThere(tree: FileTree, path: ByteString): boolean {
  try {
    findPath(tree, path, false);
    return true;
  } catch (error) {
    if (error instanceof ImageError) return false;
    throw error;
  }
}

const LETTERS: ReadonlyMap<string, string> = new Map([["n", "\n"], ["r", "\r"], ["t", "\t"]]);

function unescapePath(path: ByteString): ByteString {
  const word = /^\$'([^]*)'$/.exec(path)?.[1] ?? path;
  return word.replace(
    /\\(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2})|([nrt'\\]))/g,
    (_, hex?: string, octal?: string, letter?: string) => {
      if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8));
      return LETTERS.get(letter!) ?? letter!;
    },
  );
}
