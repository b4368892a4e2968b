/**
 * The header of an archive member: a magic and 13 numbers of 8 hexadecimal digits.
 *
 * Spec: Linux, "initramfs buffer format" (`Documentation/driver-api/early-userspace/buffer-format.rst`).
 *
 * @module
 */
import { byteStringFrom, writeByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";

/** Bytes of a header; the name follows at once. */
export const HEADER_SIZE = 110;
/** Header with name, and body, are padded to this. */
export const ALIGNMENT = 4;
/** Name of the member that ends an archive. */
export const TRAILER_NAME = "TRAILER!!!";
/** Bytes of a name or target with the NUL behind it: what the kernel takes. */
export const PATH_MAX = 4096;
/** Largest value of a field. */
export const MAX_FIELD = 0xffff_ffff;

/** Magic of members without (`newc`) and with (`crc`) a checksum. */
export const Magic = { newc: "070701", crc: "070702" } as const;

/** The fields of a header. */
export interface CpioHeader {
  /** One of {@linkcode Magic}. */
  readonly magic: string;
  /** Tells hard links, with the device. */
  readonly ino: number;
  /** `st_mode`: kind and permissions. */
  readonly mode: number;
  /** Owner. */
  readonly uid: number;
  /** Group. */
  readonly gid: number;
  /** How many names the file has. */
  readonly nlink: number;
  /** Modification time, seconds since 1970. */
  readonly mtimeSeconds: number;
  /** Bytes of the body. */
  readonly fileSize: number;
  /** Device that the file was on. */
  readonly devMajor: number;
  /** Device that the file was on. */
  readonly devMinor: number;
  /** Number of a device file. */
  readonly rdevMajor: number;
  /** Number of a device file. */
  readonly rdevMinor: number;
  /** Bytes of the name with its NUL. */
  readonly nameSize: number;
  /** Sum of the body's bytes where the magic is `crc`, else 0. */
  readonly check: number;
}

/** Writes a header at `at`. */
export function writeCpioHeader(bytes: Uint8Array, at: number, header: CpioHeader): void {
  writeByteString(bytes, at, header.magic);
  writeHex(bytes, at + 6, header.ino); // c_ino
  writeHex(bytes, at + 14, header.mode); // c_mode
  writeHex(bytes, at + 22, header.uid); // c_uid
  writeHex(bytes, at + 30, header.gid); // c_gid
  writeHex(bytes, at + 38, header.nlink); // c_nlink
  writeHex(bytes, at + 46, header.mtimeSeconds); // c_mtime
  writeHex(bytes, at + 54, header.fileSize); // c_filesize
  writeHex(bytes, at + 62, header.devMajor); // c_maj
  writeHex(bytes, at + 70, header.devMinor); // c_min
  writeHex(bytes, at + 78, header.rdevMajor); // c_rmaj
  writeHex(bytes, at + 86, header.rdevMinor); // c_rmin
  writeHex(bytes, at + 94, header.nameSize); // c_namesize
  writeHex(bytes, at + 102, header.check); // c_chksum
}

/** Reads a header; throws `ImageError` `UNSUPPORTED` for other kinds of cpio, `CORRUPT` for none. */
export function readCpioHeader(bytes: Uint8Array, at: number): CpioHeader {
  const magic = byteStringFrom(bytes, at, at + 6);
  if (magic !== Magic.newc && magic !== Magic.crc) throw wrongMagic(bytes, at, magic);
  return {
    magic,
    ino: readHex(bytes, at + 6, "c_ino"),
    mode: readHex(bytes, at + 14, "c_mode"),
    uid: readHex(bytes, at + 22, "c_uid"),
    gid: readHex(bytes, at + 30, "c_gid"),
    nlink: readHex(bytes, at + 38, "c_nlink"),
    mtimeSeconds: readHex(bytes, at + 46, "c_mtime"),
    fileSize: readHex(bytes, at + 54, "c_filesize"),
    devMajor: readHex(bytes, at + 62, "c_maj"),
    devMinor: readHex(bytes, at + 70, "c_min"),
    rdevMajor: readHex(bytes, at + 78, "c_rmaj"),
    rdevMinor: readHex(bytes, at + 86, "c_rmin"),
    nameSize: readHex(bytes, at + 94, "c_namesize"),
    check: readHex(bytes, at + 102, "c_chksum"),
  };
}

/** Name of an older kind of cpio that begins with these bytes, `null` for none. */
export function olderKind(bytes: Uint8Array, at: number): string | null {
  if (byteStringFrom(bytes, at, at + 6) === "070707") return "odc (portable ASCII)";
  const [first, second] = [bytes[at], bytes[at + 1]];
  const isBinary = first === 0xc7 && second === 0x71 || first === 0x71 && second === 0xc7;
  return isBinary ? "bin (binary)" : null;
}

function wrongMagic(bytes: Uint8Array, at: number, magic: string): ImageError {
  const older = olderKind(bytes, at);
  if (older !== null) {
    return new ImageError(
      "UNSUPPORTED",
      `Cannot read cpio header: the archive is of the kind ${older}, expected newc or crc`,
    );
  }
  return new ImageError(
    "CORRUPT",
    `Cannot read cpio header: magic is ${JSON.stringify(magic)}, expected 070701 or 070702`,
  );
}

function writeHex(bytes: Uint8Array, at: number, value: number): void {
  writeByteString(bytes, at, value.toString(16).toUpperCase().padStart(8, "0"));
}

function readHex(bytes: Uint8Array, at: number, field: string): number {
  let value = 0;
  for (let i = at; i < at + 8; i++) {
    const byte = bytes[i];
    // 0-9, then A-F in either case
    const digit = byte >= 0x30 && byte <= 0x39
      ? byte - 0x30
      : byte >= 0x41 && byte <= 0x46
      ? byte - 0x37
      : byte >= 0x61 && byte <= 0x66
      ? byte - 0x57
      : -1;
    if (digit < 0) {
      throw new ImageError(
        "CORRUPT",
        `Cannot read cpio field "${field}": byte ${i - at} is 0x${byte.toString(16)}, expected ` +
          "a hexadecimal digit",
      );
    }
    value = value * 16 + digit;
  }
  return value;
}
