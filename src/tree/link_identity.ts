/**
 * Which names of a tree are one file, compared with those of another tree.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../bytes/byte_string.ts";
import { countNames, type FileTree, walk } from "./file_tree.ts";
import type { Inode } from "./inode.ts";

/** Finds out whether names are one file in both trees or in neither. */
export class LinkIdentity {
  /** Whether the names compared last are, in both trees, further names of files compared before. */
  isAgain = false;
  readonly #a: FileTree;
  readonly #b: FileTree;
  // The number of the first name, among those that both trees have, of every file with several.
  readonly #firstInA = new Map<Inode, number>();
  readonly #firstInB = new Map<Inode, number>();
  #pathsInA: ReadonlyMap<Inode, ByteString> | null = null;
  #pathsInB: ReadonlyMap<Inode, ByteString> | null = null;
  #nameCount = 0;

  /** Compares the names of two trees. */
  constructor(a: FileTree, b: FileTree) {
    this.#a = a;
    this.#b = b;
    countNames(a);
    countNames(b);
  }

  /**
   * Takes the next name that both trees have. `null` where it is the first name of its file in both
   * trees, or a further name of the same one; else what it is in each, fit to be shown.
   */
  compare(a: Inode, b: Inode): { readonly a: string; readonly b: string } | null {
    const number = this.#nameCount++;
    const firstInA = this.#firstInA.get(a);
    const firstInB = this.#firstInB.get(b);
    if (firstInA === undefined && a.number > 1) this.#firstInA.set(a, number);
    if (firstInB === undefined && b.number > 1) this.#firstInB.set(b, number);
    this.isAgain = firstInA !== undefined && firstInA === firstInB;
    if (firstInA === firstInB) return null;
    this.#pathsInA ??= firstPaths(this.#a);
    this.#pathsInB ??= firstPaths(this.#b);
    return {
      a: firstInA === undefined ? "first name" : displaySame(this.#pathsInA.get(a)),
      b: firstInB === undefined ? "first name" : displaySame(this.#pathsInB.get(b)),
    };
  }
}

/** The first path of every file with several names. */
function firstPaths(tree: FileTree): Map<Inode, ByteString> {
  const paths = new Map<Inode, ByteString>();
  for (const { path, inode } of walk(tree)) {
    if (inode.number > 1 && !paths.has(inode)) paths.set(inode, path);
  }
  return paths;
}

function displaySame(path: ByteString | undefined): string {
  return path === undefined ? "absent" : `same as /${displayByteString(path)}`;
}
