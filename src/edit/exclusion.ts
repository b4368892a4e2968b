/**
 * Files that are taken out of an image by patterns of their paths.
 *
 * @module
 */
// @ts-types="@types/picomatch"
import picomatch from "picomatch";
import { bytesOf, type ByteString } from "../bytes/byte_string.ts";
import { type FileTree, walk } from "../tree/file_tree.ts";
import { FileKind } from "../tree/inode.ts";

/** One pattern, ready to be compared. */
interface Pattern {
  readonly isName: boolean;
  readonly isForDirectories: boolean;
  readonly matches: (text: string) => boolean;
}

/** Says which paths are taken out. */
export class Exclusion {
  readonly #patterns: readonly Pattern[];

  /** Takes the patterns of `ImageEdits.exclude`. Throws `TypeError` for one that names the root. */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map(parsePattern);
  }

  /** Whether no file is taken out. */
  get isEmpty(): boolean {
    return this.#patterns.length === 0;
  }

  /** Whether the file at `path`, or a directory it is in, is taken out. */
  covers(path: ByteString): boolean {
    if (this.isEmpty) return false;
    for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1)) {
      if (this.#matches(path.slice(0, end), true)) return true;
    }
    return this.#matches(path, false);
  }

  /** Takes the files out of `tree`. */
  apply(tree: FileTree): void {
    if (this.isEmpty) return;
    const removed: (() => void)[] = [];
    let removedDirectory: ByteString | null = null;
    for (const { path, name, inode, parent } of walk(tree)) {
      if (path === "" || (removedDirectory !== null && path.startsWith(removedDirectory))) continue;
      const isDirectory = inode.kind === FileKind.directory;
      if (!this.#matches(path, isDirectory)) continue;
      removed.push(() => parent.children!.delete(name));
      if (isDirectory) removedDirectory = `${path}/`;
    }
    for (const remove of removed) remove();
  }

  #matches(path: ByteString, isDirectory: boolean): boolean {
    const text = textOf(path);
    const name = text.slice(text.lastIndexOf("/") + 1);
    return this.#patterns.some((pattern) =>
      (isDirectory || !pattern.isForDirectories) && pattern.matches(pattern.isName ? name : text)
    );
  }
}

function parsePattern(pattern: string): Pattern {
  const isForDirectories = pattern.endsWith("/");
  const path = pattern.replace(/^\/+/, "").replace(/\/+$/, "");
  if (path === "") throw new TypeError(`Cannot exclude "${pattern}": it names the root`);
  const matches = picomatch(path, { dot: true, nonegate: true, strictSlashes: true });
  return {
    isName: !path.includes("/") && !pattern.startsWith("/"),
    isForDirectories,
    matches: (text) => matches(text),
  };
}

/**
 * A path as the text that patterns are written in. Bytes that are not UTF-8 become lone halves of
 * surrogate pairs, which no pattern has: so no two paths are the same text.
 */
function textOf(path: ByteString): string {
  // deno-lint-ignore no-control-regex -- the range is all of ASCII
  if (/^[\x00-\x7f]*$/.test(path)) return path;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytesOf(path));
  } catch {
    return path.replace(/[\x80-\xff]/g, (byte) => String.fromCharCode(0xdc00 + byte.charCodeAt(0)));
  }
}
