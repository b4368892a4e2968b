/**
 * Looks through what is around an image: qcow2 and VHD files, and partition tables.
 *
 * @module
 */
import { formatOfBytes, HEAD_SIZE } from "../format/formats.ts";
import { ImageError } from "../image_error.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { refuseOtherDisks } from "./other_disks.ts";
import { type Partition, readPartitions } from "./partition_table.ts";
import { partitionRole } from "./partition_types.ts";
import { isQcow2, qcow2Source } from "./qcow2_source.ts";
import { VERITY_SIGNATURE } from "./verity_superblock.ts";
import {
  readVhdFooter,
  VHD_COOKIE,
  VHD_FOOTER_SIZE,
  VHD_TYPE_FIXED,
  vhdChecksum,
} from "./vhd_footer.ts";
import { windowSource } from "./window_source.ts";

/**
 * The filesystem image in `file`: the file itself, the disk in a qcow2 or fixed VHD file, and of a
 * disk with a GUID partition table the root partition, or the only one. It closes `file` with
 * itself; where this throws, `file` is still the caller's.
 *
 * Throws `ImageError` `CORRUPT`; `UNSUPPORTED` for a disk file of another kind, or one that needs
 * further files; `AMBIGUOUS` where several partitions may be meant; `NOT_FOUND` where there is none.
 */
export function diskSource(file: ByteSource): ByteSource {
  const disk = diskOf(file);
  const head = new Uint8Array(HEAD_SIZE);
  const size = disk.read(head, 0);
  // A filesystem may have been made over an old table, which starts where it has nothing.
  if (formatOfBytes(head.subarray(0, size)) !== null) return disk;
  const partitions = readPartitions(disk);
  if (partitions === null) {
    refuseOtherDisks(disk, head.subarray(0, size));
    return disk;
  }
  const { offset, size: bytes } = choosePartition(disk, partitions);
  return windowSource(disk, offset, bytes);
}

function diskOf(file: ByteSource): ByteSource {
  const head = new Uint8Array(8);
  if (isQcow2(head.subarray(0, file.read(head, 0)))) return qcow2Source(file);
  return vhdDisk(file) ?? file;
}

/** The disk in a VHD file, `null` where it is none. */
function vhdDisk(file: ByteSource): ByteSource | null {
  const start = file.size - VHD_FOOTER_SIZE;
  if (start < 0) return null;
  const bytes = new Uint8Array(VHD_FOOTER_SIZE);
  file.read(bytes, start);
  if (VHD_COOKIE.some((byte, i) => bytes[i] !== byte)) return null;
  const footer = readVhdFooter(new DataView(bytes.buffer), 0);
  // These bytes may be in the last file of an image: only all of a footer is one.
  if (footer.checksum !== vhdChecksum(bytes)) return null;
  if (footer.diskType !== VHD_TYPE_FIXED) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot read VHD "${file.name}": it is dynamic or differencing (type ${footer.diskType}), ` +
        "expected a fixed one",
      { where: { source: file.name } },
    );
  }
  if (footer.currentSize > start) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read VHD "${file.name}": the disk has ${footer.currentSize} bytes by its footer, ` +
        `expected at most ${start}`,
      { where: { source: file.name } },
    );
  }
  return windowSource(file, 0, footer.currentSize);
}

/** Whether a hash tree of dm-verity is in the partition, whatever its type. */
function isTree(disk: ByteSource, { offset }: Partition): boolean {
  const bytes = new Uint8Array(VERITY_SIGNATURE.length);
  disk.read(bytes, offset);
  return VERITY_SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/** The only root partition, or the only one at all. */
function choosePartition(disk: ByteSource, partitions: readonly Partition[]): Partition {
  const roots = partitions.filter(({ type }) => partitionRole(type) === "root");
  if (roots.length === 1) return roots[0];
  const others = partitions.filter((it) => partitionRole(it.type) === null && !isTree(disk, it));
  if (roots.length === 0 && others.length === 1) return others[0];
  if (partitions.length === 0) {
    throw new ImageError(
      "NOT_FOUND",
      `Cannot find a filesystem on disk "${disk.name}": its partition table is empty, ` +
        "expected a root partition",
      { where: { source: disk.name } },
    );
  }
  const list = partitions.map(({ number, name, offset, size }) =>
    `${number} ${JSON.stringify(name)} (${size} bytes at ${offset})`
  );
  throw new ImageError(
    "AMBIGUOUS",
    `Cannot tell the root partition of disk "${disk.name}": it has partitions ${
      list.join(", ")
    }, expected one root partition, or one at all`,
    { where: { source: disk.name } },
  );
}
