/**
 * The disk inside a fixed VHD file.
 *
 * @module
 */
import { ImageError, type ImageErrorCode } from "../image_error.ts";
import type { ByteSource } from "../io/byte_source.ts";
import type { Disk } from "./disk_container.ts";
import { formatUuid } from "./guid.ts";
import {
  readVhdFooter,
  VHD_COOKIE,
  VHD_FOOTER_SIZE,
  VHD_TYPE_FIXED,
  VHD_VERSION,
  vhdChecksum,
} from "./vhd_footer.ts";
import { windowSource } from "./window_source.ts";

/**
 * The disk in the VHD file `file`, `null` where it is none. Throws `ImageError` `UNSUPPORTED` for one
 * that is not fixed, `CORRUPT` for one that ends early.
 */
export function vhdDisk(file: ByteSource): Disk | null {
  const start = file.size - VHD_FOOTER_SIZE;
  if (start < 0) return null;
  const bytes = new Uint8Array(VHD_FOOTER_SIZE);
  file.read(bytes, start);
  if (VHD_COOKIE.some((byte, i) => bytes[i] !== byte)) return null;
  const footer = readVhdFooter(new DataView(bytes.buffer), 0);
  const checksum = vhdChecksum(bytes);
  const isRight = footer.checksum === checksum;
  // These bytes may be in the last file of an image: a damaged footer must fit its file at least.
  const fits = footer.version === VHD_VERSION && footer.currentSize === start;
  if (!isRight && !fits) return null;
  const fail = (code: ImageErrorCode, observed: string, expected: string) =>
    new ImageError(code, `Cannot read VHD "${file.name}": ${observed}, expected ${expected}`, {
      where: { source: file.name },
    });
  if (footer.diskType !== VHD_TYPE_FIXED) {
    const observed = `it is dynamic or differencing (type ${footer.diskType})`;
    throw fail("UNSUPPORTED", observed, "a fixed one");
  }
  const { currentSize } = footer;
  if (currentSize > start) {
    throw fail("CORRUPT", `the disk has ${currentSize} bytes by its footer`, `at most ${start}`);
  }
  return {
    image: windowSource(file, 0, currentSize),
    containers: [{
      name: "vhd",
      details: { vhdUuid: formatUuid(footer.uuid), diskSize: currentSize },
      check(onProblem) {
        if (isRight) return;
        const message = `VHD footer has checksum ${footer.checksum}, expected ${checksum}`;
        onProblem({ message, offset: start });
      },
    }],
  };
}
