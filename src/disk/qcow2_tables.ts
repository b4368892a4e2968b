/**
 * The tables of a qcow2 file in the making: where each cluster of the disk is, and how often each
 * cluster of the file is used. They take an eight-thousandth of the bytes that were written.
 *
 * @module
 */
import { divideUp } from "../bytes/align.ts";
import type { ByteSink } from "../io/byte_sink.ts";
import {
  QCOW2_HEADER_SIZE,
  QCOW2_LONG_HEADER_SIZE,
  QCOW2_MAGIC,
  Qcow2Compression,
  Qcow2Feature,
  setU64,
  writeQcow2Header,
} from "./qcow2_header.ts";

/** Bytes of a cluster, as a power of two. */
const CLUSTER_BITS = 16;
/** Bytes of a cluster. */
export const CLUSTER_SIZE: number = 2 ** CLUSTER_BITS;
const L2_ENTRIES = CLUSTER_SIZE / 8;
const REFCOUNT_ORDER = 4;
const REFCOUNTS_PER_BLOCK = CLUSTER_SIZE / 2;
const TWO_32 = 0x1_0000_0000;

/** Upper word of an entry: its cluster is used once. */
const FLAG_COPIED = 0x8000_0000;
/** Upper word of an entry: its cluster is compressed. */
const FLAG_COMPRESSED = 0x4000_0000;
/** Lowest bit of the number of further sectors in the upper word of a compressed entry. */
const SECTORS_UNIT = 2 ** (62 - (CLUSTER_BITS - 8) - 32);

/** The tables of one file. */
export class Qcow2Tables {
  // L2 tables by their number, as on disk.
  readonly #l2 = new Map<number, DataView>();
  // Blocks of reference counts by their number, as on disk.
  readonly #refcounts = new Map<number, DataView>();

  /** Where cluster `index` of the disk is in the file, 0 where it is nowhere; never a compressed one. */
  offsetOf(index: number): number {
    const table = this.#l2.get(Math.floor(index / L2_ENTRIES));
    if (table === undefined) return 0;
    const at = index % L2_ENTRIES * 8;
    return (table.getUint32(at) % FLAG_COMPRESSED) * TWO_32 + table.getUint32(at + 4);
  }

  /** Cluster `index` of the disk is the cluster at `offset` of the file. */
  setCluster(index: number, offset: number): void {
    const table = this.#table(index);
    const at = index % L2_ENTRIES * 8;
    table.setUint32(at, FLAG_COPIED + Math.floor(offset / TWO_32));
    table.setUint32(at + 4, offset % TWO_32);
    this.#count(offset / CLUSTER_SIZE);
  }

  /** Cluster `index` of the disk is compressed, in `size` bytes at `offset` of the file. */
  setCompressed(index: number, offset: number, size: number): void {
    const first = Math.floor(offset / 512);
    const further = Math.floor((offset + size - 1) / 512) - first;
    const table = this.#table(index);
    const at = index % L2_ENTRIES * 8;
    const high = FLAG_COMPRESSED + further * SECTORS_UNIT + Math.floor(offset / TWO_32);
    table.setUint32(at, high);
    table.setUint32(at + 4, offset % TWO_32);
    // Each cluster of the file that one of its sectors is in is used once more.
    const last = Math.floor((first + further) * 512 / CLUSTER_SIZE);
    for (let i = Math.floor(offset / CLUSTER_SIZE); i <= last; i++) this.#count(i);
  }

  /** Forgets clusters of the disk from `start` on and answers where they were. */
  cut(start: number): number[] {
    const freed: number[] = [];
    for (const [number, table] of this.#l2) {
      const from = Math.max(0, start - number * L2_ENTRIES);
      for (let i = from; i < L2_ENTRIES; i++) {
        const offset = this.offsetOf(number * L2_ENTRIES + i);
        if (offset === 0) continue;
        freed.push(offset);
        setU64(table, 8 * i, 0);
        this.#count(offset / CLUSTER_SIZE, -1);
      }
      if (from === 0) this.#l2.delete(number);
    }
    return freed;
  }

  /**
   * Writes header and tables of a disk of `size` bytes; the file has `clusterCount` clusters so
   * far, the first of which is the header's. Answers the bytes of the file.
   */
  write(sink: ByteSink, size: number, clusterCount: number, isZstd: boolean): number {
    let next = clusterCount;
    const put = (bytes: Uint8Array, cluster: number) => sink.write(bytes, cluster * CLUSTER_SIZE);
    this.#count(0);
    const l1Size = Math.max(1, divideUp(divideUp(size, CLUSTER_SIZE), L2_ENTRIES));
    const l1 = tableOf(l1Size);
    for (const number of [...this.#l2.keys()].sort((a, b) => a - b)) {
      setU64(l1, 8 * number, next * CLUSTER_SIZE);
      l1.setUint32(8 * number, FLAG_COPIED + l1.getUint32(8 * number));
      this.#count(next);
      put(bytesOf(this.#l2.get(number)!), next++);
    }
    const l1Cluster = next;
    next += l1.byteLength / CLUSTER_SIZE;
    put(bytesOf(l1), l1Cluster);

    const refcounts = refcountClusters(next);
    const tableCluster = next;
    const blockCluster = next + refcounts.tableClusters;
    const fileClusters = blockCluster + refcounts.blocks;
    for (let i = l1Cluster; i < fileClusters; i++) this.#count(i);
    const table = tableOf(refcounts.blocks);
    for (let i = 0; i < refcounts.blocks; i++) {
      setU64(table, 8 * i, (blockCluster + i) * CLUSTER_SIZE);
      const block = this.#refcounts.get(i);
      put(block === undefined ? new Uint8Array(CLUSTER_SIZE) : bytesOf(block), blockCluster + i);
    }
    put(bytesOf(table), tableCluster);

    const header = new Uint8Array(CLUSTER_SIZE);
    writeQcow2Header(new DataView(header.buffer), 0, {
      magic: QCOW2_MAGIC,
      version: 3,
      backingFileOffset: 0,
      clusterBits: CLUSTER_BITS,
      size,
      cryptMethod: 0,
      l1Size,
      l1TableOffset: l1Cluster * CLUSTER_SIZE,
      refcountTableOffset: tableCluster * CLUSTER_SIZE,
      refcountTableClusters: refcounts.tableClusters,
      snapshotCount: 0,
      incompatibleHigh: 0,
      incompatible: isZstd ? Qcow2Feature.compressionType : 0,
      refcountOrder: REFCOUNT_ORDER,
      headerLength: isZstd ? QCOW2_LONG_HEADER_SIZE : QCOW2_HEADER_SIZE,
      compressionType: isZstd ? Qcow2Compression.zstd : Qcow2Compression.deflate,
    });
    put(header, 0);
    sink.truncate(fileClusters * CLUSTER_SIZE);
    return fileClusters * CLUSTER_SIZE;
  }

  #table(index: number): DataView {
    return pageOf(this.#l2, Math.floor(index / L2_ENTRIES));
  }

  #count(cluster: number, by = 1): void {
    const block = pageOf(this.#refcounts, Math.floor(cluster / REFCOUNTS_PER_BLOCK));
    const at = cluster % REFCOUNTS_PER_BLOCK * 2;
    block.setUint16(at, block.getUint16(at) + by);
  }
}

/** How many clusters the reference counts of a file of `clusterCount` others take. */
function refcountClusters(clusterCount: number): { blocks: number; tableClusters: number } {
  let blocks = 0;
  let tableClusters = 0;
  for (;;) {
    const wanted = divideUp(clusterCount + tableClusters + blocks, REFCOUNTS_PER_BLOCK);
    const wantedTable = divideUp(8 * wanted, CLUSTER_SIZE);
    if (wanted === blocks && wantedTable === tableClusters) return { blocks, tableClusters };
    blocks = wanted;
    tableClusters = wantedTable;
  }
}

function pageOf(pages: Map<number, DataView>, number: number): DataView {
  let page = pages.get(number);
  if (page === undefined) {
    page = new DataView(new ArrayBuffer(CLUSTER_SIZE));
    pages.set(number, page);
  }
  return page;
}

/** Room for `count` entries in whole clusters. */
function tableOf(count: number): DataView {
  return new DataView(new ArrayBuffer(divideUp(8 * count, CLUSTER_SIZE) * CLUSTER_SIZE));
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
