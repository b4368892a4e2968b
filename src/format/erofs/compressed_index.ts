/**
 * The index of a compressed file: an entry for each block of its bytes.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import type { CompressedContent } from "./content.ts";
import {
  Advise,
  FULL_INDEX_OFFSET,
  LCLUSTER_BLOCK_COUNT,
  LCLUSTER_INDEX_SIZE,
  LclusterType,
  writeLclusterIndex,
  writeMapHeader,
} from "./lcluster.ts";

/** Writes map header and full index at `at`, which is a multiple of 8 in the image. */
export function writeCompressedIndex(
  view: DataView,
  at: number,
  content: CompressedContent,
  size: number,
  blockSize: number,
  algorithm: number,
): void {
  writeMapHeader(view, at, {
    fragmentOffset: 0,
    advise: Advise.bigPcluster1,
    algorithms: algorithm,
    clusterBits: 0,
  });
  const clusterCount = divideUp(size, blockSize);
  const pieceClusters = content.pieceClusters;
  let entry = at + FULL_INDEX_OFFSET;
  let block = content.startBlock;
  for (let i = 0; i < content.pieceCount; i++) {
    const clusters = Math.min(pieceClusters, clusterCount - i * pieceClusters);
    const blocks = content.pieceBlocks[i];
    const isPlain = blocks >= clusters;
    for (let k = 0; k < clusters; k++, entry += LCLUSTER_INDEX_SIZE) {
      const isHead = isPlain || k === 0;
      writeLclusterIndex(view, entry, {
        advise: isPlain ? LclusterType.plain : isHead ? LclusterType.head1 : LclusterType.nonHead,
        clusterOffset: 0,
        union: isHead ? block + k : distances(k, clusters, blocks),
      });
    }
    block += blocks;
  }
}

/** `delta` of a cluster that starts nothing; the first behind a start has the count of blocks. */
function distances(cluster: number, clusters: number, blocks: number): number {
  const back = cluster === 1 ? LCLUSTER_BLOCK_COUNT + blocks : cluster;
  return back + (clusters - cluster) * 0x1_0000;
}
