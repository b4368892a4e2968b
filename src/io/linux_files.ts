/**
 * Directories and files of Linux, by the C library.
 *
 * Everything is opened relative to an open directory, one component at a time and never through a
 * symbolic link, so that what moves meanwhile leads nowhere else.
 *
 * @module
 */
import {
  type ByteString,
  byteStringFrom,
  displayByteString,
  utf8ByteString,
} from "../bytes/byte_string.ts";
import type { HostDirectory, HostFile, HostStat, HostXattr, OpenDirectory } from "./host_files.ts";
import { AT_FDCWD, isErrno, type Linux, splitNames, STATX_SIZE } from "./linux.ts";
import { systemError } from "./system_error.ts";

// asm-generic/fcntl.h; arm64 has other numbers for three of them.
const IS_ARM = Deno.build.arch === "aarch64";
const O_WRONLY = 0o1;
const O_NONBLOCK = 0o4000;
const O_DIRECTORY = IS_ARM ? 0o40000 : 0o200000;
const O_NOFOLLOW = IS_ARM ? 0o100000 : 0o400000;
const O_CLOEXEC = 0o2000000;
// Kinds of files in `st_mode`, `sys/stat.h`.
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
// Types of names, `dirent.h`.
const DT_UNKNOWN = 0;
const DT_REG = 8;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
/** `_IOW(0x94, 13, struct file_clone_range)`, `linux/fs.h`. */
const FICLONERANGE = 0x4020940d;
const CLONE_RANGE_SIZE = 32;
/** Errors that mean that files cannot share blocks, or have no more names. */
const CANNOT_SHARE = ["EXDEV", "EOPNOTSUPP", "ENOTSUP", "ENOTTY", "EINVAL", "EPERM", "EMLINK"];
/** Longest list of names and longest value of the kernel (`linux/limits.h`); links are shorter. */
const LARGEST_ANSWER = 65536;

/** What opens directories by their paths, symbolic links followed. */
export function linuxDirectories(linux: Linux): OpenDirectory {
  const shared: Shared = {
    linux,
    stat: new Uint8Array(STATX_SIZE),
    answer: new Uint8Array(LARGEST_ANSWER),
  };
  return (path) => {
    const at = utf8ByteString(path);
    return attempt("open directory", path, () =>
      new LinuxDirectory(
        shared,
        linux.open(AT_FDCWD, at, O_DIRECTORY | O_CLOEXEC | O_NONBLOCK),
        at,
      ));
  };
}

/** What all directories use, one call at a time. */
interface Shared {
  readonly linux: Linux;
  readonly stat: Uint8Array<ArrayBuffer>;
  readonly answer: Uint8Array<ArrayBuffer>;
}

class LinuxDirectory implements HostDirectory {
  readonly #shared: Shared;
  readonly #descriptor: number;
  readonly #path: ByteString;

  constructor(shared: Shared, descriptor: number, path: ByteString) {
    this.#shared = shared;
    this.#descriptor = descriptor;
    this.#path = path;
  }

  get path(): string {
    return displayByteString(this.#path);
  }

  names(onlyFiles = false): ByteString[] {
    const { linux, answer } = this.#shared;
    const view = new DataView(answer.buffer);
    const names: ByteString[] = [];
    return attempt("read directory", this.path, () => {
      linux.seek(this.#descriptor, 0, 0);
      for (;;) {
        const end = linux.readDirectory(this.#descriptor, answer);
        if (end === 0) return names;
        // struct linux_dirent64: inode u64, offset u64, record length u16, type u8, name
        for (let at = 0; at < end; at += view.getUint16(at + 16, true)) {
          const name = byteStringFrom(answer, at + 19, answer.indexOf(0, at + 19));
          if (name === "." || name === "..") continue;
          if (!onlyFiles || this.#isFile(name, answer[at + 18])) names.push(name);
        }
      }
    });
  }

  stat(name: ByteString): HostStat | null {
    const { linux, stat } = this.#shared;
    try {
      linux.stat(this.#descriptor, name, stat);
      return readStatx(stat);
    } catch (error) {
      if (isErrno(error, "ENOENT")) return null;
      throw systemError(error, "read", this.#shown(name));
    }
  }

  /** Whether a name of that type is of a regular file; not every file system tells types. */
  #isFile(name: ByteString, type: number): boolean {
    if (type !== DT_UNKNOWN) return type === DT_REG;
    const stat = this.stat(name);
    return stat !== null && (stat.mode & S_IFMT) === S_IFREG;
  }

  directory(name: ByteString): HostDirectory {
    return this.#openDirectory(name, this.#join(name));
  }

  parent(): HostDirectory {
    return this.#openDirectory("..", this.#path.slice(0, this.#path.lastIndexOf("/")));
  }

  file(name: ByteString): HostFile {
    const { linux } = this.#shared;
    // Should it have become a fifo meanwhile, opening must not wait for its writer.
    const flags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    return attempt("open file", () => this.#shown(name), () =>
      new LinuxFile(
        this.#shared,
        linux.open(this.#descriptor, name, flags),
        this.#join(name),
      ));
  }

  readLink(name: ByteString): ByteString {
    const { linux, answer } = this.#shared;
    return attempt(
      "read symbolic link",
      () => this.#shown(name),
      () => byteStringFrom(answer, 0, linux.readLink(this.#descriptor, name, answer)),
    );
  }

  xattrs(name: ByteString): readonly HostXattr[] {
    const { linux, answer } = this.#shared;
    // These calls have no form that is relative to a directory: its entry in /proc serves as a path.
    const file = name === "" ? this.#descriptor : `/proc/self/fd/${this.#descriptor}/${name}`;
    return attempt("read attributes of", () => this.#shown(name), () => {
      const names = listXattrs(linux, file, answer);
      return names.map((xattr) => ({
        name: xattr,
        value: answer.slice(0, linux.getXattr(file, xattr, answer)),
      }));
    });
  }

  close(): void {
    this.#shared.linux.closeFile(this.#descriptor);
  }

  #openDirectory(name: ByteString, path: ByteString): HostDirectory {
    const { linux } = this.#shared;
    const flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    return attempt(
      "open directory",
      () => displayByteString(path),
      () => new LinuxDirectory(this.#shared, linux.open(this.#descriptor, name, flags), path),
    );
  }

  #join(name: ByteString): ByteString {
    return name === "" ? this.#path : `${this.#path}/${name}`;
  }

  #shown(name: ByteString): string {
    return displayByteString(this.#join(name));
  }
}

class LinuxFile implements HostFile {
  readonly #shared: Shared;
  readonly #descriptor: number;
  readonly #path: ByteString;

  constructor(shared: Shared, descriptor: number, path: ByteString) {
    this.#shared = shared;
    this.#descriptor = descriptor;
    this.#path = path;
  }

  stat(): HostStat {
    const { linux, stat } = this.#shared;
    return this.#attempt(() => {
      linux.stat(this.#descriptor, "", stat);
      return readStatx(stat);
    });
  }

  read(into: Uint8Array<ArrayBuffer>, position: number): number {
    const { linux } = this.#shared;
    return this.#attempt(() => {
      let done = 0;
      while (done < into.length) {
        const rest = done === 0 ? into : into.subarray(done);
        const count = linux.read(this.#descriptor, rest, position + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    });
  }

  seekData(position: number): number | null {
    return this.#attempt(() => {
      try {
        return this.#shared.linux.seek(this.#descriptor, position, SEEK_DATA);
      } catch (error) {
        if (isErrno(error, "ENXIO")) return null;
        if (isErrno(error, "EINVAL")) return position; // This filesystem does not tell.
        throw error;
      }
    });
  }

  seekHole(position: number): number {
    return this.#attempt(() => {
      try {
        return this.#shared.linux.seek(this.#descriptor, position, SEEK_HOLE);
      } catch (error) {
        if (isErrno(error, "ENXIO")) return position;
        if (isErrno(error, "EINVAL")) return Infinity;
        throw error;
      }
    });
  }

  cloneTo(path: string): HostFile | null {
    const { linux } = this.#shared;
    const at = utf8ByteString(path);
    return attempt("share blocks with", path, () => {
      const target = linux.open(AT_FDCWD, at, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
      try {
        const range = new Uint8Array(CLONE_RANGE_SIZE); // all of the file
        new DataView(range.buffer).setBigInt64(0, BigInt(this.#descriptor), true); // src_fd
        linux.ioctl(target, FICLONERANGE, range);
      } catch (error) {
        if (isErrno(error, ...CANNOT_SHARE)) return null;
        throw error;
      } finally {
        linux.closeFile(target);
      }
      return new LinuxFile(this.#shared, linux.open(AT_FDCWD, at, O_NOFOLLOW | O_CLOEXEC), at);
    });
  }

  linkTo(path: string): boolean {
    return attempt("link", path, () => {
      try {
        this.#shared.linux.link(this.#descriptor, utf8ByteString(path));
        return true;
      } catch (error) {
        if (isErrno(error, ...CANNOT_SHARE)) return false;
        throw error;
      }
    });
  }

  close(): void {
    this.#shared.linux.closeFile(this.#descriptor);
  }

  #attempt<T>(call: () => T): T {
    return attempt("read file", () => displayByteString(this.#path), call);
  }
}

function listXattrs(
  linux: Linux,
  file: ByteString | number,
  into: Uint8Array<ArrayBuffer>,
): ByteString[] {
  try {
    return splitNames(into, linux.listXattrs(file, into));
  } catch (error) {
    if (isErrno(error, "EOPNOTSUPP", "ENOTSUP")) return [];
    throw error;
  }
}

/** `struct statx`, `linux/stat.h`. */
function readStatx(bytes: Uint8Array<ArrayBuffer>): HostStat {
  const view = new DataView(bytes.buffer);
  const filesystem = `${view.getUint32(0x88, true)}:${view.getUint32(0x8c, true)}`;
  return {
    linkCount: view.getUint32(0x10, true),
    uid: view.getUint32(0x14, true),
    gid: view.getUint32(0x18, true),
    mode: view.getUint16(0x1c, true),
    identity: `${filesystem}:${view.getBigUint64(0x20, true)}`,
    size: Number(view.getBigUint64(0x28, true)),
    changeTime: `${view.getBigInt64(0x60, true)}.${view.getUint32(0x68, true)}`,
    mtimeSeconds: Number(view.getBigInt64(0x70, true)),
    mtimeNanoseconds: view.getUint32(0x78, true),
    deviceMajor: view.getUint32(0x80, true),
    deviceMinor: view.getUint32(0x84, true),
    filesystem,
  };
}

function attempt<T>(action: string, path: string | (() => string), call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw systemError(error, action, typeof path === "string" ? path : path());
  }
}
