/**
 * A layout as a tar archive.
 *
 * @module
 */
import { fileSink } from "../../io/file_sink.ts";
import type { OpenSink } from "../../io/byte_sink.ts";
import type { NoticeListener } from "../../notice.ts";
import type { LayoutOutput } from "./layout_output.ts";
import { directoryHeader, fileHeader, TAR_BLOCK_SIZE } from "./tar_member.ts";

/** Two blocks of zeros end an archive. */
const END_BLOCKS = 2;

/** Begins the archive at `path`. Throws like the `open` of a `fileSink`. */
export function archiveOutput(path: string, onNotice?: NoticeListener): LayoutOutput {
  return new ArchiveOutput(fileSink(path).open(onNotice));
}

class ArchiveOutput implements LayoutOutput {
  readonly #sink: OpenSink;
  readonly #directories = new Set<string>();
  #position = 0;

  constructor(sink: OpenSink) {
    this.#sink = sink;
  }

  begin(path: string, sizeBytes: number): void {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const directory = `${parts.slice(0, depth).join("/")}/`;
      if (this.#directories.has(directory)) continue;
      this.#directories.add(directory);
      this.write(directoryHeader(directory));
    }
    this.write(fileHeader(path, sizeBytes));
  }

  write(bytes: Uint8Array): void {
    this.#sink.write(bytes, this.#position);
    this.#position += bytes.length;
  }

  end(): void {
    const over = this.#position % TAR_BLOCK_SIZE;
    if (over > 0) this.write(new Uint8Array(TAR_BLOCK_SIZE - over));
  }

  commit(): void {
    this.write(new Uint8Array(END_BLOCKS * TAR_BLOCK_SIZE));
    this.#sink.commit();
  }

  abort(): void {
    this.#sink.abort();
  }
}
