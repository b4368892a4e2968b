/**
 * Checks the reference counts of a qcow2 file: how often each of its clusters is used, against how
 * often the file says that it is.
 *
 * @module
 */
import type { ImageProblem } from "../format/image_reader.ts";
import { ImageError } from "../image_error.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { ClusterUses } from "./qcow2_cluster_uses.ts";
import { entryOffset, isCopied, isPacked, packedPlace } from "./qcow2_entry.ts";
import type { Qcow2Header } from "./qcow2_header.ts";
import { holdsMore, MAX_REFCOUNT_ORDER, readRefcounts } from "./qcow2_refcounts.ts";
import { takeTurns } from "./turns.ts";

/** Clusters of a file that are counted, in 8 bytes for each. */
const MAX_CLUSTERS = 2 ** 27;
/** Bytes of a table of reference counts, as QEMU takes it. */
const MAX_REFCOUNT_TABLE_SIZE = 8 * 1024 * 1024;

/**
 * Checks that every cluster of `file` is counted as often as it is used, that entries lead to whole
 * clusters of the file, and that they say rightly whether theirs is used once.
 *
 * A file with snapshots or bitmaps may count clusters more often than its disk uses them. Throws
 * `ImageError` `LIMIT_EXCEEDED` for more than 2^27 clusters, or the reason of `signal`.
 */
export async function checkQcow2(
  file: ByteSource,
  header: Qcow2Header,
  onProblem: (problem: ImageProblem) => void,
  signal?: AbortSignal,
): Promise<void> {
  const clusterSize = 2 ** header.clusterBits;
  const clusterCount = Math.ceil(file.size / clusterSize);
  if (clusterCount > MAX_CLUSTERS) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot check qcow2 file "${file.name}": it has ${clusterCount} clusters, expected at most ` +
        `${MAX_CLUSTERS}`,
      { where: { source: file.name } },
    );
  }
  const { refcountOrder, refcountTableOffset, refcountTableClusters } = header;
  if (refcountOrder > MAX_REFCOUNT_ORDER) {
    const message = `qcow2: reference counts have 2^${refcountOrder} bits, expected 2^6 at most`;
    return onProblem({ message });
  }
  const refcountTableSize = refcountTableClusters * clusterSize;
  if (refcountTableSize > MAX_REFCOUNT_TABLE_SIZE) {
    const message =
      `qcow2: the table of reference counts has ${refcountTableSize} bytes, expected ` +
      `${MAX_REFCOUNT_TABLE_SIZE} at most`;
    return onProblem({ message, offset: refcountTableOffset });
  }
  const uses = new ClusterUses(clusterSize, clusterCount, onProblem);
  uses.add("header", 0, clusterSize);
  uses.add("L1 table", header.l1TableOffset, 8 * header.l1Size);
  uses.add("table of reference counts", refcountTableOffset, refcountTableSize);
  const stored = readRefcounts(
    file,
    header,
    clusterCount,
    (offset, entryAt) => uses.addCluster("block of reference counts", offset, entryAt),
  );

  const expectCopied = (what: string, high: number, offset: number, entryAt: number) => {
    const count = stored[offset / clusterSize];
    if (isCopied(high) === (count === 1)) return;
    const message = `qcow2: the entry of the ${what} at ${offset} says that it is ${
      isCopied(high) ? "" : "not "
    }used once, expected what its reference count says, ${count}`;
    onProblem({ message, offset: entryAt });
  };
  const checkEntry = (high: number, low: number, entryAt: number) => {
    if (isPacked(high)) {
      const { offset, size } = packedPlace(high, low, header.clusterBits);
      if (isCopied(high)) {
        const message = "qcow2: the entry of a compressed cluster says that it is used once";
        onProblem({ message: `${message}, expected nothing of it`, offset: entryAt });
      }
      // The last sector may end behind the file.
      return uses.add("compressed cluster", offset, Math.min(size, file.size - offset));
    }
    if ((high & 0x3f00_0000) !== 0 || (low & 0x1fe) !== 0) uses.reserved("L2", entryAt);
    const offset = entryOffset(high, low);
    if (offset === 0 || !uses.addCluster("cluster", offset, entryAt)) return;
    expectCopied("cluster", high, offset, entryAt);
  };
  const table = new DataView(new ArrayBuffer(clusterSize));
  await takeTurns(
    entriesAt(file, header.l1TableOffset, header.l1Size),
    clusterSize,
    signal,
    ({ high, low, at }) => {
      if ((high & 0x7f00_0000) !== 0 || (low & 0x1ff) !== 0) uses.reserved("L1", at);
      const offset = entryOffset(high, low);
      if (offset === 0 || !uses.addCluster("L2 table", offset, at)) return;
      expectCopied("L2 table", high, offset, at);
      if (uses.countAt(offset) > 1) {
        // Only snapshots share tables: looking through it again and again might take for ever.
        const message = `qcow2: the L2 table at ${offset} is used before, expected one of its own`;
        return onProblem({ message, offset: at });
      }
      const found = file.read(new Uint8Array(table.buffer), offset);
      for (let i = 0; i + 8 <= found; i += 8) {
        const [entryHigh, entryLow] = [table.getUint32(i), table.getUint32(i + 4)];
        if (entryHigh !== 0 || entryLow !== 0) checkEntry(entryHigh, entryLow, offset + i);
      }
    },
  );
  uses.compare(stored, holdsMore(file, header));
}

/** The entries of the L1 table, as far as they are in the file. */
function* entriesAt(
  file: ByteSource,
  start: number,
  count: number,
): Generator<{ high: number; low: number; at: number }> {
  const page = new DataView(new ArrayBuffer(64 * 1024));
  const end = Math.min(file.size, start + 8 * count);
  for (let position = start; position < end; position += page.byteLength) {
    const bytes = new Uint8Array(page.buffer, 0, Math.min(page.byteLength, end - position));
    const found = file.read(bytes, position);
    for (let i = 0; i + 8 <= found; i += 8) {
      yield { high: page.getUint32(i), low: page.getUint32(i + 4), at: position + i };
    }
  }
}
