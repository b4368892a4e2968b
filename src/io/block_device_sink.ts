/**
 * A block device that is written in place.
 *
 * A new file reads as zeros where nothing was written; a device does not. So the sink keeps a
 * record of the ranges that were written and fills the rest of the image with zeros at `commit`.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import type { OpenSink } from "./byte_sink.ts";
import { readMounts } from "./mount_table.ts";
import { PositionalFile } from "./positional_file.ts";
import { systemError } from "./system_error.ts";
import { SystemFiles } from "./system_files.ts";
import { WrittenRanges } from "./written_ranges.ts";

/**
 * Gaps below this are filled with zeros at once: fewer, larger writes, and the record stays below
 * one range for each 64 KiB that were skipped.
 */
const SMALL_GAP_BYTES = 64 * 1024;
const ZEROS_BYTES = 1024 * 1024;
/** Where file systems have their superblocks; btrfs has the farthest, at 64 KiB. */
const HEAD_BYTES = 128 * 1024;

/** Opens the block device at `path`; throws `ImageError` `PERMISSION`, `EXISTS` where it is mounted, or `IO`. */
export function openBlockDevice(path: string): OpenSink {
  try {
    const number = deviceNumber(Deno.statSync(path).rdev ?? 0);
    const mountPoint = mountPointOf(number);
    if (mountPoint !== null) {
      throw new ImageError(
        "EXISTS",
        `Cannot write output "${path}": the device is mounted at "${mountPoint}", expected one not in use`,
        { where: { source: path } },
      );
    }
    const file = Deno.openSync(path, { write: true });
    const deviceSize = file.seekSync(0, Deno.SeekMode.End);
    file.seekSync(0, Deno.SeekMode.Start);
    const sectorSize = sectorSizeOf(number);
    return new BlockDevice(path, deviceSize, sectorSize, new PositionalFile(file, path, path));
  } catch (error) {
    throw systemError(error, "open output", path);
  }
}

class BlockDevice implements OpenSink {
  readonly deviceSize: number;
  readonly sectorSize?: number;
  readonly #path: string;
  readonly #file: PositionalFile;
  readonly #written = new WrittenRanges();
  #zeros = new Uint8Array(0);
  #size = 0;
  #touched = false;
  #open = true;

  constructor(
    path: string,
    deviceSize: number,
    sectorSize: number | undefined,
    file: PositionalFile,
  ) {
    this.#path = path;
    this.deviceSize = deviceSize;
    this.sectorSize = sectorSize;
    this.#file = file;
  }

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    this.#checkSize(end);
    this.#touch();
    const gap = position - this.#written.end;
    if (gap > 0 && gap < SMALL_GAP_BYTES) this.#writeZeros(this.#written.end, position);
    this.#file.write(bytes, position);
    this.#written.add(position, end);
  }

  truncate(size: number): void {
    this.#checkSize(size);
    // What is cut off must read as zeros should the image grow again.
    this.#written.cut(size);
    this.#size = size;
  }

  read(into: Uint8Array, position: number): void {
    into.fill(0);
    for (const { start, end } of this.#written.within(position, position + into.length)) {
      this.#file.read(into.subarray(start - position, end - position), start);
    }
  }

  sync(): void {
    this.#fill();
    this.#file.sync();
  }

  commit(): void {
    this.#fill();
    this.#file.sync();
    this.#close();
  }

  abort(): void {
    this.#close();
  }

  #checkSize(size: number): void {
    if (size <= this.deviceSize) return;
    throw new ImageError(
      "OUT_OF_SPACE",
      `Cannot write output "${this.#path}": the image needs ${size} bytes, ` +
        `expected at most ${this.deviceSize} (the size of the device)`,
      { where: { source: this.#path } },
    );
  }

  /**
   * Before the first byte, takes the old content's superblocks away: a run that ends half-way must
   * not leave what looks like the old file system above foreign blocks.
   */
  #touch(): void {
    if (this.#touched) return;
    this.#touched = true;
    this.#writeZeros(0, Math.min(HEAD_BYTES, this.deviceSize));
  }

  #writeZeros(start: number, end: number): void {
    if (this.#zeros.length === 0) this.#zeros = new Uint8Array(ZEROS_BYTES);
    for (let at = start; at < end; at += ZEROS_BYTES) {
      this.#file.write(this.#zeros.subarray(0, Math.min(ZEROS_BYTES, end - at)), at);
    }
    this.#written.add(start, end);
  }

  /** Fills what was not written: the device has old bytes there. */
  #fill(): void {
    for (const { start, end } of [...this.#written.gaps(this.#size)]) this.#writeZeros(start, end);
  }

  #close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#file.close();
  }
}

/** Where Linux has the device mounted, `null` for nowhere, or where that cannot be known. */
function mountPointOf(number: string): string | null {
  return readMounts().find((mount) => mount.device === number)?.path ?? null;
}

/** Bytes of a logical sector of the disk; `undefined` for what is no whole disk, or is not known. */
function sectorSizeOf(number: string): number | undefined {
  using files = new SystemFiles();
  const text = files.text(`/sys/dev/block/${number}/queue/logical_block_size`);
  return text === null ? undefined : Number(text);
}

/** A `dev_t` as glibc's `makedev` packs it (numbers above 2^32 do not occur), as Linux shows it. */
function deviceNumber(device: number): string {
  const major = Math.floor(device / 0x100) % 0x1000;
  return `${major}:${device % 0x100 + Math.floor(device / 0x10_0000) * 0x100}`;
}
