/**
 * All files of a directory tree, or of the merged trees of a stack of overlay layers: each directory
 * before its content, siblings in byte order. Depth is limited neither by the stack nor by the
 * number of files that may be open.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { fileAt, type FoundFile, lookUp } from "./overlay_lookup.ts";
import type { LayerDirectory } from "./layer_directory.ts";
import { type MergedNames, mergeNames } from "./merged_names.ts";

/** Directories on the way to the current one that stay open. */
const MOST_OPEN = 128;
/**
 * Places at which one directory of a layer may be merged. Renaming gives it one; redirections made on
 * purpose could make few files endlessly many.
 */
const MOST_PLACES = 100;

/** How a tree is walked. */
export interface WalkOptions {
  /** Heed the markers of overlayfs. */
  readonly isOverlay: boolean;
  /** Do not enter directories of other filesystems. */
  readonly oneFileSystem: boolean;
}

/** One file of the tree. It can be read until the next is asked for. */
export interface WalkedFile {
  /** Path in the tree; empty for its root. */
  readonly path: ByteString;
  /** What is there. */
  readonly file: FoundFile;
}

/** A directory that is being walked. */
interface Level {
  readonly path: ByteString;
  readonly parts: readonly LayerDirectory[];
  readonly names: readonly ByteString[];
  readonly rangeOf: MergedNames["rangeOf"];
  next: number;
}

/**
 * Walks the tree whose layers have `roots`, newest first; there is one where it is no overlay.
 *
 * Throws `ImageError` `CORRUPT`, `UNSAFE_PATH`, `PERMISSION`, `NOT_FOUND` or `IO`.
 */
export function* walkDirectories(
  roots: readonly LayerDirectory[],
  options: WalkOptions,
): Generator<WalkedFile, void> {
  const levels: Level[] = [];
  const places = new Map<string, number>();
  const root = rootFile(roots);
  const filesystem = root.top.stat.filesystem;
  try {
    yield { path: "", file: root };
    levels.push(createLevel("", roots, options));
    while (levels.length > 0) {
      const level = levels[levels.length - 1];
      if (level.next === level.names.length) {
        levels.pop();
        if (levels.length > 0) leave(level, levels[levels.length - 1]);
        continue;
      }
      const name = level.names[level.next++];
      const path = level.path === "" ? name : `${level.path}/${name}`;
      const file = find(roots, level, name, path, options);
      if (file === null) continue;
      const { parts } = file;
      let isEntered = false;
      try {
        yield { path, file };
        if (parts.length === 0) continue;
        if (options.oneFileSystem && file.top.stat.filesystem !== filesystem) continue;
        for (const { identity } of parts) countPlace(places, identity, path);
        levels.push(createLevel(path, parts, options));
        isEntered = true;
        closeFarthest(levels);
      } finally {
        file.close();
        if (!isEntered) closeParts(parts);
      }
    }
  } finally {
    // What is left when somebody stops early; roots belong to the caller.
    for (const { parts } of levels.slice(1)) closeParts(parts);
  }
}

function find(
  roots: readonly LayerDirectory[],
  { parts, rangeOf }: Level,
  name: ByteString,
  path: ByteString,
  options: WalkOptions,
): FoundFile | null {
  if (options.isOverlay) {
    const { start, end } = rangeOf(name);
    return lookUp(roots, parts.slice(start, end), name);
  }
  const file = fileAt(parts[0], name);
  if (file === null) {
    throw new ImageError(
      "IO",
      `Cannot read "${displayByteString(path)}": it vanished while its directory was read, ` +
        "expected files that nobody changes",
    );
  }
  const isDirectory = (file.stat.mode & 0o170000) === 0o040000;
  return {
    top: file,
    data: file,
    parts: isDirectory ? [parts[0].child(name, file.stat.identity)] : [],
    close: () => {},
  };
}

function countPlace(places: Map<string, number>, identity: string, path: ByteString): void {
  const count = (places.get(identity) ?? 0) + 1;
  if (count > MOST_PLACES) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot merge directory "${displayByteString(path)}": redirections lead to one directory ` +
        `from more than ${MOST_PLACES} places, expected one`,
    );
  }
  places.set(identity, count);
}

function rootFile(roots: readonly LayerDirectory[]): FoundFile {
  const file = fileAt(roots[0], "")!;
  return { top: file, data: file, parts: roots, close: () => {} };
}

function createLevel(
  path: ByteString,
  parts: readonly LayerDirectory[],
  options: WalkOptions,
): Level {
  const listed = parts.map(({ handle }) => handle.names());
  if (options.isOverlay) return { path, parts, ...mergeNames(listed), next: 0 };
  return { path, parts, names: listed[0].sort(), rangeOf: () => ({ start: 0, end: 1 }), next: 0 };
}

/** Closes a directory that was walked; the one it is in must be open if there is more in it. */
function leave({ parts }: Level, above: Level): void {
  for (const part of parts) {
    const { parent } = part;
    if (parent !== null && above.next < above.names.length && above.parts.includes(parent)) {
      parent.reopenFrom(part);
    }
    part.close();
  }
}

/** Closes directories far from the current one, should many be open; they are opened again when needed. */
function closeFarthest(levels: readonly Level[]): void {
  let openCount = 0;
  for (let i = levels.length - 1; i > 0; i--) {
    const { parts } = levels[i];
    if (!parts.some(({ isOpen }) => isOpen)) return; // So are all above it.
    openCount += parts.length;
    if (openCount > MOST_OPEN && i < levels.length - 1) closeParts(parts);
  }
}

function closeParts(parts: readonly LayerDirectory[]): void {
  for (const part of parts) part.close();
}
