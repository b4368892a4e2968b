/**
 * Hard links that name a file which comes later in their layer.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import type { LayerEntry } from "../layer/layer_entry.ts";
import { eachDirectory, type FileTree } from "../tree/file_tree.ts";
import { FileKind, Inode } from "../tree/inode.ts";

/** A link that waits for its target. */
export interface DeferredLink<C> {
  /** The directory that gets the name. */
  readonly directory: Inode<C>;
  /** The name. */
  readonly name: ByteString;
  /** The entry, with the target. */
  readonly entry: LayerEntry<C>;
}

/**
 * The waiting links of one layer. Each holds its name by a placeholder, so that whatever comes
 * later at that name, or in place of its directory, overtakes it.
 */
export class DeferredLinks<C> {
  readonly #waiting = new Map<Inode<C>, DeferredLink<C>>();

  /** Adds a link; answers the placeholder that goes under its name. */
  add(directory: Inode<C>, name: ByteString, entry: LayerEntry<C>): Inode<C> {
    const placeholder = new Inode<C>(FileKind.regular, 0);
    this.#waiting.set(placeholder, { directory, name, entry });
    return placeholder;
  }

  /** Whether `inode` is the placeholder of a link that still waits. */
  holds(inode: Inode<C>): boolean {
    return this.#waiting.has(inode);
  }

  /** The link at this placeholder has its target. */
  delete(placeholder: Inode<C>): void {
    this.#waiting.delete(placeholder);
  }

  /** The links whose placeholder still stands in the tree, in the layer's order. */
  standing(tree: FileTree<C>): [placeholder: Inode<C>, link: DeferredLink<C>][] {
    if (this.#waiting.size === 0) return [];
    const reachable = new Set<Inode<C>>();
    eachDirectory(tree, (directory) => reachable.add(directory));
    return [...this.#waiting].filter(([placeholder, { directory, name }]) =>
      reachable.has(directory) && directory.children!.get(name) === placeholder
    );
  }
}
