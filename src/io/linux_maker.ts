/**
 * Makes files by the C library of Linux: names that are not UTF-8, nanoseconds, devices, extended
 * attributes. Everything happens relative to one open directory.
 *
 * @module
 */
import { constants } from "node:os";
import { join } from "node:path";
import { bytesOf, type ByteString, displayByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import { createHostBody } from "./host_body.ts";
import { AT_FDCWD } from "./linux.ts";
import { systemError } from "./system_error.ts";
import { type FileTimes, type HostBody, SPARE_NAME, type TreeMaker } from "./tree_maker.ts";

const AT_SYMLINK_NOFOLLOW = 0x100;
const RENAME_EXCHANGE = 2;
// asm-generic/fcntl.h; arm64 has other numbers for two of them.
const IS_ARM = Deno.build.arch === "aarch64";
const OPEN_DIRECTORY = (IS_ARM ? 0o40000 + 0o100000 : 0o200000 + 0o400000) + 0o2000000;
/** Largest numbers that a device has in the kernel: 12 and 20 bits. */
const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xfffff;
/** `struct posix_acl_xattr_header` of version 2 without entries: takes a list away. */
const EMPTY_LIST: Uint8Array<ArrayBuffer> = Uint8Array.of(2, 0, 0, 0);

const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  x86_64: ["libc.so.6", "libc.musl-x86_64.so.1"],
  aarch64: ["libc.so.6", "libc.musl-aarch64.so.1"],
};
/** What older libraries have no function for is called by its number. */
const CALL_NUMBERS: Readonly<Record<string, { mknodat: bigint; renameat2: bigint }>> = {
  x86_64: { mknodat: 259n, renameat2: 316n },
  aarch64: { mknodat: 33n, renameat2: 276n },
};

const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  close: { parameters: ["i32"], result: "i32" },
  fchmodat: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  fchownat: { parameters: ["i32", "buffer", "u32", "u32", "i32"], result: "i32" },
  geteuid: { parameters: [], result: "u32" },
  linkat: { parameters: ["i32", "buffer", "i32", "buffer", "i32"], result: "i32" },
  lsetxattr: { parameters: ["buffer", "buffer", "buffer", "usize", "i32"], result: "i32" },
  mkdirat: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  mknodat: {
    name: "syscall",
    parameters: ["isize", "i32", "buffer", "u32", "u32"],
    result: "isize",
  },
  openat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  renameat: { parameters: ["i32", "buffer", "i32", "buffer"], result: "i32" },
  renameat2: {
    name: "syscall",
    parameters: ["isize", "i32", "buffer", "i32", "buffer", "u32"],
    result: "isize",
  },
  symlinkat: { parameters: ["buffer", "i32", "buffer"], result: "i32" },
  syncfs: { parameters: ["i32"], result: "i32" },
  utimensat: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
} as const;

/** The files below one directory. Give it back by `close`. */
export class LinuxMaker implements TreeMaker {
  readonly limits = null;
  readonly isAdministrator: boolean;
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #errno: Deno.UnsafePointerView;
  readonly #numbers: { readonly mknodat: bigint; readonly renameat2: bigint };
  readonly #home: string;
  readonly #times = new BigInt64Array(4);
  #spare = -1;
  #directory = -1;
  /** Where the current directory is in the tree, for messages. */
  #path: ByteString[] = [];
  #count = 0;

  private constructor(library: Deno.DynamicLibrary<typeof SYMBOLS>, home: string) {
    this.#library = library;
    this.#errno = new Deno.UnsafePointerView(library.symbols.__errno_location()!);
    this.#numbers = CALL_NUMBERS[Deno.build.arch];
    this.#home = home;
    this.isAdministrator = library.symbols.geteuid() === 0;
  }

  /** Begins in the directory `home`; `null` where the C library cannot be called. */
  static open(home: string): LinuxMaker | null {
    const names = Deno.build.os === "linux" ? LIBRARIES[Deno.build.arch] ?? [] : [];
    for (const name of names) {
      let library: Deno.DynamicLibrary<typeof SYMBOLS>;
      try {
        library = Deno.dlopen(name, SYMBOLS);
      } catch {
        continue; // Another library, or not allowed: the caller has another way.
      }
      const maker = new LinuxMaker(library, home);
      try {
        maker.#begin();
        return maker;
      } catch (error) {
        maker.close();
        throw error;
      }
    }
    return null;
  }

  createBody(): HostBody {
    const id = this.#count++;
    return createHostBody(id, join(this.#home, SPARE_NAME, `${id}`));
  }

  makeDirectory(name: ByteString): void {
    const { mkdirat } = this.#library.symbols;
    this.#check(mkdirat(this.#directory, cString(name), 0o700), "make directory", name);
  }

  enter(name: ByteString): void {
    const opened = this.#open(this.#directory, name);
    this.#library.symbols.close(this.#directory);
    this.#directory = opened;
    this.#path.push(name);
  }

  leave(): void {
    const opened = this.#open(this.#directory, "..");
    this.#library.symbols.close(this.#directory);
    this.#directory = opened;
    this.#path.pop();
  }

  placeBody(id: number, name: ByteString): void {
    const { renameat } = this.#library.symbols;
    const result = renameat(this.#spare, cString(`${id}`), this.#directory, cString(name));
    this.#check(result, "make file", name);
  }

  makeNode(name: ByteString, mode: number, major: number, minor: number): void {
    if (major > MAX_MAJOR || minor > MAX_MINOR) {
      throw new ImageError(
        "UNSUPPORTED",
        `Cannot make file "${this.#shown(name)}": its device is ${major}:${minor}, expected at ` +
          `most ${MAX_MAJOR}:${MAX_MINOR}`,
      );
    }
    // As the kernel has it: the low 8 bits of the minor number, 12 of the major, the rest.
    const device = minor % 256 + major * 2 ** 8 + Math.floor(minor / 256) * 2 ** 20;
    const { mknodat } = this.#library.symbols;
    const result = mknodat(this.#numbers.mknodat, this.#directory, cString(name), mode, device);
    this.#check(result, "make file", name);
  }

  makeSymlink(name: ByteString, target: ByteString): void {
    const { symlinkat } = this.#library.symbols;
    const result = symlinkat(cString(target), this.#directory, cString(name));
    this.#check(result, "make symbolic link", name);
  }

  keep(name: ByteString): number {
    const id = this.#count++;
    const { linkat } = this.#library.symbols;
    const result = linkat(this.#directory, cString(name), this.#spare, cString(`${id}`), 0);
    this.#check(result, "link", name);
    return id;
  }

  link(id: number, name: ByteString): void {
    const { linkat } = this.#library.symbols;
    const result = linkat(this.#spare, cString(`${id}`), this.#directory, cString(name), 0);
    this.#check(result, "link", name);
  }

  setOwner(name: ByteString, uid: number, gid: number): void {
    const { fchownat } = this.#library.symbols;
    const result = fchownat(this.#directory, cString(name), uid, gid, AT_SYMLINK_NOFOLLOW);
    this.#check(result, "set owner of", name);
  }

  setPermissions(name: ByteString, permissions: number): void {
    // Follows a link, but what was made here is none.
    const { fchmodat } = this.#library.symbols;
    const result = fchmodat(this.#directory, cString(name), permissions, 0);
    this.#check(result, "set permissions of", name);
  }

  setXattr(name: ByteString, xattr: ByteString, value: Uint8Array<ArrayBuffer>): void {
    // This call has no form that is relative to a directory: its entry in /proc serves as a path.
    const path = cString(`/proc/self/fd/${this.#directory}/${name}`);
    const { lsetxattr } = this.#library.symbols;
    const result = lsetxattr(path, cString(xattr), value, BigInt(value.length), 0);
    this.#check(result, "set attribute of", name);
  }

  setTimes(name: ByteString, times: FileTimes): void {
    this.#times[0] = BigInt(times.atimeSeconds);
    this.#times[1] = BigInt(times.atimeNanoseconds);
    this.#times[2] = BigInt(times.mtimeSeconds);
    this.#times[3] = BigInt(times.mtimeNanoseconds);
    const { utimensat } = this.#library.symbols;
    const bytes = new Uint8Array(this.#times.buffer);
    const result = utimensat(this.#directory, cString(name), bytes, AT_SYMLINK_NOFOLLOW);
    this.#check(result, "set times of", name);
  }

  /** Waits until all of the file system is on its disk. */
  sync(): void {
    this.#check(this.#library.symbols.syncfs(this.#spare), "write output", "");
  }

  /** Lets two directories change places; `false` where the file system cannot do that. */
  exchange(a: string, b: string): boolean {
    const encode = (path: string) => new TextEncoder().encode(`${path}\0`);
    const { renameat2 } = this.#library.symbols;
    const number = this.#numbers.renameat2;
    return renameat2(number, AT_FDCWD, encode(a), AT_FDCWD, encode(b), RENAME_EXCHANGE) === 0n;
  }

  /** Gives the directories and the library back. */
  close(): void {
    const { close } = this.#library.symbols;
    if (this.#spare >= 0) close(this.#spare);
    if (this.#directory >= 0) close(this.#directory);
    this.#spare = this.#directory = -1;
    this.#library.close();
  }

  #begin(): void {
    const home = new TextEncoder().encode(this.#home);
    this.#directory = this.#open(
      AT_FDCWD,
      Array.from(home, (byte) => String.fromCharCode(byte)).join(""),
    );
    this.#dropDefaultList();
    this.makeDirectory(SPARE_NAME);
    this.#spare = this.#open(this.#directory, SPARE_NAME);
  }

  /**
   * What is made in a directory inherits its default access control list; that of the directory
   * around is no part of the tree. Where the call fails, the file system has none.
   */
  #dropDefaultList(): void {
    const home = new TextEncoder().encode(`${this.#home}\0`);
    const { lsetxattr } = this.#library.symbols;
    lsetxattr(home, cString("system.posix_acl_default"), EMPTY_LIST, BigInt(EMPTY_LIST.length), 0);
  }

  #open(directory: number, name: ByteString): number {
    const result = this.#library.symbols.openat(directory, cString(name), OPEN_DIRECTORY);
    this.#check(result, "open directory", name);
    return result;
  }

  #check(result: number | bigint, action: string, name: ByteString): void {
    if (result >= 0) return;
    const number = this.#errno.getInt32();
    const known = Object.entries(constants.errno).find(([, value]) => value === number);
    const code = known?.[0] ?? `E${number}`;
    const error = Object.assign(new Error(`failed with ${code}`), { code });
    throw systemError(error, action, this.#shown(name));
  }

  #shown(name: ByteString): string {
    const inTree = [...this.#path.slice(1), name].join("/");
    return displayByteString(inTree);
  }
}

/** A byte string as the C library takes it: with a NUL after it. */
function cString(text: ByteString): Uint8Array<ArrayBuffer> {
  return bytesOf(`${text}\0`);
}
