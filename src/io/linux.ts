/**
 * The few calls of the C library for what the runtime does not offer: names that are not UTF-8,
 * nanoseconds, extended attributes, holes. Nothing else in the program calls native code.
 *
 * Works with glibc and musl, on x86-64 and arm64. What only newer libraries have is called by its
 * number, through `syscall(2)`.
 *
 * @module
 */
import { constants } from "node:os";
import { bytesOf, type ByteString, byteStringFrom } from "../bytes/byte_string.ts";

/** Means "no directory: the path is absolute". */
export const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_SYMLINK_FOLLOW = 0x400;
/** With an empty name: the open file itself. */
const AT_EMPTY_PATH = 0x1000;
/** `struct statx`, `linux/stat.h`. */
export const STATX_SIZE = 256;
const STATX_BASIC_STATS = 0x7ff;
const CAP_SYS_ADMIN = 21;
/** Inode of the first user namespace, where root is root (`linux/nsfs.h`). */
const INITIAL_USER_NAMESPACE = 0xeffffffdn;

const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  x86_64: ["libc.so.6", "libc.musl-x86_64.so.1"],
  aarch64: ["libc.so.6", "libc.musl-aarch64.so.1"],
};
/** Numbers of the calls that go through `syscall(2)`. */
interface CallNumbers {
  readonly getdents64: bigint;
  readonly ioctl: bigint;
  readonly statx: bigint;
}
const CALL_NUMBERS: Readonly<Record<string, CallNumbers>> = {
  x86_64: { getdents64: 217n, ioctl: 16n, statx: 332n },
  aarch64: { getdents64: 61n, ioctl: 29n, statx: 291n },
};

const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  capget: { parameters: ["buffer", "buffer"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  flistxattr: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  fgetxattr: { parameters: ["i32", "buffer", "buffer", "usize"], result: "isize" },
  geteuid: { parameters: [], result: "u32" },
  getdents64: {
    name: "syscall",
    parameters: ["isize", "i32", "buffer", "usize"],
    result: "isize",
  },
  ioctl: {
    name: "syscall",
    parameters: ["isize", "i32", "usize", "buffer"],
    result: "isize",
  },
  lgetxattr: { parameters: ["buffer", "buffer", "buffer", "usize"], result: "isize" },
  linkat: { parameters: ["i32", "buffer", "i32", "buffer", "i32"], result: "i32" },
  llistxattr: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  openat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  pread: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  readlinkat: { parameters: ["i32", "buffer", "buffer", "usize"], result: "isize" },
  statx: {
    name: "syscall",
    parameters: ["isize", "i32", "buffer", "i32", "u32", "buffer"],
    result: "isize",
  },
  syncfs: { parameters: ["i32"], result: "i32" },
} as const;

/** Why the C library cannot be called. */
export interface NoLinux {
  /** For a person. */
  readonly reason: string;
}

/** An error of a system call, in the form in which the runtime has them. */
class CallError extends Error {
  /** Name of the error, as `ENOENT`. */
  readonly code: string;

  constructor(call: string, code: string) {
    super(`${call} failed with ${code}`);
    this.code = code;
  }
}

/**
 * The opened library. Paths and names are byte strings; a call that fails throws an `Error` with the
 * `code` of its error number, which `systemError` explains.
 */
export class Linux {
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #errno: Deno.UnsafePointerView;
  readonly #numbers: CallNumbers;

  private constructor(library: Deno.DynamicLibrary<typeof SYMBOLS>, architecture: string) {
    this.#library = library;
    this.#errno = new Deno.UnsafePointerView(library.symbols.__errno_location()!);
    this.#numbers = CALL_NUMBERS[architecture];
  }

  /** Opens the C library of this machine, or answers why that cannot be. */
  static open(): Linux | NoLinux {
    const { os, arch } = Deno.build;
    const names = LIBRARIES[arch];
    if (os !== "linux" || names === undefined) {
      return { reason: `that takes Linux on x86-64 or arm64, this is ${os} on ${arch}` };
    }
    let reason = "";
    for (const name of names) {
      try {
        return new Linux(Deno.dlopen(name, SYMBOLS), arch);
      } catch (error) {
        if (error instanceof Deno.errors.NotCapable) {
          return { reason: "the sandbox does not let the C library be called (--allow-ffi does)" };
        }
        reason ||= `the C library cannot be called (${(error as Error).message})`;
      }
    }
    return { reason };
  }

  /** Gives the library back. */
  close(): void {
    this.#library.close();
  }

  /** Effective user. */
  uid(): number {
    return this.#library.symbols.geteuid();
  }

  /** Whether this program has the rights of an administrator, in its user namespace. */
  hasAdministratorRights(): boolean {
    // struct __user_cap_header_struct: version 3, this process; two sets of three words.
    const header = new Uint32Array([0x20080522, 0]);
    const sets = new Uint32Array(6);
    if (this.#library.symbols.capget(header, sets) !== 0) return false;
    return (sets[0] >>> CAP_SYS_ADMIN) % 2 === 1;
  }

  /** Whether the user namespace is the first one, in which root is root of the machine. */
  isInitialNamespace(): boolean {
    const stat = new Uint8Array(STATX_SIZE);
    return this.#statx(AT_FDCWD, "/proc/self/ns/user", 0, stat) === 0n &&
      new DataView(stat.buffer).getBigUint64(0x20, true) === INITIAL_USER_NAMESPACE;
  }

  /** `openat(2)`: a descriptor. */
  open(directory: number, name: ByteString, flags: number): number {
    return Number(this.#check(
      "openat",
      this.#library.symbols.openat(directory, cString(name), flags),
    ));
  }

  /** `close(2)`. */
  closeFile(descriptor: number): void {
    this.#library.symbols.close(descriptor);
  }

  /** `statx(2)` of a name, not followed, or with an empty name of the descriptor itself. */
  stat(directory: number, name: ByteString, into: Uint8Array<ArrayBuffer>): void {
    this.#check("statx", this.#statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, into));
  }

  /** `getdents64(2)`: bytes that were filled, 0 at the end. */
  readDirectory(descriptor: number, into: Uint8Array<ArrayBuffer>): number {
    const { getdents64 } = this.#library.symbols;
    const size = BigInt(into.length);
    return this.#check("getdents64", getdents64(this.#numbers.getdents64, descriptor, into, size));
  }

  /** `readlinkat(2)`: bytes of the target. */
  readLink(directory: number, name: ByteString, into: Uint8Array<ArrayBuffer>): number {
    const { readlinkat } = this.#library.symbols;
    return this.#check(
      "readlinkat",
      readlinkat(directory, cString(name), into, BigInt(into.length)),
    );
  }

  /** `pread(2)`: bytes that were read, 0 at the end. */
  read(descriptor: number, into: Uint8Array<ArrayBuffer>, position: number): number {
    const { pread } = this.#library.symbols;
    return this.#check("pread", pread(descriptor, into, BigInt(into.length), BigInt(position)));
  }

  /** `linkat(2)`: gives an open file a further name. */
  link(descriptor: number, name: ByteString): void {
    const { linkat } = this.#library.symbols;
    const open = cString(`/proc/self/fd/${descriptor}`);
    this.#check("linkat", linkat(AT_FDCWD, open, AT_FDCWD, cString(name), AT_SYMLINK_FOLLOW));
  }

  /** `lseek(2)`. */
  seek(descriptor: number, position: number, whence: number): number {
    return this.#check("lseek", this.#library.symbols.lseek(descriptor, BigInt(position), whence));
  }

  /** `ioctl(2)` with a struct, which the kernel may change. */
  ioctl(descriptor: number, request: number, argument: Uint8Array<ArrayBuffer>): number {
    const { ioctl } = this.#library.symbols;
    return this.#check(
      "ioctl",
      ioctl(this.#numbers.ioctl, descriptor, BigInt(request), argument),
    );
  }

  /** Names of extended attributes, each with a NUL behind it: of a path, or of a descriptor. */
  listXattrs(file: ByteString | number, into: Uint8Array<ArrayBuffer>): number {
    const { flistxattr, llistxattr } = this.#library.symbols;
    const size = BigInt(into.length);
    const result = typeof file === "number"
      ? flistxattr(file, into, size)
      : llistxattr(cString(file), into, size);
    return this.#check("listxattr", result);
  }

  /** The value of an extended attribute of a path, or of a descriptor. */
  getXattr(file: ByteString | number, name: ByteString, into: Uint8Array<ArrayBuffer>): number {
    const { fgetxattr, lgetxattr } = this.#library.symbols;
    const size = BigInt(into.length);
    const result = typeof file === "number"
      ? fgetxattr(file, cString(name), into, size)
      : lgetxattr(cString(file), cString(name), into, size);
    return this.#check("getxattr", result);
  }

  /** `syncfs(2)`: waits until all of the file system with the open file is on its disk. */
  syncFileSystem(descriptor: number): void {
    this.#check("syncfs", this.#library.symbols.syncfs(descriptor));
  }

  #statx(directory: number, name: ByteString, flags: number, into: Uint8Array<ArrayBuffer>) {
    const { statx } = this.#library.symbols;
    return statx(this.#numbers.statx, directory, cString(name), flags, STATX_BASIC_STATS, into);
  }

  #check(call: string, result: number | bigint): number {
    if (result >= 0) return Number(result);
    const number = this.#errno.getInt32();
    const known = Object.entries(constants.errno).find(([, value]) => value === number);
    throw new CallError(call, known?.[0] ?? `E${number}`);
  }
}

/** Whether a call failed with the error of that name, as `ENOENT`. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof CallError && codes.includes(error.code);
}

/** The bytes `[0, end)` split at NULs, the last of which ends them. */
export function splitNames(bytes: Uint8Array, end: number): ByteString[] {
  return end === 0 ? [] : byteStringFrom(bytes, 0, end - 1).split("\0");
}

/** A byte string as the C library takes it: with a NUL after it. */
function cString(text: ByteString): Uint8Array<ArrayBuffer> {
  return bytesOf(`${text}\0`);
}
