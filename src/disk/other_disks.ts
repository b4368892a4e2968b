/**
 * Disks and disk files that are not read here, told by name instead of by "nothing that is known".
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import type { ByteSource } from "../io/byte_source.ts";

const SECTOR_SIZE = 512;
/** Type of the partition that stands for a GUID partition table. */
const TYPE_PROTECTIVE = 0xee;

/** Disk files by their first bytes. */
const DISK_FILES: readonly (readonly [name: string, offset: number, bytes: readonly number[]])[] = [
  ["VHDX file", 0, [0x76, 0x68, 0x64, 0x78, 0x66, 0x69, 0x6c, 0x65]],
  ["VMDK file", 0, [0x4b, 0x44, 0x4d, 0x56]],
  ["VDI file", 0x40, [0x7f, 0x10, 0xda, 0xbe]],
];

/**
 * Throws `ImageError` `UNSUPPORTED` where `disk`, which begins with `head`, is a disk file of another
 * kind, or a disk with an MBR partition table.
 */
export function refuseOtherDisks(disk: ByteSource, head: Uint8Array): void {
  const found = DISK_FILES.find(([, offset, bytes]) =>
    bytes.every((byte, i) => head[offset + i] === byte)
  );
  if (found !== undefined) {
    throw unsupported(disk, `it is a ${found[0]}`, "a raw disk, a qcow2 file or a fixed VHD");
  }
  const count = partitionCount(head, disk.size);
  if (count > 0) {
    throw unsupported(
      disk,
      `it has an MBR partition table with ${count} partition${count === 1 ? "" : "s"}`,
      "a filesystem, or a disk with a GUID partition table",
    );
  }
}

/** How many partitions an MBR has, 0 where it is none: a boot sector of a filesystem, say. */
function partitionCount(head: Uint8Array, size: number): number {
  if (head.length < SECTOR_SIZE || head[510] !== 0x55 || head[511] !== 0xaa) return 0;
  const view = new DataView(head.buffer, head.byteOffset, SECTOR_SIZE);
  let count = 0;
  for (let at = 446; at < 510; at += 16) {
    const [status, type] = [view.getUint8(at), view.getUint8(at + 4)];
    if (status !== 0 && status !== 0x80) return 0;
    if (type === 0) continue;
    const start = view.getUint32(at + 8, true) * SECTOR_SIZE;
    const end = start + view.getUint32(at + 12, true) * SECTOR_SIZE;
    if (type !== TYPE_PROTECTIVE && (start === 0 || end <= start || end > size)) return 0;
    count++;
  }
  return count;
}

function unsupported(disk: ByteSource, observed: string, expected: string): ImageError {
  return new ImageError(
    "UNSUPPORTED",
    `Cannot read disk "${disk.name}": ${observed}, expected ${expected}`,
    { where: { source: disk.name } },
  );
}
