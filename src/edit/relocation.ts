/**
 * A layer whose files go to another place than the layer says.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import {
  hardlinkEntry,
  type LayerEntry,
  type LayerVisitor,
  nodeEntry,
} from "../layer/layer_entry.ts";
import type { Inode } from "../tree/inode.ts";
import type { Owner } from "./image_edits.ts";

/** Where the files of a layer go, and whose they are. */
export interface Placement {
  /** Directory or file in the image that the root of the layer becomes; clean, empty for the root. */
  readonly path: ByteString;
  /** Permission bits of what is at `path`; `null` keeps those of the layer. */
  readonly permissions: number | null;
  /** Owner of all files; `null` keeps those of the layer. */
  readonly owner: Owner | null;
}

/** Hands the entries of a layer on with other paths and owners; the layer has no whiteouts. */
export class Relocation implements LayerVisitor {
  readonly #visitor: LayerVisitor;
  readonly #placement: Placement;
  readonly #onFile: (inode: Inode) => void;

  /** `visitor` gets the entries; `onFile` hears of every file that is no further name of another. */
  constructor(visitor: LayerVisitor, placement: Placement, onFile: (inode: Inode) => void) {
    this.#visitor = visitor;
    this.#placement = placement;
    this.#onFile = onFile;
  }

  /** See {@linkcode LayerVisitor.entry}. */
  entry(entry: LayerEntry): boolean {
    return this.#visitor.entry(this.#relocated(entry));
  }

  /** See {@linkcode LayerVisitor.write}. */
  write(bytes: Uint8Array): void {
    this.#visitor.write(bytes);
  }

  /** See {@linkcode LayerVisitor.skip}. */
  skip(byteCount: number): void {
    this.#visitor.skip(byteCount);
  }

  /** See {@linkcode LayerVisitor.end}. */
  end(): void {
    this.#visitor.end();
  }

  #relocated({ kind, path, offset, inode, target }: LayerEntry): LayerEntry {
    const place = this.#below(path);
    if (kind === "hardlink") return hardlinkEntry(place, offset, this.#below(target));
    if (kind !== "node") throw new TypeError(`Cannot relocate an entry of kind ${kind}`);
    const { permissions, owner } = this.#placement;
    if (permissions !== null && path === "") inode.permissions = permissions;
    if (owner !== null) {
      inode.uid = owner.uid;
      inode.gid = owner.gid;
    }
    this.#onFile(inode);
    return nodeEntry(place, offset, inode);
  }

  #below(path: ByteString): ByteString {
    const { path: base } = this.#placement;
    return base === "" || path === "" ? base + path : `${base}/${path}`;
  }
}
