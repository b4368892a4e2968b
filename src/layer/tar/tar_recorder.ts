/**
 * A visitor that writes down what it gets, for tests.
 *
 * @module
 */
import { bytesOf, type ByteString, byteStringFrom } from "../../bytes/byte_string.ts";
import { modeOf } from "../../tree/inode.ts";
import { HOLE_PIECE_SIZE } from "../step_reading.ts";
import type { LayerEntry, LayerVisitor } from "../layer_entry.ts";

/** An entry and, for a file, what its body was. */
export interface RecordedEntry {
  /** The entry. */
  readonly entry: LayerEntry;
  /** Bytes of the file, holes as zeros; `null` where none were asked for. */
  body: Uint8Array | null;
  /** Holes as offset and size. */
  readonly holes: [offset: number, size: number][];
  /** Whether the file was ended. */
  isEnded: boolean;
}

/** Files above this are not kept byte for byte: only their size is counted. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

/** Keeps all entries; asks for the bytes of all files. */
export class TarRecorder implements LayerVisitor {
  /** What came, in order. */
  readonly entries: RecordedEntry[] = [];
  #body: ByteString[] = [];
  #size = 0;

  /** See {@linkcode LayerVisitor.entry}. */
  entry(entry: LayerEntry): boolean {
    this.#assertClosed();
    this.entries.push({ entry, body: null, holes: [], isEnded: false });
    this.#body = [];
    this.#size = 0;
    return true;
  }

  /** See {@linkcode LayerVisitor.write}. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) throw new Error("an empty write");
    this.#body.push(byteStringFrom(bytes));
    this.#size += bytes.length;
  }

  /** See {@linkcode LayerVisitor.skip}. */
  skip(byteCount: number): void {
    if (!(byteCount > 0)) throw new Error(`a hole of ${byteCount} bytes`);
    const last = this.entries[this.entries.length - 1];
    const hole = last.holes[last.holes.length - 1];
    const isCut = hole !== undefined && hole[0] + hole[1] === this.#size;
    // Only what is very long may be cut.
    if (isCut && hole[1] !== HOLE_PIECE_SIZE) {
      throw new Error("a hole in two pieces");
    }
    last.holes.push([this.#size, byteCount]);
    this.#size += byteCount;
    if (this.#size <= MAX_KEPT_BYTES) this.#body.push("\0".repeat(byteCount));
  }

  /** See {@linkcode LayerVisitor.end}. */
  end(): void {
    const last = this.entries[this.entries.length - 1];
    if (last.entry.inode?.size !== this.#size) {
      throw new Error(`a file of ${last.entry.inode?.size} bytes got ${this.#size}`);
    }
    if (this.#size <= MAX_KEPT_BYTES) last.body = bytesOf(this.#body.join(""));
    last.isEnded = true;
  }

  /** The entry of a path; throws where there is none. */
  get(path: ByteString): RecordedEntry {
    const found = this.entries.find(({ entry }) => entry.path === path);
    if (found === undefined) throw new Error(`no entry "${path}"`);
    return found;
  }

  /** One line for each entry, with all that it says. */
  lines(): string[] {
    return this.entries.map(({ entry, body, holes }) => {
      const { kind, path, offset, inode, target } = entry;
      const head = `${offset} ${kind} "${path}"`;
      if (inode === null) return target === "" ? head : `${head} -> "${target}"`;
      const xattrs = inode.xattrs.map(({ name, value }) => `${name}=${byteStringFrom(value)}`);
      return [
        head,
        modeOf(inode).toString(8),
        `${inode.uid}:${inode.gid}`,
        `${inode.mtimeSeconds}.${inode.mtimeNanoseconds}`,
        `${inode.atimeSeconds}.${inode.atimeNanoseconds}`,
        `${inode.size} ${inode.deviceMajor}:${inode.deviceMinor} "${inode.target}"`,
        JSON.stringify(xattrs),
        body === null ? "-" : JSON.stringify(byteStringFrom(body)),
        JSON.stringify(holes),
      ].join(" ");
    });
  }

  #assertClosed(): void {
    const last = this.entries[this.entries.length - 1];
    if (last === undefined || last.entry.inode?.kind !== 1 || last.entry.inode.size === 0) return;
    if (!last.isEnded) throw new Error(`the file "${last.entry.path}" was not ended`);
  }
}
