/**
 * The copies of superblock and group descriptors, which neither `e2fsck` nor the kernel looks at
 * while the first ones are well.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { divideUp } from "../../src/bytes/align.ts";
import { superblockChecksum } from "../../src/format/ext4/checksum.ts";
import { readSuperblock, writeSuperblock } from "../../src/format/ext4/superblock.ts";
import { fileSource } from "../../src/io/file_source.ts";

/** Complains about every copy that is not like the first one. */
export function backupComplaints(image: string): string[] {
  const source = fileSource(image);
  const read = (position: number, size: number) => {
    const bytes = new Uint8Array(size);
    source.read(bytes, position);
    return bytes;
  };
  const primary = read(1024, 1024);
  const superblock = readSuperblock(new DataView(primary.buffer), 0);
  const blockSize = 1024 * 2 ** superblock.logBlockSize;
  const { blocksCount, blocksPerGroup, firstDataBlock, descriptorSize } = superblock;
  const groupCount = divideUp(blocksCount - firstDataBlock, blocksPerGroup);
  const descriptorsSize = groupCount * descriptorSize;
  const descriptors = read((firstDataBlock + 1) * blockSize, descriptorsSize);
  const complaints: string[] = [];
  for (let group = 1; group < groupCount; group++) {
    if (!isBackupGroup(group)) continue;
    const position = (firstDataBlock + group * blocksPerGroup) * blockSize;
    const expected = primary.slice();
    const view = new DataView(expected.buffer);
    writeSuperblock(view, 0, { ...superblock, blockGroupNumber: group });
    view.setUint32(0x3fc, superblockChecksum(expected, 0), true);
    if (Buffer.compare(read(position, 1024), expected) !== 0) {
      complaints.push(`superblock in group ${group} differs`);
    }
    if (Buffer.compare(read(position + blockSize, descriptorsSize), descriptors) !== 0) {
      complaints.push(`descriptors in group ${group} differ`);
    }
  }
  source.close();
  return complaints;
}

function isBackupGroup(group: number): boolean {
  return [3, 5, 7].some((base) => {
    let power = 1;
    while (power < group) power *= base;
    return power === group;
  });
}
