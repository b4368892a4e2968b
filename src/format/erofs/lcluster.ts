/**
 * Compressed files: the header behind the inode (kernel `struct z_erofs_map_header`) and the index
 * entries of logical clusters (`struct z_erofs_lcluster_index`). Little-endian.
 *
 * @module
 */

/** Bytes of a map header. */
export const MAP_HEADER_SIZE = 8;
/** Bytes of an entry of a full index. */
export const LCLUSTER_INDEX_SIZE = 8;
/** Bytes from a map header to the entries of a full index. */
export const FULL_INDEX_OFFSET = 16;

/** Bits of `h_advise`. */
export const Advise = {
  /** Compact indexes: entries of 2 bytes in the middle. */
  compacted2b: 0x01,
  /** Full indexes: extents instead. */
  extents: 0x01,
  bigPcluster1: 0x02,
  bigPcluster2: 0x04,
  inlinePcluster: 0x08,
  interlacedPcluster: 0x10,
  fragmentPcluster: 0x20,
} as const;

/** Types of logical clusters. */
export const LclusterType = {
  /** Starts a piece that is not compressed. */
  plain: 0,
  /** Starts a piece that is compressed with the first algorithm. */
  head1: 1,
  /** Starts none. */
  nonHead: 2,
  /** Starts a piece that is compressed with the second algorithm. */
  head2: 3,
} as const;

/** Bits of `di_advise` that are the type. */
export const LCLUSTER_TYPE_MASK = 3;
/** Bit of `di_advise`: the piece is a part of what the compressed data gives. */
export const LCLUSTER_PARTIAL = 0x8000;
/** Bit of `delta[0]`: the other bits are the blocks of compressed data. */
export const LCLUSTER_BLOCK_COUNT = 0x800;

/** Head of the index of a file. */
export interface MapHeader {
  /** Start of a fragment, or count of extents; its high half is the size of inline data. */
  fragmentOffset: number;
  /** Bits of `Advise`. */
  advise: number;
  /** Algorithms of `head1` (low half) and `head2`. */
  algorithms: number;
  /** Bits 0 to 3: logarithm of the blocks of a logical cluster. Bit 7: all of it is a fragment. */
  clusterBits: number;
}

/** Entry of a logical cluster. */
export interface LclusterIndex {
  /** Type and flags. */
  advise: number;
  /** Where in the cluster a piece starts, bytes. */
  clusterOffset: number;
  /** Start block, or the distances to the clusters where the piece starts and where it ends. */
  union: number;
}

/** Writes a map header. */
export function writeMapHeader(view: DataView, at: number, x: MapHeader): void {
  view.setUint32(at + 0x0, x.fragmentOffset, true); // h_fragmentoff
  view.setUint16(at + 0x4, x.advise, true); // h_advise
  view.setUint8(at + 0x6, x.algorithms); // h_algorithmtype
  view.setUint8(at + 0x7, x.clusterBits); // h_clusterbits
}

/** Reads a map header. */
export function readMapHeader(view: DataView, at: number): MapHeader {
  return {
    fragmentOffset: view.getUint32(at + 0x0, true), // h_fragmentoff
    advise: view.getUint16(at + 0x4, true), // h_advise
    algorithms: view.getUint8(at + 0x6), // h_algorithmtype
    clusterBits: view.getUint8(at + 0x7), // h_clusterbits
  };
}

/** Writes an entry. */
export function writeLclusterIndex(view: DataView, at: number, x: LclusterIndex): void {
  view.setUint16(at + 0x0, x.advise, true); // di_advise
  view.setUint16(at + 0x2, x.clusterOffset, true); // di_clusterofs
  view.setUint32(at + 0x4, x.union, true); // di_u
}

/** Reads an entry. */
export function readLclusterIndex(view: DataView, at: number): LclusterIndex {
  return {
    advise: view.getUint16(at + 0x0, true), // di_advise
    clusterOffset: view.getUint16(at + 0x2, true), // di_clusterofs
    union: view.getUint32(at + 0x4, true), // di_u
  };
}
