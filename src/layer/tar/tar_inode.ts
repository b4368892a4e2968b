/**
 * The file that a tar header describes, as an `Inode`.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { canonicalXattrs, FileKind, Inode } from "../../tree/inode.ts";
import { MAX_TARGET_BYTES, shorten } from "./entry_path.ts";
import type { PaxRecords } from "./pax_records.ts";
import { HeaderField } from "./tar_header.ts";
import { readTarNumber } from "./tar_number.ts";

const MAX_ID = 0xffff_ffff;
const MAX_DEVICE_NUMBER = 0xffff_ffff;

/** The kind of file of a type flag that stands for a file, `undefined` for all others. */
export function kindOfTypeFlag(typeFlag: number): FileKind | undefined {
  switch (typeFlag) {
    case 0x00: // NUL: a regular file of old tars
    case 0x30: // 0: a regular file
    case 0x37: // 7: a contiguous file
    case 0x53: // S: GNU's sparse file
      return FileKind.regular;
    case 0x32: // 2
      return FileKind.symlink;
    case 0x33: // 3
      return FileKind.characterDevice;
    case 0x34: // 4
      return FileKind.blockDevice;
    case 0x35: // 5
    case 0x44: // D: a directory with a list of its names, of GNU's incremental archives
      return FileKind.directory;
    case 0x36: // 6
      return FileKind.fifo;
    default:
      return undefined;
  }
}

/**
 * The inode of the header at `at` of `bytes`, with what the PAX `records` say instead. `size` is
 * the size of a regular file, `target` what a symbolic link says.
 *
 * Owner names are never looked up: the numbers count. Throws `ImageError` for numbers out of range.
 */
export function readTarInode(
  bytes: Uint8Array,
  at: number,
  kind: FileKind,
  size: number,
  target: ByteString,
  records: PaxRecords | null,
): Inode {
  const inode = new Inode(kind, readPermissions(bytes, at, kind));
  inode.uid = checkId(records?.uid ?? readField(bytes, at, "uid"), "uid");
  inode.gid = checkId(records?.gid ?? readField(bytes, at, "gid"), "gid");
  const mtime = records?.mtime ?? null;
  if (mtime === null) {
    inode.mtimeSeconds = readField(bytes, at, "mtime");
  } else {
    inode.mtimeSeconds = mtime.seconds;
    inode.mtimeNanoseconds = mtime.nanoseconds;
  }
  const atime = records?.atime ?? null;
  inode.atimeSeconds = atime === null ? inode.mtimeSeconds : atime.seconds;
  inode.atimeNanoseconds = atime === null ? inode.mtimeNanoseconds : atime.nanoseconds;
  if (kind === FileKind.regular) {
    inode.size = size;
  } else if (kind === FileKind.symlink) {
    checkTarget(target);
    inode.target = target;
    inode.size = target.length;
  } else if (kind === FileKind.characterDevice || kind === FileKind.blockDevice) {
    inode.deviceMajor = checkDevice(readField(bytes, at, "deviceMajor"), "devmajor");
    inode.deviceMinor = checkDevice(readField(bytes, at, "deviceMinor"), "devminor");
  }
  if (records !== null) {
    inode.xattrs = canonicalXattrs(records.allXattrs());
    const permissions = records.aclPermissions;
    if (permissions !== null && kind !== FileKind.symlink) {
      inode.permissions = (inode.permissions & 0o7000) + permissions;
    }
  }
  return inode;
}

function readPermissions(bytes: Uint8Array, at: number, kind: FileKind): number {
  // Linux has no permissions on a symbolic link: every one shows 0777, whatever the archive says.
  if (kind === FileKind.symlink) return 0o777;
  // Only the low bits count, which `&` takes right from any integer.
  return readField(bytes, at, "mode") & 0o7777;
}

function readField(
  bytes: Uint8Array,
  at: number,
  field: "mode" | "uid" | "gid" | "mtime" | "deviceMajor" | "deviceMinor",
): number {
  const place = HeaderField[field];
  return readTarNumber(bytes, at + place[0], place[1], field);
}

function checkId(value: number, field: string): number {
  if (value >= 0 && value <= MAX_ID) return value;
  throw new ImageError(
    value < 0 ? "CORRUPT" : "LIMIT_EXCEEDED",
    `Cannot accept ${field} "${value}": it is out of range, expected 0 to ${MAX_ID}`,
  );
}

function checkDevice(value: number, field: string): number {
  if (value >= 0 && value <= MAX_DEVICE_NUMBER) return value;
  throw new ImageError(
    value < 0 ? "CORRUPT" : "LIMIT_EXCEEDED",
    `Cannot accept ${field} "${value}": it is out of range, expected 0 to ${MAX_DEVICE_NUMBER}`,
  );
}

function checkTarget(target: ByteString): void {
  if (target.length > MAX_TARGET_BYTES) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot accept symbolic link target "${shorten(target)}": ${target.length} bytes, ` +
        `expected at most ${MAX_TARGET_BYTES}`,
    );
  }
  if (target === "" || target.includes("\0")) {
    throw new ImageError(
      "CORRUPT",
      `Cannot accept symbolic link target "${shorten(target)}": it ` +
        `${target === "" ? "is empty" : "holds a NUL byte"}, expected a path`,
    );
  }
}
