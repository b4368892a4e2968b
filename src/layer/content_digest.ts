/**
 * The identity of a layer that has no digest of its own: a hash of all that was read of it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { modeOf } from "../tree/inode.ts";
import type { LayerEntry } from "./layer_entry.ts";

/** Bytes that are zeros or not as a whole. */
const BLOCK_SIZE = 4096;
const ZEROS = new Uint8Array(BLOCK_SIZE);

/**
 * Hashes entries and bytes in the order in which they are read.
 *
 * Zeros count the same whether they are stored or a hole, since copying a file changes that: blocks
 * of zeros are left out, and which blocks were not is hashed apart. So a hole costs nothing.
 */
export class ContentDigest {
  readonly #bytes = createHash("sha256");
  readonly #places = createHash("sha256");
  // Bytes of the entry's file so far; those of its last block, where they came in several pieces.
  #position = 0;
  readonly #block = new Uint8Array(BLOCK_SIZE);
  #fill = 0;
  // The blocks that are no zeros and follow each other: where they start and end, in bytes.
  #runStart = 0;
  #runEnd = 0;

  /** Takes an entry in. */
  entry({ kind, path, target, inode }: LayerEntry): void {
    this.#endFile();
    const fields: (string | number)[] = [kind, path, target];
    if (inode !== null) {
      fields.push(modeOf(inode), inode.uid, inode.gid, inode.size, inode.target);
      fields.push(inode.mtimeSeconds, inode.mtimeNanoseconds);
      fields.push(inode.deviceMajor, inode.deviceMinor);
      for (const { name, value } of inode.xattrs) {
        fields.push(name, Buffer.from(value).toString("latin1"));
      }
    }
    // Each part behind its length: no two lists of parts give the same bytes.
    const text = fields.map((field) => `${`${field}`.length}:${field}`).join("");
    this.#places.update(Buffer.from(`${text.length}:${text}`, "latin1"));
  }

  /** Takes bytes of the last entry in. */
  bytes(bytes: Uint8Array): void {
    let at = this.#fill === 0 ? 0 : this.#collect(bytes);
    // Whole blocks, as many as there are of one kind at once.
    for (let end = at; bytes.length - at >= BLOCK_SIZE; at = end) {
      const hasBytes = !isZeros(bytes.subarray(at, at + BLOCK_SIZE));
      do end += BLOCK_SIZE; while (
        bytes.length - end >= BLOCK_SIZE &&
        isZeros(bytes.subarray(end, end + BLOCK_SIZE)) !== hasBytes
      );
      if (hasBytes) this.#take(bytes.subarray(at, end));
      this.#position += end - at;
    }
    if (at < bytes.length) this.#collect(bytes.subarray(at));
  }

  /** Takes a hole of the last entry in. */
  hole(byteCount: number): void {
    let rest = byteCount;
    if (this.#fill > 0) rest -= this.#collect(ZEROS.subarray(0, rest));
    this.#position += rest - rest % BLOCK_SIZE;
    if (rest % BLOCK_SIZE > 0) this.#collect(ZEROS.subarray(0, rest % BLOCK_SIZE));
  }

  /** The digest (`sha256:…`) of all that was taken in. */
  finish(): string {
    this.#endFile();
    // The places tell which bytes are whose.
    const digest = createHash("sha256").update(this.#places.digest()).update(this.#bytes.digest());
    return `sha256:${digest.digest("hex")}`;
  }

  /** Fills the block that is not whole; answers how many bytes it took. */
  #collect(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, BLOCK_SIZE - this.#fill);
    this.#block.set(bytes.subarray(0, taken), this.#fill);
    this.#fill += taken;
    if (this.#fill === BLOCK_SIZE) this.#endBlock();
    return taken;
  }

  #endBlock(): void {
    const block = this.#block.subarray(0, this.#fill);
    if (!isZeros(block)) this.#take(block);
    this.#position += this.#fill;
    this.#fill = 0;
  }

  /** Takes in what is no zeros, at the position. */
  #take(bytes: Uint8Array): void {
    if (this.#runEnd !== this.#position) {
      this.#endRun();
      this.#runStart = this.#position;
    }
    this.#bytes.update(bytes);
    this.#runEnd = this.#position + bytes.length;
  }

  #endRun(): void {
    if (this.#runEnd > this.#runStart) this.#places.update(`${this.#runStart}-${this.#runEnd};`);
  }

  #endFile(): void {
    if (this.#fill > 0) this.#endBlock();
    this.#endRun();
    this.#position = this.#runStart = this.#runEnd = 0;
  }
}

function isZeros(bytes: Uint8Array): boolean {
  // Nearly all that is not zero shows it at once.
  return bytes[0] === 0 && Buffer.compare(bytes, ZEROS.subarray(0, bytes.length)) === 0;
}
