/**
 * The entries of L1 and L2 tables of a qcow2 file, as two big-endian words (QEMU, "Qcow2 Image File
 * Format": cluster mapping).
 *
 * @module
 */

const TWO_32 = 0x1_0000_0000;

/** Where the cluster of an entry is: bits 9 to 55. */
export function entryOffset(high: number, low: number): number {
  return (high % 0x100_0000) * TWO_32 + (low - low % 512);
}

/** Whether the cluster of an L2 entry is compressed: bit 62. */
export function isPacked(high: number): boolean {
  return (high & 0x4000_0000) !== 0;
}

/** Whether an entry says that its cluster is used once: bit 63. */
export function isCopied(high: number): boolean {
  return high >= 0x8000_0000;
}

/** Where a compressed cluster is: its first byte, and how many there are up to the end of its sectors. */
export function packedPlace(
  high: number,
  low: number,
  clusterBits: number,
): { offset: number; size: number } {
  // The number of further sectors has as many bits as a cluster has sectors, and some.
  const unit = 2 ** (62 - (clusterBits - 8) - 32);
  const rest = high % 0x4000_0000;
  const offset = (rest % unit) * TWO_32 + low;
  const sectors = Math.floor(rest / unit) + 1;
  return { offset, size: sectors * 512 - offset % 512 };
}
