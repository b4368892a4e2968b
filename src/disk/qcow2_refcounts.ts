/**
 * What a qcow2 file says of the use of its clusters.
 *
 * @module
 */
import type { ByteSource } from "../io/byte_source.ts";
import { getU64, type Qcow2Header } from "./qcow2_header.ts";

/** Header extension of dirty bitmaps, which take clusters. */
const EXTENSION_BITMAPS = 0x2385_2875;
/** Counts have 64 bits at most. */
export const MAX_REFCOUNT_ORDER = 6;

/**
 * How often each of the first `clusterCount` clusters is counted. `useBlock` hears of every block of
 * counts, with where its entry is, and says whether it can be read.
 */
export function readRefcounts(
  file: ByteSource,
  header: Qcow2Header,
  clusterCount: number,
  useBlock: (offset: number, entryAt: number) => boolean,
): Uint32Array {
  const clusterSize = 2 ** header.clusterBits;
  const { refcountTableOffset: start, refcountOrder } = header;
  const perBlock = clusterSize * 8 / 2 ** refcountOrder;
  const counts = new Uint32Array(clusterCount);
  const page = new DataView(new ArrayBuffer(clusterSize));
  const block = new DataView(new ArrayBuffer(clusterSize));
  const end = Math.min(file.size, start + header.refcountTableClusters * clusterSize);
  for (let at = start; at < end; at += clusterSize) {
    const found = file.read(new Uint8Array(page.buffer), at);
    for (let i = 0; i + 8 <= found; i += 8) {
      const offset = getU64(page, i);
      if (offset === 0 || !useBlock(offset, at + i)) continue;
      const first = (at - start + i) / 8 * perBlock;
      // Blocks of clusters behind the file would be read for nothing, each as often as it is named.
      if (first >= clusterCount) continue;
      const size = file.read(new Uint8Array(block.buffer), offset);
      const known = Math.min(perBlock, clusterCount - first, size * 8 / 2 ** refcountOrder);
      for (let k = 0; k < known; k++) counts[first + k] = refcountAt(block, k, refcountOrder);
    }
  }
  return counts;
}

/** Count `index` of a block; those below a byte begin with the lowest bits. */
function refcountAt(block: DataView, index: number, order: number): number {
  switch (order) {
    case 3:
      return block.getUint8(index);
    case 4:
      return block.getUint16(2 * index);
    case 5:
      return block.getUint32(4 * index);
    case 6:
      return Math.min(getU64(block, 8 * index), 0xffff_ffff);
    default: {
      const bits = 2 ** order;
      const shift = index * bits % 8;
      return (block.getUint8(Math.floor(index * bits / 8)) >> shift) % 2 ** bits;
    }
  }
}

/** Whether clusters of the file may be used by snapshots or bitmaps, which are not looked at. */
export function holdsMore(
  file: ByteSource,
  { snapshotCount, headerLength, clusterBits }: Qcow2Header,
) {
  if (snapshotCount > 0) return true;
  const view = new DataView(new ArrayBuffer(2 ** clusterBits));
  const found = file.read(new Uint8Array(view.buffer), 0);
  for (let at = headerLength; at + 8 <= found;) {
    const type = view.getUint32(at);
    if (type === 0) return false;
    if (type === EXTENSION_BITMAPS) return true;
    at += 8 + Math.ceil(view.getUint32(at + 4) / 8) * 8;
  }
  return false;
}
