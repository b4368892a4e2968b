/**
 * What a layer says, one entry at a time, free of how its transport spells it: whiteouts are
 * already decoded, whether they came as tar names or as overlayfs markers.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import type { Inode } from "../tree/inode.ts";

/**
 * One entry. All kinds have one object shape.
 *
 * - `node`: a file, directory, symbolic link, device or fifo at `path`.
 * - `hardlink`: a further name `path` for what is at `target`.
 * - `whiteout`: `path` of older layers is removed.
 * - `opaque`: everything of older layers below the directory `path` is removed.
 *
 * Paths are clean: no leading or trailing slash, no empty, `.` or `..` component, no NUL;
 * empty for the root.
 */
export type LayerEntry<C = unknown> =
  | EntryShape<"node", Inode<C>>
  | EntryShape<"hardlink" | "whiteout" | "opaque", null>;

/** The fields of every entry. */
export interface EntryShape<Kind extends string, Node> {
  /** What the entry does. */
  readonly kind: Kind;
  /** Where. */
  readonly path: ByteString;
  /** Byte offset of the entry in the uncompressed layer, for messages. */
  readonly offset: number;
  /** The file of a `node`, ready to stand in a tree. */
  readonly inode: Node;
  /** What a `hardlink` names, else empty. */
  readonly target: ByteString;
}

/** A file, directory, symbolic link, device or fifo. */
export function nodeEntry<C>(path: ByteString, offset: number, inode: Inode<C>): LayerEntry<C> {
  return { kind: "node", path, offset, inode, target: "" };
}

/** A further name for what is at `target`. */
export function hardlinkEntry(
  path: ByteString,
  offset: number,
  target: ByteString,
): LayerEntry<never> {
  return { kind: "hardlink", path, offset, inode: null, target };
}

/** The removal of a name of older layers. */
export function whiteoutEntry(path: ByteString, offset: number): LayerEntry<never> {
  return { kind: "whiteout", path, offset, inode: null, target: "" };
}

/** The removal of a directory's older content. */
export function opaqueEntry(path: ByteString, offset: number): LayerEntry<never> {
  return { kind: "opaque", path, offset, inode: null, target: "" };
}

/**
 * Receives a layer in its own order: an entry, then, where it is a regular file whose bytes are
 * wanted, its bytes in pieces. Everything is synchronous: no promise for each entry.
 */
export interface LayerVisitor {
  /** An entry. For a regular file of `size` > 0: `true` asks for its bytes; else ignored. */
  entry(entry: LayerEntry): boolean;
  /** The next bytes of the wanted file; the memory is reused after the call. */
  write(bytes: Uint8Array): void;
  /** The next `byteCount` bytes of the wanted file are a hole (zeros that are not stored). */
  skip(byteCount: number): void;
  /** The wanted file is complete: exactly `size` bytes were written or skipped. */
  end(): void;
}
