/**
 * Files of this machine with all that a root filesystem has of them, and how to get at them: by the
 * C library where that can be called, else by the runtime, which shows less.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import { Linux } from "./linux.ts";
import { linuxDirectories } from "./linux_files.ts";
import { portableDirectory } from "./portable_files.ts";

/** What the system says of a file. */
export interface HostStat {
  /** `st_mode`: kind and permissions. */
  readonly mode: number;
  /** Owner. */
  readonly uid: number;
  /** Group. */
  readonly gid: number;
  /** Bytes of a regular file or of a symbolic link's target. */
  readonly size: number;
  /** Modification time, whole seconds since 1970. */
  readonly mtimeSeconds: number;
  /** Nanoseconds that are added to `mtimeSeconds`. */
  readonly mtimeNanoseconds: number;
  /** Time of the last change of anything, in a form that is only good to be compared. */
  readonly changeTime: string;
  /** How many names it has. */
  readonly linkCount: number;
  /** The filesystem it is in, in a form that is only good to be compared. */
  readonly filesystem: string;
  /** The file itself, among all of this machine, in a form that is only good to be compared. */
  readonly identity: string;
  /** Number of a device file. */
  readonly deviceMajor: number;
  /** Number of a device file. */
  readonly deviceMinor: number;
}

/** An extended attribute as the system shows it. */
export interface HostXattr {
  /** Full name with its prefix. */
  readonly name: ByteString;
  /** Value. */
  readonly value: Uint8Array;
}

/**
 * An open directory. Names are single components, never followed where they are symbolic links; the
 * empty name stands for the directory itself.
 *
 * Every method throws `ImageError` `PERMISSION`, `NOT_FOUND` or `IO` that names the file.
 */
export interface HostDirectory {
  /** Where it is, fit to be shown. */
  readonly path: string;
  /** All names in it but `.` and `..`, in no order; with `onlyFiles` those of regular files. */
  names(onlyFiles?: boolean): ByteString[];
  /** What is at `name`; `null` where nothing is. */
  stat(name: ByteString): HostStat | null;
  /** Opens the directory `name`. */
  directory(name: ByteString): HostDirectory;
  /** Opens the directory that this one is in; not of one that was opened by its path. */
  parent(): HostDirectory;
  /** Opens the regular file `name` for reading. */
  file(name: ByteString): HostFile;
  /** Target of the symbolic link `name`. */
  readLink(name: ByteString): ByteString;
  /** Extended attributes of `name`, in no order. */
  xattrs(name: ByteString): readonly HostXattr[];
  /** Gives the directory back; it can no longer be used. */
  close(): void;
}

/** An open regular file. Every method throws `ImageError` `IO` that names the file. */
export interface HostFile {
  /** What the system says of it now. */
  stat(): HostStat;
  /** Fills `into` from `position` and answers how many bytes there were: fewer only at the end. */
  read(into: Uint8Array<ArrayBuffer>, position: number): number;
  /** The first position from `position` on that is in no hole; `null` where only a hole follows. */
  seekData(position: number): number | null;
  /** The first position from `position` on that is in a hole or behind the end. */
  seekHole(position: number): number;
  /**
   * Has the empty file at `path` share the blocks of this one, and opens it; `null` where the file
   * systems cannot.
   */
  cloneTo(path: string): HostFile | null;
  /** Gives this file the further name `path`; answers `false` where that cannot be. */
  linkTo(path: string): boolean;
  /** Gives the file back. */
  close(): void;
}

/** Opens a directory by its path, symbolic links followed. */
export type OpenDirectory = (path: string) => HostDirectory;

/** The files of this machine. Close it when all that was opened is closed. */
export interface HostFiles {
  /** What cannot be seen of files, for a notice; `null` where everything can. */
  readonly loss: string | null;
  /** Why extended attributes cannot be read; `null` where they can. */
  readonly noXattrs: string | null;
  /** Whether attributes of the class `trusted` are among those that can be read. */
  readonly seesTrusted: boolean;
  /**
   * The user, where it is not root of the machine, as far as is known; else `null`. What such a user
   * makes has attributes of the class `user` in place of `trusted`.
   */
  readonly uid: number | null;
  /**
   * Opens a directory by its path, symbolic links followed. Throws `ImageError` `NOT_FOUND`,
   * `PERMISSION` or `IO`.
   */
  readonly open: OpenDirectory;
  /** Gives the C library back. */
  close(): void;
}

/** The best way to directories: `linux` where there is one. */
export function directoriesOf(linux: Linux | null): OpenDirectory {
  return linux === null ? portableDirectory : linuxDirectories(linux);
}

/** Takes the best way to the files of this machine that is there. */
export function openHostFiles(): HostFiles {
  const linux = Linux.open();
  if (!(linux instanceof Linux)) {
    return {
      loss: `Extended attributes, holes and nanoseconds of times are not read: ${linux.reason}`,
      noXattrs: linux.reason,
      seesTrusted: false,
      uid: null,
      open: directoriesOf(null),
      close: () => {},
    };
  }
  const isInitial = linux.isInitialNamespace();
  const uid = linux.uid();
  const seesTrusted = isInitial && linux.hasAdministratorRights();
  return {
    loss: seesTrusted ? null : "Attributes of the class trusted are not read: only root sees them",
    noXattrs: null,
    seesTrusted,
    uid: isInitial && uid === 0 ? null : uid,
    open: directoriesOf(linux),
    close: () => linux.close(),
  };
}
