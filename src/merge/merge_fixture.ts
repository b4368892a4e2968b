/**
 * Short ways to write layers and to read trees in tests.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import {
  hardlinkEntry,
  type LayerEntry,
  nodeEntry,
  opaqueEntry,
  whiteoutEntry,
} from "../layer/layer_entry.ts";
import { type FileTree, walk } from "../tree/file_tree.ts";
import { FileKind, Inode, NO_XATTRS, type Xattr } from "../tree/inode.ts";

/** Metadata that differs from the default (0644, root:root, time 0). */
export interface FixtureMetadata {
  /** Permission bits. */
  permissions?: number;
  /** Owner. */
  uid?: number;
  /** Seconds since 1970. */
  mtimeSeconds?: number;
  /** Attributes. */
  xattrs?: readonly Xattr[];
}

function node(path: ByteString, kind: FileKind, meta: FixtureMetadata): LayerEntry<string> {
  const inode = new Inode<string>(
    kind,
    meta.permissions ?? (kind === FileKind.directory ? 0o755 : 0o644),
  );
  inode.uid = meta.uid ?? 0;
  inode.mtimeSeconds = meta.mtimeSeconds ?? 0;
  inode.xattrs = meta.xattrs ?? NO_XATTRS;
  return nodeEntry(path, 0, inode);
}

/** A regular file whose content is `content`. */
export function file(
  path: ByteString,
  content: string,
  meta: FixtureMetadata = {},
): LayerEntry<string> {
  const entry = node(path, FileKind.regular, meta);
  entry.inode!.content = content;
  entry.inode!.size = content.length;
  return entry;
}

/** A directory. */
export function directory(path: ByteString, meta: FixtureMetadata = {}): LayerEntry<string> {
  return node(path, FileKind.directory, meta);
}

/** A symbolic link. */
export function symlink(path: ByteString, target: ByteString): LayerEntry<string> {
  const entry = node(path, FileKind.symlink, { permissions: 0o777 });
  entry.inode!.target = target;
  entry.inode!.size = target.length;
  return entry;
}

/** A named pipe. */
export function fifo(path: ByteString): LayerEntry<string> {
  return node(path, FileKind.fifo, {});
}

/** A hard link. */
export function link(path: ByteString, target: ByteString): LayerEntry<string> {
  return hardlinkEntry(path, 0, target);
}

/** The removal of `path`. */
export function whiteout(path: ByteString): LayerEntry<string> {
  return whiteoutEntry(path, 0);
}

/** The removal of what is below `path`. */
export function opaque(path: ByteString): LayerEntry<string> {
  return opaqueEntry(path, 0);
}

/** Gives the entries of a layer ascending offsets, as a tar has them. */
export function layer(...entries: LayerEntry<string>[]): LayerEntry<string>[] {
  return entries.map((entry, i) => ({ ...entry, offset: 512 * i }) as LayerEntry<string>);
}

/**
 * One line for each name: `path/`, `path = content`, `path -> target`, `path |`; a name of an inode
 * that already stood under another name ends with ` (same as other)`.
 */
export function lines(tree: FileTree<string>): string[] {
  const first = new Map<Inode<string>, string>();
  const result: string[] = [];
  for (const { path, inode } of walk(tree)) {
    if (path === "") continue;
    let line: string = path;
    if (inode.kind === FileKind.directory) line += "/";
    else if (inode.kind === FileKind.symlink) line += ` -> ${inode.target}`;
    else if (inode.kind === FileKind.fifo) line += " |";
    else line += ` = ${inode.content}`;
    const other = first.get(inode);
    if (other === undefined) first.set(inode, path);
    else line += ` (same as ${other})`;
    result.push(line);
  }
  return result;
}
