/**
 * Makes real files, one directory at a time, below a directory of its own.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";

/** The bytes of one file, before it has its name. */
export interface HostBody {
  /** Its number. */
  readonly id: number;
  /** Writes all of `bytes` at `position`. */
  write(bytes: Uint8Array, position: number): void;
  /** It is complete and has `size` bytes; places that were not written are holes. */
  end(size: number): void;
}

/**
 * Makes files in its current directory; at the beginning that is one in which the root of the tree
 * shall be made. Names are single components, and nothing is ever followed: every directory was made
 * here, and no other user may enter.
 *
 * Every method throws an `ImageError` that names the file, with the system's error as its cause.
 */
export interface TreeMaker {
  /** Whether it has the rights of an administrator. */
  readonly isAdministrator: boolean;
  /** What it cannot make or set at all, for a notice; `null` where it can do everything. */
  readonly limits: string | null;
  /** Begins the bytes of a file that has no name yet. */
  createBody(): HostBody;
  /** Makes a directory; only its owner may enter. */
  makeDirectory(name: ByteString): void;
  /** Goes into a directory that was made here. */
  enter(name: ByteString): void;
  /** Goes back to where the current directory is. */
  leave(): void;
  /** Gives the file with these bytes a name. */
  placeBody(id: number, name: ByteString): void;
  /** Makes an empty regular file, a device, a fifo or a socket: `mode` is its `st_mode`. */
  makeNode(name: ByteString, mode: number, major: number, minor: number): void;
  /** Makes a symbolic link. */
  makeSymlink(name: ByteString, target: ByteString): void;
  /** Remembers a file for further names; answers its number. */
  keep(name: ByteString): number;
  /** Gives the file that was kept a further name. */
  link(id: number, name: ByteString): void;
  /** Sets the owner, of a symbolic link too. */
  setOwner(name: ByteString, uid: number, gid: number): void;
  /** Sets permission bits; not of a symbolic link. */
  setPermissions(name: ByteString, permissions: number): void;
  /** Sets an extended attribute, of a symbolic link too. */
  setXattr(name: ByteString, xattr: ByteString, value: Uint8Array): void;
  /** Sets the times of access and modification, of a symbolic link too. */
  setTimes(name: ByteString, times: FileTimes): void;
}

/** Times of a file: whole seconds since 1970, and nanoseconds that are added. */
export interface FileTimes {
  /** Access. */
  readonly atimeSeconds: number;
  /** Access. */
  readonly atimeNanoseconds: number;
  /** Modification. */
  readonly mtimeSeconds: number;
  /** Modification. */
  readonly mtimeNanoseconds: number;
}

/** Name of the root of the tree in the maker's own directory. */
export const ROOT_NAME = "tree";
/** Name of the directory of bodies and kept files in the maker's own directory. */
export const SPARE_NAME = "spare";
