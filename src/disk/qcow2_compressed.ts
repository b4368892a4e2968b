/**
 * Turns an image into the compressed clusters of a qcow2 file, in place: the image stands one
 * cluster behind the start of the file, and what is made of it never overtakes what is still to
 * be read, since no cluster takes more than its own size.
 *
 * @module
 */
import { alignUp } from "../bytes/align.ts";
import type { BlockCompression } from "../compress/block_codec.ts";
import { CompressPool } from "../compress/compress_pool.ts";
import type { ByteSink } from "../io/byte_sink.ts";
import { CLUSTER_SIZE, Qcow2Tables } from "./qcow2_tables.ts";
import { takeTurns } from "./turns.ts";
import type { WindowSink } from "./window_sink.ts";
import { readerOf } from "./wrapped_format.ts";
import { ZeroTest } from "./zero_bytes.ts";

/** Where the image stands in the file until it is compressed. */
export const IMAGE_START: number = CLUSTER_SIZE;
/** Clusters that are read, and written, at once. */
const BATCH_CLUSTERS = 16;
const COMPRESSION: BlockCompression = { codec: "zstd", level: 3 };
/** Bytes below which starting workers takes longer than compressing. */
const WORTH_WORKERS = 16 * 1024 * 1024;
const MAX_WORKERS = 4;

/** Compresses the `size` bytes of `image`, a window of `file` at {@linkcode IMAGE_START}. */
export async function compressImage(
  file: ByteSink,
  image: WindowSink,
  size: number,
  signal?: AbortSignal,
): Promise<{ diskSize: number; fileSize: number; writtenBytes: number }> {
  const tables = new Qcow2Tables();
  const output = new PackedClusters(file);
  const isLarge = image.writtenBytes >= WORTH_WORKERS;
  const pool = new CompressPool({
    compression: COMPRESSION,
    blockSize: CLUSTER_SIZE,
    workers: isLarge ? Math.min(MAX_WORKERS, navigator.hardwareConcurrency) : 0,
  });
  try {
    await takeTurns(dataClusters(image, size), CLUSTER_SIZE, signal, ({ index, bytes }) => {
      // Called in the order of the clusters, and not before they were read.
      pool.submit(bytes, (packed, original) => {
        // Sectors are what counts: less than one is no gain.
        if (packed === null || packed.length > CLUSTER_SIZE - 512) {
          output.align();
          tables.setCluster(index, output.add(original));
        } else {
          tables.setCompressed(index, output.add(packed), packed.length);
        }
      });
    });
    pool.drain();
  } finally {
    pool.close();
  }
  output.align();
  output.flush();
  const diskSize = alignUp(size, 512);
  const clusterCount = output.position / CLUSTER_SIZE;
  const fileSize = tables.write(file, diskSize, clusterCount, true);
  // Clusters of zeros have no bytes: all of the file is written.
  return { diskSize, fileSize, writtenBytes: fileSize };
}

/** The clusters that are not zero, in order; the memory is good until the next is asked for. */
function* dataClusters(
  image: WindowSink,
  size: number,
): Generator<{ index: number; bytes: Uint8Array }> {
  const read = readerOf(image, "a compressed qcow2 file");
  const zeroTest = new ZeroTest();
  const buffer = new Uint8Array(BATCH_CLUSTERS * CLUSTER_SIZE);
  for (const { start, end } of [...image.written.within(0, alignUp(size, CLUSTER_SIZE))]) {
    for (let position = start; position < end; position += buffer.length) {
      const batch = buffer.subarray(0, Math.min(buffer.length, end - position));
      read(batch, position);
      for (let at = 0; at < batch.length; at += CLUSTER_SIZE) {
        const bytes = batch.subarray(at, at + CLUSTER_SIZE);
        if (!zeroTest.isZero(bytes)) yield { index: (position + at) / CLUSTER_SIZE, bytes };
      }
    }
  }
}

/** What is written behind the header, in order and without gaps. */
class PackedClusters {
  readonly #file: ByteSink;
  readonly #buffer = new Uint8Array(BATCH_CLUSTERS * CLUSTER_SIZE);
  #fill = 0;
  /** Where the next bytes go. */
  position = CLUSTER_SIZE;

  constructor(file: ByteSink) {
    this.#file = file;
  }

  /** Adds bytes and answers where they are. */
  add(bytes: Uint8Array): number {
    const position = this.position;
    for (let done = 0; done < bytes.length;) {
      const piece = bytes.subarray(done, done + this.#buffer.length - this.#fill);
      this.#buffer.set(piece, this.#fill);
      this.#fill += piece.length;
      this.position += piece.length;
      done += piece.length;
      if (this.#fill === this.#buffer.length) this.flush();
    }
    return position;
  }

  /** Adds zeros up to the next cluster: bytes of the image may stand there. */
  align(): void {
    const rest = (CLUSTER_SIZE - this.position % CLUSTER_SIZE) % CLUSTER_SIZE;
    if (rest > 0) this.add(new Uint8Array(rest));
  }

  /** Writes what is collected. */
  flush(): void {
    this.#file.write(this.#buffer.subarray(0, this.#fill), this.position - this.#fill);
    this.#fill = 0;
  }
}
