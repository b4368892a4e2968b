/**
 * Looks through what is around an image: qcow2 and VHD files, and partition tables.
 *
 * @module
 */
import { formatOfBytes, HEAD_SIZE } from "../format/formats.ts";
import { ImageError } from "../image_error.ts";
import type { ByteSource } from "../io/byte_source.ts";
import type { Disk, DiskContainer } from "./disk_container.ts";
import { checkGpt } from "./gpt_check.ts";
import { isHashTree } from "./hash_tree.ts";
import { refuseOtherDisks } from "./other_disks.ts";
import { type Partition, type PartitionTable, readPartitionTable } from "./partition_table.ts";
import { partitionRole } from "./partition_types.ts";
import { isQcow2, openQcow2 } from "./qcow2_source.ts";
import { verityContainer } from "./verity_container.ts";
import { vhdDisk } from "./vhd_source.ts";
import { windowSource } from "./window_source.ts";

/**
 * The filesystem image in `file`: the file itself, the disk in a qcow2 or fixed VHD file, and of a
 * disk with a GUID partition table the root partition, or the only one. The image closes `file` with
 * itself; where this throws, `file` is still the caller's.
 *
 * Throws `ImageError` `CORRUPT`; `UNSUPPORTED` for a disk file of another kind, or one that needs
 * further files; `AMBIGUOUS` where several partitions may be meant; `NOT_FOUND` where there is none.
 */
export function openDisk(file: ByteSource): Disk {
  const { image: disk, containers } = diskOf(file);
  const head = new Uint8Array(HEAD_SIZE);
  const size = disk.read(head, 0);
  // A filesystem may have been made over an old table, which starts where it has nothing.
  if (formatOfBytes(head.subarray(0, size)) !== null) return { image: disk, containers };
  const table = readPartitionTable(disk);
  if (table === null) {
    refuseOtherDisks(disk, head.subarray(0, size));
    return { image: disk, containers };
  }
  const found = partitionOf(disk, table);
  return { image: found.image, containers: [...found.containers, ...containers] };
}

function diskOf(file: ByteSource): Disk {
  const head = new Uint8Array(8);
  if (isQcow2(head.subarray(0, file.read(head, 0)))) return openQcow2(file);
  return vhdDisk(file) ?? { image: file, containers: [] };
}

/** The image in the right partition of `disk`, with its hash tree. */
function partitionOf(disk: ByteSource, { diskUuid, partitions }: PartitionTable): Disk {
  const root = choosePartition(disk, partitions);
  const image = windowSource(disk, root.offset, root.size);
  const tree = treeOf(disk, partitions, root, image);
  const gpt: DiskContainer = {
    name: "gpt",
    details: {
      diskUuid,
      ...partitionDetails("partition", root),
      ...tree === null ? {} : partitionDetails("hashPartition", tree.partition),
    },
    check: (onProblem) => checkGpt(disk, onProblem),
  };
  return { image, containers: tree === null ? [gpt] : [tree.container, gpt] };
}

function partitionDetails(prefix: string, { offset, size, type, uuid }: Partition) {
  return {
    [`${prefix}Offset`]: offset,
    [`${prefix}Size`]: size,
    [`${prefix}Type`]: type,
    [`${prefix}Uuid`]: uuid,
  };
}

/** The hash tree of the partition `root`: the only one, or the one whose root hash begins with its UUID. */
function treeOf(
  disk: ByteSource,
  partitions: readonly Partition[],
  root: Partition,
  image: ByteSource,
): { partition: Partition; container: DiskContainer } | null {
  const trees = partitions.filter((it) => it !== root && isTree(disk, it))
    .map((partition) => {
      const hashes = windowSource(disk, partition.offset, partition.size);
      const container = verityContainer(image, hashes, 0, partition.offset - root.offset);
      return { partition, container };
    });
  if (trees.length === 1) return trees[0];
  const hash = root.uuid.replaceAll("-", "");
  const isOfRoot = ({ details }: DiskContainer) => `${details.verityRootHash}`.startsWith(hash);
  return trees.find(({ container }) => isOfRoot(container)) ?? null;
}

/** Whether a hash tree is in the partition, or should be. */
function isTree(disk: ByteSource, { type, offset }: Partition): boolean {
  return partitionRole(type) === "root-verity" || isHashTree(disk, offset);
}

/** The only root partition, or the only one at all. */
function choosePartition(disk: ByteSource, partitions: readonly Partition[]): Partition {
  const roots = partitions.filter(({ type }) => partitionRole(type) === "root");
  if (roots.length === 1) return roots[0];
  const others = partitions.filter((it) => !isTree(disk, it));
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
