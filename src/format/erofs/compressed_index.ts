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

/** Who is farther from the start of its piece is told to look there for it. */
const DISTANCE_MAX = LCLUSTER_BLOCK_COUNT - 1;

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
  const { pieceClusters, pieceBlocks, pieceCount, zerosMax } = content;
  let entry = at + FULL_INDEX_OFFSET;
  let block = content.startBlock;
  const put = (clusters: number, blocks: number) => {
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
  };
  for (let i = 0; i < pieceCount;) {
    const start = i++;
    if (pieceBlocks[start] > 0) {
      put(Math.min(pieceClusters, clusterCount - start * pieceClusters), pieceBlocks[start]);
      continue;
    }
    while (i < pieceCount && pieceBlocks[i] === 0) i++;
    for (let left = (i - start) * pieceClusters; left > 0; left -= zerosMax) {
      put(Math.min(left, zerosMax), 1);
    }
  }
}

/** `delta` of a cluster that starts nothing; the first behind a start has the count of blocks. */
function distances(cluster: number, clusters: number, blocks: number): number {
  const back = cluster === 1 ? LCLUSTER_BLOCK_COUNT + blocks : Math.min(cluster, DISTANCE_MAX);
  return back + (clusters - cluster) * 0x1_0000;
}
