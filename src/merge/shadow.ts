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

/** A `Map` of JavaScript has room for so many. */
const CLAIMS_MAX = 2 ** 24;

/** Paths, each with the newest layer that says it. */
class Claims {
  readonly #layers = new Map<ByteString, number>();

  add(path: ByteString, layer: number): void {
    if (this.isAbove(path, layer)) return;
    // Where there is room for no more it goes without: bodies are written that nobody needs, or a
    // layer is read again.
    if (this.#layers.size < CLAIMS_MAX || this.#layers.has(path)) this.#layers.set(path, layer);
  }

  /** Whether a layer newer than `layer` says it. */
  isAbove(path: ByteString, layer: number): boolean {
    // A look-up has to hash the path: a million paths of a single layer need none.
    if (this.#layers.size === 0) return false;
    const claimed = this.#layers.get(path);
    return claimed !== undefined && claimed > layer;
  }
}

/** What the layers read so far hide from older ones. Layers may be read side by side. */
export class Shadow {
  /** Replaced by a non-directory or whited out: the path itself and all below it. */
  readonly #covered = new Claims();
  /** Made opaque: all below it. */
  readonly #opaque = new Claims();
  /** Named by a hard link: alive whatever else is said. */
  readonly #linked = new Claims();

  /** What layer `index` and its elders are hidden by, and what it adds. */
  layer(index: number): LayerShadow {
    return new LayerShadow(index, this.#covered, this.#opaque, this.#linked);
  }
}

/** One layer's part in a {@linkcode Shadow}. */
export class LayerShadow {
  readonly #index: number;
  readonly #covered: Claims;
  readonly #opaque: Claims;
  readonly #linked: Claims;
  // Entries of a tar come directory by directory: the answer for the last one is kept.
  #lastDirectory: ByteString | null = null;
  #lastAnswer = false;

  /** See {@linkcode Shadow.layer}. */
  constructor(index: number, covered: Claims, opaque: Claims, linked: Claims) {
    this.#index = index;
    this.#covered = covered;
    this.#opaque = opaque;
    this.#linked = linked;
  }

  /** Takes in an entry of this layer, for older ones. */
  add(entry: LayerEntry): void {
    const index = this.#index;
    if (index === 0) return; // Nothing is older.
    if (entry.kind === "opaque") this.#opaque.add(entry.path, index);
    else if (entry.inode?.kind !== FileKind.directory) this.#covered.add(entry.path, index);
    if (entry.kind === "hardlink") this.#linked.add(entry.target, index);
  }

  /** Whether the bytes of this layer's file at `path` are certainly dead. */
  hides(path: ByteString): boolean {
    const index = this.#index;
    if (this.#linked.isAbove(path, index)) return false;
    if (this.#covered.isAbove(path, index)) return true;
    const slash = path.lastIndexOf("/");
    const directory = slash === -1 ? "" : path.slice(0, slash);
    if (directory !== this.#lastDirectory) {
      this.#lastDirectory = directory;
      this.#lastAnswer = this.#hidesBelow(directory);
    }
    return this.#lastAnswer;
  }

  #hidesBelow(directory: ByteString): boolean {
    if (this.#opaque.isAbove("", this.#index)) return true;
    for (let end = directory.indexOf("/"); end !== -1; end = directory.indexOf("/", end + 1)) {
      if (this.#hidesAllOf(directory.slice(0, end))) return true;
    }
    return this.#hidesAllOf(directory);
  }

  #hidesAllOf(directory: ByteString): boolean {
    return this.#covered.isAbove(directory, this.#index) ||
      this.#opaque.isAbove(directory, this.#index);
  }
}
