import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { closeSync, openSync, readSync } from "node:fs";
import { addFile, withImage } from "../../../tests/ext4_image.ts";
import type { Ext4Options } from "./format.ts";
import { backupGroups, Geometry } from "./geometry.ts";
import { readGroupDescriptor } from "./group_descriptor.ts";
import { INODE_BLOCK_OFFSET, readInode } from "./inode.ts";
import { readSuperblock, SUPERBLOCK_POSITION } from "./superblock.ts";

const RESIZE_INDEX = 6;

/** Reads an image in pieces. */
function viewer(file: number): (position: number, size: number) => DataView {
  return (position, size) => {
    const bytes = new Uint8Array(size);
    strictEqual(readSync(file, bytes, 0, size, position), size);
    return new DataView(bytes.buffer);
  };
}

/** What `verify_reserved_gdb` and `reserve_backup_gdb` of the kernel demand before a growth. */
function checkResizeInode(path: string): number {
  const file = openSync(path, "r");
  try {
    const view = viewer(file);
    const superblock = readSuperblock(view(SUPERBLOCK_POSITION, 1024), 0);
    const blockSize = 1024 << superblock.logBlockSize;
    const geometry = new Geometry(blockSize, superblock.inodeSize, superblock.descriptorSize || 32);
    const block = (number: number) => view(number * blockSize, blockSize);
    const groups = geometry.groupCount(superblock.blocksCount);
    const first = geometry.groupStart(0) + 1;
    const { inodeTable } = readGroupDescriptor(block(first), 0, geometry.descriptorSize);
    const inodeAt = inodeTable * blockSize + RESIZE_INDEX * geometry.inodeSize;
    const inode = view(inodeAt, geometry.inodeSize);
    const words = Array.from(
      { length: 15 },
      (_, i) => inode.getUint32(INODE_BLOCK_OFFSET + 4 * i, true),
    );
    deepStrictEqual(words.map((word) => word !== 0).indexOf(true), 13);
    const named = block(words[13]);
    const used = geometry.descriptorBlocks(groups);
    const copies = backupGroups(groups).slice(1);
    const addresses = blockSize / 4;
    for (let i = used; i < used + superblock.reservedGdtBlocks; i++) {
      strictEqual(named.getUint32(i % addresses * 4, true), first + i, `slot ${i}`);
      const list = block(first + i);
      const expected = copies.map((group) => first + i + group * geometry.blocksPerGroup);
      for (let slot = 0; slot < addresses; slot++) {
        strictEqual(list.getUint32(4 * slot, true), expected[slot] ?? 0, `block ${i}, ${slot}`);
      }
    }
    const sectors = (1 + superblock.reservedGdtBlocks * (1 + copies.length)) * blockSize / 512;
    strictEqual(readInode(inode, 0, geometry.inodeSize).blocks, sectors);
    return superblock.reservedGdtBlocks;
  } finally {
    closeSync(file);
  }
}

const CASES: [Ext4Options, reserved: number][] = [
  [{}, 9],
  [{ blockSize: 1024 }, 256],
  [{ size: 2 ** 30 }, 127],
  [{ size: 2 ** 30, features: "-64bit" }, 63],
  // More descriptor blocks in use than a block has addresses: the slots wrap.
  [{ size: 2 ** 36, blockSize: 1024 }, 256],
];

for (const [options, reserved] of CASES) {
  Deno.test(`the kernel would grow an image of ${JSON.stringify(options)}`, async () => {
    await withImage(options, (writer, { root }) => {
      addFile(writer, root, "f", new Uint8Array(8_000_000).fill(1));
    }, ({ path }) => strictEqual(checkResizeInode(path), reserved));
  });
}
