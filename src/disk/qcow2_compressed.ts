/**
 * Turns an image into the compressed clusters of a qcow2 file, in place: the image stands one
 * cluster behind the start of the file, and what is made of it never overtakes what is still to
 * be read, since no cluster takes more than its own size.
 *
 * @module
 */
import { constants, zstdCompressSync } from "node:zlib";
import { alignUp } from "../bytes/align.ts";
import type { ByteSink } from "../io/byte_sink.ts";
import { CLUSTER_SIZE, Qcow2Tables } from "./qcow2_tables.ts";
import type { WindowSink } from "./window_sink.ts";
import { readerOf } from "./wrapped_format.ts";
import { ZeroTest } from "./zero_bytes.ts";

/** Where the image stands in the file until it is compressed. */
export const IMAGE_START: number = CLUSTER_SIZE;
/** Clusters that are read, and written, at once. */
const BATCH_CLUSTERS = 16;
const LEVEL = 3;

/** Compresses the `size` bytes of `image`, a window of `file` at {@linkcode IMAGE_START}. */
export function compressImage(
  file: ByteSink,
  image: WindowSink,
  size: number,
): { diskSize: number; fileSize: number; writtenBytes: number } {
  const read = readerOf(image, "a compressed qcow2 file");
  const tables = new Qcow2Tables();
  const output = new PackedClusters(file);
  const zeroTest = new ZeroTest();
  const buffer = new Uint8Array(BATCH_CLUSTERS * CLUSTER_SIZE);
  for (const { start, end } of [...image.written.within(0, alignUp(size, CLUSTER_SIZE))]) {
    for (let position = start; position < end; position += buffer.length) {
      const batch = buffer.subarray(0, Math.min(buffer.length, end - position));
      read(batch, position);
      for (let at = 0; at < batch.length; at += CLUSTER_SIZE) {
        const cluster = batch.subarray(at, at + CLUSTER_SIZE);
        if (zeroTest.isZero(cluster)) continue;
        const index = (position + at) / CLUSTER_SIZE;
        const packed = zstdCompressSync(cluster, {
          params: { [constants.ZSTD_c_compressionLevel]: LEVEL },
        });
        // Sectors are what counts: less than one is no gain.
        if (packed.length > CLUSTER_SIZE - 512) {
          output.align();
          tables.setCluster(index, output.add(cluster));
        } else {
          tables.setCompressed(index, output.add(packed), packed.length);
        }
      }
    }
  }
  output.align();
  output.flush();
  const diskSize = alignUp(size, 512);
  const clusterCount = output.position / CLUSTER_SIZE;
  const fileSize = tables.write(file, diskSize, clusterCount, true);
  // Clusters of zeros have no bytes: all of the file is written.
  return { diskSize, fileSize, writtenBytes: fileSize };
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
