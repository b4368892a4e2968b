/**
 * Writes the 512-byte header of an archive member (POSIX.1-1988 ustar). Its reader is the tar
 * parser's (`src/layer/tar/tar_header.ts`), whose table of fields this one uses.
 *
 * @module
 */
import { type ByteString, writeByteString } from "../../bytes/byte_string.ts";
import { BLOCK_SIZE, HeaderField, headerSum } from "../../layer/tar/tar_header.ts";

export { BLOCK_SIZE };

/** Largest owner, group or device number: seven octal digits. */
export const MAX_OCTAL_7 = 0o7777777;
/** Largest size or time: eleven octal digits. */
export const MAX_OCTAL_11 = 8 ** 11 - 1;

/** Kinds of members. */
export const TypeFlag = {
  regular: "0",
  hardLink: "1",
  symlink: "2",
  characterDevice: "3",
  blockDevice: "4",
  directory: "5",
  fifo: "6",
  pax: "x",
} as const;

/** The fields of a header; numbers must fit. */
export interface TarHeader {
  /** At most 100 bytes. */
  readonly name: ByteString;
  /** At most 155 bytes; stands before the name, with a slash between them. */
  readonly prefix: ByteString;
  /** Permission bits. */
  readonly permissions: number;
  /** Owner, up to `MAX_OCTAL_7`. */
  readonly uid: number;
  /** Group, up to `MAX_OCTAL_7`. */
  readonly gid: number;
  /** Bytes of the body, up to `MAX_OCTAL_11`. */
  readonly size: number;
  /** Seconds since 1970, 0 to `MAX_OCTAL_11`. */
  readonly mtimeSeconds: number;
  /** One of {@linkcode TypeFlag}. */
  readonly typeFlag: string;
  /** Target of a link, at most 100 bytes. */
  readonly linkName: ByteString;
  /** Device number. */
  readonly deviceMajor: number;
  /** Device number. */
  readonly deviceMinor: number;
}

/** A header of zeros and empty texts, to be spread. */
export const EMPTY_HEADER: TarHeader = Object.freeze({
  name: "",
  prefix: "",
  permissions: 0,
  uid: 0,
  gid: 0,
  size: 0,
  mtimeSeconds: 0,
  typeFlag: TypeFlag.regular,
  linkName: "",
  deviceMajor: 0,
  deviceMinor: 0,
});

/** Writes all 512 bytes at the start of `block`. */
export function writeTarHeader(block: Uint8Array, header: TarHeader): void {
  block.fill(0, 0, BLOCK_SIZE);
  writeByteString(block, HeaderField.name[0], header.name);
  writeOctal(block, HeaderField.mode, header.permissions);
  writeOctal(block, HeaderField.uid, header.uid);
  writeOctal(block, HeaderField.gid, header.gid);
  writeOctal(block, HeaderField.size, header.size);
  writeOctal(block, HeaderField.mtime, header.mtimeSeconds);
  writeByteString(block, HeaderField.typeFlag[0], header.typeFlag);
  writeByteString(block, HeaderField.linkName[0], header.linkName);
  writeByteString(block, HeaderField.magic[0], "ustar\x0000");
  writeOctal(block, HeaderField.deviceMajor, header.deviceMajor);
  writeOctal(block, HeaderField.deviceMinor, header.deviceMinor);
  writeByteString(block, HeaderField.prefix[0], header.prefix);
  const [at] = HeaderField.checksum;
  const sum = headerSum(block, 0, false);
  writeByteString(block, at, `${sum.toString(8).padStart(6, "0")}\0 `);
}

/** Digits up to the last byte of the field, which is a NUL. */
function writeOctal(
  block: Uint8Array,
  [at, width]: readonly [number, number],
  value: number,
): void {
  let rest = value;
  for (let i = at + width - 2; i >= at; i--) {
    block[i] = 0x30 + rest % 8;
    rest = Math.floor(rest / 8);
  }
}
