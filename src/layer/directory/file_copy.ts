/**
 * The bytes of one file of this machine, a piece at a time, holes as holes.
 *
 * @module
 */
import { displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { HostFile } from "../../io/host_files.ts";
import { type FileBytes, type FileReceiver, HOLE_PIECE_SIZE } from "../step_reading.ts";
import type { LayerFile } from "./overlay_lookup.ts";

/** Copies one file. Nobody may change it meanwhile: that is noticed, and an error. */
export class FileCopy implements FileBytes {
  readonly #source: LayerFile;
  readonly #file: HostFile;
  readonly #size: number;
  #position = 0;
  /** End of the data that `#position` is in. */
  #dataEnd = 0;

  /** Opens `source`. Throws `ImageError`. */
  constructor(source: LayerFile) {
    this.#source = source;
    this.#size = source.stat.size;
    this.#file = source.directory.handle.file(source.name);
    try {
      this.#checkUnchanged();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** See {@linkcode FileBytes.next}. */
  next(buffer: Uint8Array<ArrayBuffer>, receiver: FileReceiver): number {
    const start = this.#position;
    if (start === this.#size) {
      this.#checkUnchanged();
      return 0;
    }
    if (start === this.#dataEnd) {
      const data = Math.min(this.#size, this.#file.seekData(start) ?? this.#size);
      this.#dataEnd = data === this.#size ? data : Math.min(this.#size, this.#file.seekHole(data));
      if (data > start) {
        const count = Math.min(data - start, HOLE_PIECE_SIZE);
        this.#position += count;
        // The rest of a long hole is looked for again.
        if (this.#position < data) this.#dataEnd = this.#position;
        receiver.skip(count);
        return count;
      }
    }
    const wanted = Math.min(buffer.length, this.#dataEnd - start);
    const piece = wanted === buffer.length ? buffer : buffer.subarray(0, wanted);
    const count = this.#file.read(piece, start);
    if (count < wanted || wanted === 0) throw this.#changed();
    this.#position += count;
    receiver.write(piece);
    return count;
  }

  /** See {@linkcode FileBytes.close}. */
  close(): void {
    this.#file.close();
  }

  #checkUnchanged(): void {
    const now = this.#file.stat();
    const { identity, size, changeTime } = this.#source.stat;
    if (now.identity === identity && now.size === size && now.changeTime === changeTime) return;
    throw this.#changed();
  }

  #changed(): ImageError {
    const { directory, name } = this.#source;
    return new ImageError(
      "IO",
      `Cannot read file "${directory.handle.path}/${displayByteString(name)}": it was changed ` +
        "while it was read, expected files that nobody changes",
    );
  }
}
