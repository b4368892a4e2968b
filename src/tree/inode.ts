/**
 * One file of a root filesystem, whatever its kind; the node that every format shares.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";

/** The kinds of files; the numbers are those of ext4 and EROFS directory entries. */
export const FileKind = {
  regular: 1,
  directory: 2,
  characterDevice: 3,
  blockDevice: 4,
  fifo: 5,
  socket: 6,
  symlink: 7,
} as const;
/** One of the values of {@linkcode FileKind}. */
export type FileKind = typeof FileKind[keyof typeof FileKind];

/** An extended attribute: its full name (`user.x`, `security.capability`) and its value. */
export interface Xattr {
  /** Full name with its prefix, as `getxattr(2)` takes it. */
  readonly name: ByteString;
  /** Value, byte for byte as `getxattr(2)` returns it (POSIX ACLs in version 2 form). */
  readonly value: Uint8Array;
}

/** The attribute list of a file that has none. */
export const NO_XATTRS: readonly Xattr[] = Object.freeze([]);

/**
 * A file. Every field is always set, so that all inodes have one object shape.
 *
 * `C` is what a format's writer or reader answers for the bytes of a regular file: their
 * location. Hard links are real: the same `Inode` stands under several names.
 */
export class Inode<C = unknown> {
  /** What it is. */
  kind: FileKind;
  /** Permission bits, with set-user-ID, set-group-ID and sticky (`0o0000`–`0o7777`). */
  permissions: number;
  /** Owner, 0 to 2^32 - 1. */
  uid = 0;
  /** Group, 0 to 2^32 - 1. */
  gid = 0;
  /** Modification time, whole seconds since 1970, may be negative. */
  mtimeSeconds = 0;
  /** Nanoseconds that are added to `mtimeSeconds`, 0 to 999,999,999. */
  mtimeNanoseconds = 0;
  /** Access time, whole seconds since 1970; `mtimeSeconds` where the input has none. */
  atimeSeconds = 0;
  /** Nanoseconds that are added to `atimeSeconds`, 0 to 999,999,999. */
  atimeNanoseconds = 0;
  /** Bytes of a regular file or of a symbolic link's target, else 0. */
  size = 0;
  /** Device number of a character or block device. */
  deviceMajor = 0;
  /** Device number of a character or block device. */
  deviceMinor = 0;
  /** Target of a symbolic link, kept as it is. */
  target: ByteString = "";
  /** Extended attributes, sorted by name, names unique. */
  xattrs: readonly Xattr[] = NO_XATTRS;
  /** Entries of a directory by name, else `null`. Unordered: sort by name to walk. */
  children: Map<ByteString, Inode<C>> | null;
  /** Location of a regular file's bytes; `null` where there are none (`size` 0, or not placed). */
  content: C | null = null;
  /** How many names it has in the tree; of a directory 2 + its sub-directories. Set by `countLinks`. */
  linkCount = 0;

  /**
   * Number in the image that is being written, or whatever else whoever works with the tree notes;
   * nobody relies on what another left there. It stands here because a map from a million inodes to
   * their numbers takes more than the inodes' own room.
   */
  number = 0;

  /** Creates a file of `kind`; directories start empty. */
  constructor(kind: FileKind, permissions: number) {
    this.kind = kind;
    this.permissions = permissions;
    this.children = kind === FileKind.directory ? new Map() : null;
  }
}

/** The `S_IFMT` bits of `st_mode` for each kind. */
const FORMAT_BITS: Record<FileKind, number> = {
  [FileKind.regular]: 0o100000,
  [FileKind.directory]: 0o040000,
  [FileKind.characterDevice]: 0o020000,
  [FileKind.blockDevice]: 0o060000,
  [FileKind.fifo]: 0o010000,
  [FileKind.socket]: 0o140000,
  [FileKind.symlink]: 0o120000,
};

/** `st_mode` of a file: kind and permissions. */
export function modeOf(inode: Inode): number {
  return FORMAT_BITS[inode.kind] | inode.permissions;
}

/** The kind that the `S_IFMT` bits of an `st_mode` stand for, `undefined` for none. */
export function kindOfMode(mode: number): FileKind | undefined {
  switch (mode & 0o170000) {
    case 0o100000:
      return FileKind.regular;
    case 0o040000:
      return FileKind.directory;
    case 0o020000:
      return FileKind.characterDevice;
    case 0o060000:
      return FileKind.blockDevice;
    case 0o010000:
      return FileKind.fifo;
    case 0o140000:
      return FileKind.socket;
    case 0o120000:
      return FileKind.symlink;
    default:
      return undefined;
  }
}

/** Sorts attributes by name and lets the last of equal names win. */
export function canonicalXattrs(xattrs: readonly Xattr[]): readonly Xattr[] {
  if (xattrs.length === 0) return NO_XATTRS;
  const byName = new Map<ByteString, Xattr>();
  for (const xattr of xattrs) byName.set(xattr.name, xattr);
  return [...byName.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}
