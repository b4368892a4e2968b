/**
 * The few calls of the C library that show what no JavaScript interface shows: names as raw bytes,
 * nanoseconds, extended attributes, holes.
 *
 * @module
 */
import { bytesOf, type ByteString, byteStringFrom } from "../src/bytes/byte_string.ts";

const SYMBOLS = {
  openat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  getdents64: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  readlinkat: { parameters: ["i32", "buffer", "buffer", "usize"], result: "isize" },
  llistxattr: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  lgetxattr: { parameters: ["buffer", "buffer", "buffer", "usize"], result: "isize" },
  lsetxattr: { parameters: ["buffer", "buffer", "buffer", "usize", "i32"], result: "i32" },
  pread64: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  pwrite64: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  ftruncate64: { parameters: ["i32", "i64"], result: "i32" },
  lseek64: { parameters: ["i32", "i64", "i32"], result: "i64" },
  mkdirat: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  mknodat: { parameters: ["i32", "buffer", "u32", "u64"], result: "i32" },
  symlinkat: { parameters: ["buffer", "i32", "buffer"], result: "i32" },
  linkat: { parameters: ["i32", "buffer", "i32", "buffer", "i32"], result: "i32" },
  fchownat: { parameters: ["i32", "buffer", "u32", "u32", "i32"], result: "i32" },
  fchmodat: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  utimensat: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** The opened library; close it when done. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>;

/** Means "no directory: the path is absolute or relative to the working directory". */
export const AT_FDCWD = -100;
/** Names a symbolic link itself. */
export const AT_SYMLINK_NOFOLLOW = 0x100;

/** Closes a file in programs that are started: one that inherits it would keep a mount busy. */
export const O_CLOEXEC = 0o2000000;

/** Opens the C library of the machine. */
export function openLibc(): Libc {
  return Deno.dlopen("libc.so.6", SYMBOLS);
}

/** The error number of the last call. */
export function errno(libc: Libc): number {
  const pointer = libc.symbols.__errno_location();
  return pointer === null ? 0 : new Deno.UnsafePointerView(pointer).getInt32();
}

/** Throws with the name of the call and its error number when `result` says that it failed. */
export function mustSucceed(
  libc: Libc,
  call: string,
  path: ByteString,
  result: number | bigint,
): number {
  if (result < 0) {
    throw new Error(`Cannot ${call} "${path}": error number is ${errno(libc)}, expected success`);
  }
  return Number(result);
}

/** A byte string as the C library takes it: with a NUL after it. */
export function cString(text: ByteString): Uint8Array<ArrayBuffer> {
  return bytesOf(`${text}\0`);
}

/** Opens a path below `directory` of any length (the kernel takes 4,095 bytes at once). */
export function openPath(libc: Libc, directory: number, path: ByteString): number {
  let base = directory;
  let rest = path === "" ? "." : path;
  for (;;) {
    const cut = rest.length < 4000 ? -1 : rest.lastIndexOf("/", 4000);
    const piece = cut < 0 ? rest : rest.slice(0, cut);
    const opened = libc.symbols.openat(base, cString(piece), O_CLOEXEC);
    if (base !== directory) libc.symbols.close(base);
    mustSucceed(libc, "open", path, opened);
    if (cut < 0) return opened;
    base = opened;
    rest = rest.slice(cut + 1);
  }
}

/** Names in an open directory, without `.` and `..`. */
export function readNames(libc: Libc, directory: number, path: ByteString): ByteString[] {
  const names: ByteString[] = [];
  const buffer = new Uint8Array(65536);
  const view = new DataView(buffer.buffer);
  for (;;) {
    const byteCount = mustSucceed(
      libc,
      "read directory",
      path,
      libc.symbols.getdents64(directory, buffer, BigInt(buffer.length)),
    );
    if (byteCount === 0) return names;
    // struct linux_dirent64: inode u64, offset u64, record length u16, type u8, name
    for (let at = 0; at < byteCount; at += view.getUint16(at + 16, true)) {
      const name = byteStringFrom(buffer, at + 19, buffer.indexOf(0, at + 19));
      if (name !== "." && name !== "..") names.push(name);
    }
  }
}
