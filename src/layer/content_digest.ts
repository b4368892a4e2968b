/**
 * The identity of a layer that has no digest of its own: a hash of all that was read of it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { modeOf } from "../tree/inode.ts";
import type { LayerEntry } from "./layer_entry.ts";

/** Hashes entries and bytes in the order in which they are read. */
export class ContentDigest {
  readonly #hash = createHash("sha256");

  /** Takes an entry in. */
  entry({ kind, path, target, inode }: LayerEntry): void {
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
    this.#hash.update(Buffer.from(`${text.length}:${text}`, "latin1"));
  }

  /** Takes bytes of the last entry in. */
  bytes(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** Takes a hole of the last entry in. */
  hole(byteCount: number): void {
    this.#hash.update(`hole ${byteCount}`);
  }

  /** The digest (`sha256:…`) of all that was taken in. */
  finish(): string {
    return `sha256:${this.#hash.digest("hex")}`;
  }
}
