/**
 * Writes a dump file when the tree is known.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { ByteString } from "../../bytes/byte_string.ts";
import type { ByteSink } from "../../io/byte_sink.ts";
import { dumpTree } from "../../tree/dump.ts";
import type { FileTree } from "../../tree/file_tree.ts";
import { digestText, DigestWriter } from "../digest_writer.ts";
import type { FileWriter, ImageWriter, WriteReport } from "../image_format.ts";

/** Characters that are written at once. */
const PIECE_SIZE = 64 * 1024;

/** Writes one dump file. */
export class DumpWriter implements ImageWriter<ByteString> {
  /** Bodies are not stored anywhere, so they may come side by side. */
  readonly openFileCount = 2;
  readonly #sink: ByteSink;
  readonly #digests = new DigestWriter();
  readonly #hasDigests: boolean;
  #position = 0;

  /** Writes to `sink` at `finish`; with `hasDigests` those of all files that were begun. */
  constructor(sink: ByteSink, hasDigests: boolean) {
    this.#sink = sink;
    this.#hasDigests = hasDigests;
  }

  /** Begins a file, of which nothing is kept but the digest. */
  beginFile(): FileWriter<ByteString> {
    return this.#digests.beginFile();
  }

  /** There is nothing to give back. */
  release(): void {}

  /** Writes a line for each name. Rejects with what the sink throws. */
  async finish(tree: FileTree<ByteString>): Promise<WriteReport> {
    const hasDigests = this.#hasDigests;
    let lines = 0;
    let pieces: string[] = [];
    let size = 0;
    for (
      const line of dumpTree(
        tree,
        (digest) => hasDigests ? { digest: digestText(digest) } : {},
      )
    ) {
      lines++;
      pieces.push(line, "\n");
      size += line.length + 1;
      if (size < PIECE_SIZE) continue;
      await this.#write(pieces);
      pieces = [];
      size = 0;
    }
    await this.#write(pieces);
    this.#sink.truncate(this.#position);
    return {
      format: "dump",
      imageSize: this.#position,
      writtenBytes: this.#position,
      details: { lines, digests: hasDigests },
    };
  }

  async #write(pieces: readonly string[]): Promise<void> {
    const bytes = Buffer.from(pieces.join(""), "latin1");
    this.#sink.write(bytes, this.#position);
    this.#position += bytes.length;
    await this.#sink.drain?.();
  }
}
