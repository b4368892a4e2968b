/**
 * Headers of a tar archive of plain files (POSIX.1-2017 pax, "ustar Interchange Format").
 *
 * @module
 */

/** Bytes of a block. */
export const TAR_BLOCK_SIZE = 512;
/** From here on a size has no 11 octal digits. */
const OCTAL_SIZE_END = 8 ** 11;

/** The header of a regular file, owned by root and of the time 0, so that equal inputs give equal bytes. */
export function fileHeader(path: string, sizeBytes: number): Uint8Array {
  return header(path, sizeBytes, "0", "0000644");
}

/** The header of a directory; `path` ends with a slash. */
export function directoryHeader(path: string): Uint8Array {
  return header(path, 0, "5", "0000755");
}

function header(path: string, sizeBytes: number, type: string, mode: string): Uint8Array {
  const block = new Uint8Array(TAR_BLOCK_SIZE);
  const put = (at: number, text: string) => block.set(new TextEncoder().encode(text), at);
  put(0, path);
  put(100, mode);
  put(108, "0000000");
  put(116, "0000000");
  if (sizeBytes < OCTAL_SIZE_END) put(124, sizeBytes.toString(8).padStart(11, "0"));
  else putBinarySize(block, sizeBytes);
  put(136, "00000000000");
  put(148, " ".repeat(8));
  put(156, type);
  put(257, "ustar\x0000");
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  put(148, checksum.toString(8).padStart(6, "0") + "\0 ");
  return block;
}

/** Sizes from 8 GiB on as a binary number, which GNU tar began with and all readers know. */
function putBinarySize(block: Uint8Array, sizeBytes: number): void {
  block[124] = 0x80;
  for (let at = 135, rest = sizeBytes; at > 124 && rest > 0; at--) {
    block[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}
