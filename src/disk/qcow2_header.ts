/**
 * The header of a qcow2 file, version 3 (QEMU, "Qcow2 Image File Format"). Numbers are big-endian.
 *
 * @module
 */

/** Bytes of the header without a compression type. */
export const QCOW2_HEADER_SIZE = 104;
/** Bytes of the header with a compression type, and its padding. */
export const QCOW2_LONG_HEADER_SIZE = 112;
/** `QFI` and 0xfb. */
export const QCOW2_MAGIC = 0x5146_49fb;

/** Incompatible features, as bits of the lower word. */
export const Qcow2Feature = {
  /** Reference counts may be wrong; nothing else is. */
  dirty: 1,
  /** Anything may be wrong. */
  corrupt: 2,
  /** Data is in another file. */
  externalData: 4,
  /** The header says how clusters are compressed. */
  compressionType: 8,
  /** Entries of L2 tables have 16 bytes. */
  extendedL2: 16,
} as const;

/** How clusters are compressed. */
export const Qcow2Compression = { deflate: 0, zstd: 1 } as const;

const TWO_32 = 0x1_0000_0000;

/** The header. */
export interface Qcow2Header {
  /** {@linkcode QCOW2_MAGIC}. */
  readonly magic: number;
  /** 3; or 2, without what stands from 0x48 on. */
  readonly version: number;
  /** Where the name of a backing file is, 0 for none. */
  readonly backingFileOffset: number;
  /** Bytes of a cluster, as a power of two. */
  readonly clusterBits: number;
  /** Bytes of the disk. */
  readonly size: number;
  /** 0 for no encryption. */
  readonly cryptMethod: number;
  /** How many entries the L1 table has. */
  readonly l1Size: number;
  /** Where it is. */
  readonly l1TableOffset: number;
  /** Where the table of reference count blocks is. */
  readonly refcountTableOffset: number;
  /** How many clusters it takes. */
  readonly refcountTableClusters: number;
  /** How many snapshots there are. */
  readonly snapshotCount: number;
  /** Upper word of the incompatible features. */
  readonly incompatibleHigh: number;
  /** Lower word of the incompatible features, see {@linkcode Qcow2Feature}. */
  readonly incompatible: number;
  /** Bits of a reference count, as a power of two. */
  readonly refcountOrder: number;
  /** Bytes of this header. */
  readonly headerLength: number;
  /** One of {@linkcode Qcow2Compression}; there with the feature only. */
  readonly compressionType: number;
}

/** Writes a header of `headerLength` bytes at `at`. */
export function writeQcow2Header(view: DataView, at: number, header: Qcow2Header): void {
  view.setUint32(at, header.magic); // 0x00 magic
  view.setUint32(at + 0x04, header.version); // version
  setU64(view, at + 0x08, header.backingFileOffset); // backing_file_offset
  view.setUint32(at + 0x14, header.clusterBits); // cluster_bits
  setU64(view, at + 0x18, header.size); // size
  view.setUint32(at + 0x20, header.cryptMethod); // crypt_method
  view.setUint32(at + 0x24, header.l1Size); // l1_size
  setU64(view, at + 0x28, header.l1TableOffset); // l1_table_offset
  setU64(view, at + 0x30, header.refcountTableOffset); // refcount_table_offset
  view.setUint32(at + 0x38, header.refcountTableClusters); // refcount_table_clusters
  view.setUint32(at + 0x3c, header.snapshotCount); // nb_snapshots
  view.setUint32(at + 0x48, header.incompatibleHigh); // incompatible_features
  view.setUint32(at + 0x4c, header.incompatible);
  view.setUint32(at + 0x60, header.refcountOrder); // refcount_order
  view.setUint32(at + 0x64, header.headerLength); // header_length
  if (header.headerLength > QCOW2_HEADER_SIZE) {
    view.setUint8(at + 0x68, header.compressionType); // compression_type
  }
}

/** Reads the header at `at` of `view`, which has {@linkcode QCOW2_LONG_HEADER_SIZE} bytes from there. */
export function readQcow2Header(view: DataView, at: number): Qcow2Header {
  const version = view.getUint32(at + 0x04);
  // Version 2 ends before these, and has their defaults.
  const later = (offset: number, standard: number) =>
    version === 2 ? standard : view.getUint32(at + offset);
  const headerLength = later(0x64, 0x48);
  return {
    magic: view.getUint32(at),
    version,
    backingFileOffset: getU64(view, at + 0x08),
    clusterBits: view.getUint32(at + 0x14),
    size: getU64(view, at + 0x18),
    cryptMethod: view.getUint32(at + 0x20),
    l1Size: view.getUint32(at + 0x24),
    l1TableOffset: getU64(view, at + 0x28),
    refcountTableOffset: getU64(view, at + 0x30),
    refcountTableClusters: view.getUint32(at + 0x38),
    snapshotCount: view.getUint32(at + 0x3c),
    incompatibleHigh: later(0x48, 0),
    incompatible: later(0x4c, 0),
    refcountOrder: later(0x60, 4),
    headerLength,
    compressionType: headerLength > QCOW2_HEADER_SIZE ? view.getUint8(at + 0x68) : 0,
  };
}

/** Writes a big-endian u64 below 2^53. */
export function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / TWO_32));
  view.setUint32(at + 4, value % TWO_32);
}

/** Reads a big-endian u64; above 2^53 its last bits are lost, and it is beyond every file. */
export function getU64(view: DataView, at: number): number {
  return view.getUint32(at) * TWO_32 + view.getUint32(at + 4);
}
