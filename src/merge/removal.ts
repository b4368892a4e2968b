/**
 * The first step of applying a layer: what its whiteouts and opaque marks take out of the tree of
 * the older layers.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import type { LayerEntry } from "../layer/layer_entry.ts";
import type { FileTree } from "../tree/file_tree.ts";
import { FileKind, type Inode } from "../tree/inode.ts";
import type { MergeOptions } from "./merge_options.ts";
import { existingDirectory, PathWalk } from "./path_walk.ts";

/** What a layer's marks took out of the older tree. */
export class RemovedFiles<C> {
  readonly #byPath = new Map<ByteString, { readonly inode: Inode<C>; readonly offset: number }>();

  /** Takes a file out of the tree for the mark at `offset`; it stands in the walk's directory. */
  remove(walk: PathWalk<C>, name: ByteString, offset: number): void {
    const inode = walk.directory.children!.get(name);
    if (inode === undefined) return;
    walk.directory.children!.delete(name);
    this.#byPath.set(walk.path === "" ? name : `${walk.path}/${name}`, { inode, offset });
  }

  /** The removed directory that stood at `path` (free of symbolic links), `null` for none. */
  directory(path: ByteString): Inode<C> | null {
    const found = this.#find(path, -1);
    return found?.kind === FileKind.directory ? found : null;
  }

  /** What stood at `path` and was removed by a mark behind `offset`, `null` for nothing. */
  removedBehind(path: ByteString, offset: number): Inode<C> | null {
    return this.#find(path, offset);
  }

  #find(path: ByteString, offset: number): Inode<C> | null {
    if (this.#byPath.size === 0) return null;
    // The deepest mark first: an ancestor that went later no longer had what it removed.
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
      const removed = this.#byPath.get(path.slice(0, end));
      if (removed === undefined || removed.offset <= offset) continue;
      const rest = path.slice(end).split("/").filter((name) => name !== "");
      const found = rest.reduce(
        (inode: Inode<C> | undefined, name) => inode?.children?.get(name),
        removed.inode,
      );
      if (found !== undefined) return found;
    }
    return null;
  }
}

/** Applies the whiteouts and opaque marks of a layer to the older tree; answers what went. */
export function removeOlder<C>(
  tree: FileTree<C>,
  entries: readonly LayerEntry<C>[],
  options: MergeOptions,
): RemovedFiles<C> {
  const removed = new RemovedFiles<C>();
  const older = new OlderTree(tree, entries, options);
  for (const { kind, path, offset } of entries) {
    if (kind === "opaque") {
      const walk = older.walkTo(path);
      if (walk === null) continue;
      for (const name of [...walk.directory.children!.keys()]) removed.remove(walk, name, offset);
    } else if (kind === "whiteout") {
      const slash = path.lastIndexOf("/");
      const walk = older.walkTo(slash === -1 ? "" : path.slice(0, slash));
      if (walk !== null) removed.remove(walk, path.slice(slash + 1), offset);
    }
  }
  return removed;
}

/** Finds the directories of the older tree that the layer's marks speak of. */
class OlderTree<C> {
  readonly #tree: FileTree<C>;
  readonly #entries: readonly LayerEntry<C>[];
  readonly #options: MergeOptions;
  #ownDirectories: Set<ByteString> | null = null;

  constructor(tree: FileTree<C>, entries: readonly LayerEntry<C>[], options: MergeOptions) {
    this.#tree = tree;
    this.#entries = entries;
    this.#options = options;
  }

  /** The older directory at `path`; `null` where there is none, or where the layer hides it. */
  walkTo(path: ByteString): PathWalk<C> | null {
    const walk = new PathWalk<C>(this.#tree.root, "");
    for (let start = 0; start < path.length;) {
      const slash = path.indexOf("/", start);
      const end = slash === -1 ? path.length : slash;
      const name = path.slice(start, end);
      const child = walk.directory.children!.get(name);
      if (child?.kind === FileKind.directory) {
        walk.enter(name, child);
      } else {
        if (child?.kind !== FileKind.symlink || this.#hides(path.slice(0, end))) return null;
        if (!walk.canFollow) return null;
        walk.follow(child.target);
        if (existingDirectory(walk) === null) return null;
      }
      start = end + 1;
    }
    return walk;
  }

  /** Whether the layer puts a directory of its own where the older tree has a symbolic link. */
  #hides(path: ByteString): boolean {
    if (this.#options.symlinkedParents === "replace") return true;
    if (this.#options.keepDirlinks) return false;
    if (this.#ownDirectories === null) {
      this.#ownDirectories = new Set();
      for (const entry of this.#entries) {
        if (entry.inode?.kind === FileKind.directory) this.#ownDirectories.add(entry.path);
      }
    }
    return this.#ownDirectories.has(path);
  }
}
