/**
 * What newer layers certainly hide of older ones.
 *
 * Layers are read newest first, so most bytes that the final tree does not have are known to be
 * dead before they arrive and are never written. This is only an optimisation: paths are compared
 * as text, and where the truth (see `tree_builder.ts`) needs a body that was passed over, its
 * layer is read again.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import type { LayerEntry } from "../layer/layer_entry.ts";
import { FileKind } from "../tree/inode.ts";

/** The paths that the layers read so far hide from the layers still to come. */
export class Shadow {
  /** Replaced by a non-directory or whited out: the path itself and all below it. */
  readonly #covered = new Set<ByteString>();
  /** Made opaque: all below it. */
  readonly #opaque = new Set<ByteString>();
  /** Named by a hard link of a newer layer: alive whatever else is said. */
  readonly #linked = new Set<ByteString>();
  // Entries of a tar come directory by directory: the answer for the last one is kept.
  #lastDirectory: ByteString | null = null;
  #lastAnswer = false;

  /** Takes in a layer; call after the layer was read, before the next older one. */
  add(entries: readonly LayerEntry[]): void {
    for (const entry of entries) {
      switch (entry.kind) {
        case "node":
          if (entry.inode.kind !== FileKind.directory) this.#covered.add(entry.path);
          break;
        case "whiteout":
          this.#covered.add(entry.path);
          break;
        case "opaque":
          this.#opaque.add(entry.path);
          break;
        case "hardlink":
          this.#covered.add(entry.path);
          this.#linked.add(entry.target);
          break;
      }
    }
    this.#lastDirectory = null;
  }

  /** Whether the bytes of a file at `path` in the layer now being read are certainly dead. */
  hides(path: ByteString): boolean {
    if (this.#covered.size === 0 && this.#opaque.size === 0) return false;
    if (this.#linked.has(path)) return false;
    if (this.#covered.has(path)) return true;
    const slash = path.lastIndexOf("/");
    const directory = slash === -1 ? "" : path.slice(0, slash);
    if (directory !== this.#lastDirectory) {
      this.#lastDirectory = directory;
      this.#lastAnswer = this.#hidesBelow(directory);
    }
    return this.#lastAnswer;
  }

  #hidesBelow(directory: ByteString): boolean {
    if (this.#opaque.has("")) return true;
    if (directory === "") return false;
    for (let end = directory.indexOf("/"); end !== -1; end = directory.indexOf("/", end + 1)) {
      const prefix = directory.slice(0, end);
      if (this.#covered.has(prefix) || this.#opaque.has(prefix)) return true;
    }
    return this.#covered.has(directory) || this.#opaque.has(directory);
  }
}
