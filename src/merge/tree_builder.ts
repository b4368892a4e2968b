/**
 * Builds a root filesystem by applying layers one after another, oldest first, to an empty root:
 * the exact rules of the merge, on metadata alone.
 *
 * The reference is what containerd's unpacker makes of the same layers, with one difference that
 * the image specification asks for: a whiteout hides names of *older* layers only, wherever it
 * stands in its layer. So a layer is applied in two steps: first its whiteouts and opaque marks,
 * on the tree of the older layers; then everything else, in the layer's order.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import type { LayerEntry } from "../layer/layer_entry.ts";
import type { NoticeListener } from "../notice.ts";
import type { FileTree } from "../tree/file_tree.ts";
import { FileKind, Inode } from "../tree/inode.ts";
import { NameCount } from "../tree/name_count.ts";
import { type DeferredLink, DeferredLinks } from "./deferred_links.ts";
import { copyMetadata, type MergeOptions } from "./merge_options.ts";
import { removeOlder } from "./removal.ts";
import { existingDirectory, PathWalk } from "./path_walk.ts";
import { DirectoryResolver } from "./directory_resolver.ts";

/** Applies layers, oldest first; `tree` is the result so far. */
export class TreeBuilder<C> {
  /** The tree of all layers applied so far. */
  readonly tree: FileTree<C>;
  readonly #options: MergeOptions;
  readonly #onNotice: NoticeListener;
  readonly #names: NameCount;

  /**
   * Starts with an empty root, 0755 root:root, made at `options.createdSeconds`. `names` counts those
   * that the layers add.
   */
  constructor(options: MergeOptions, onNotice: NoticeListener, names: NameCount = new NameCount()) {
    const root = new Inode<C>(FileKind.directory, 0o755);
    root.mtimeSeconds = root.atimeSeconds = options.createdSeconds;
    this.tree = { root };
    this.#options = options;
    this.#onNotice = onNotice;
    this.#names = names;
  }

  /**
   * Applies one layer on top of the tree. Throws `ImageError` `CORRUPT` where the layer cannot be
   * applied: a hard link to nothing or to a directory, a parent that is no directory, a loop of
   * symbolic links; `LIMIT_EXCEEDED` where layers add more names than a tree may have.
   */
  apply(entries: readonly LayerEntry<C>[], layerName: string): void {
    this.#apply(entries, layerName, this.#options);
  }

  /**
   * Begins the first layer, whose entries may come one by one: nothing is older, so its marks need
   * not be known before. Throws as `apply`.
   */
  applyFirst(layerName: string): FirstLayer<C> {
    return this.#begin([], layerName, this.#options);
  }

  /**
   * Puts what does not belong to the image on top of it, as a layer without whiteouts, but for
   * directories: those that are there keep their metadata, also behind symbolic links, and no file
   * takes the place of one. Throws as `apply`, and `ImageError` `EXISTS` for a file in the place of
   * a directory.
   */
  add(entries: readonly LayerEntry<C>[], layerName: string): void {
    const added = entries.filter((entry) => !this.#hasDirectoryFor(entry, layerName));
    this.#apply(added, layerName, {
      ...this.#options,
      symlinkedParents: "follow",
      keepDirlinks: true,
    });
  }

  #hasDirectoryFor({ kind, path, offset, inode }: LayerEntry<C>, layerName: string): boolean {
    const existing = existingDirectory(new PathWalk<C>(this.tree.root, path));
    if (existing === null) return false;
    if (kind === "node" && inode.kind === FileKind.directory) return true;
    // A symbolic link may take the place of another, but not of the directory itself.
    const isLink = kind === "node" && inode.kind === FileKind.symlink;
    if (isLink && this.#isLink(path)) return false;
    throw new ImageError(
      "EXISTS",
      `Cannot add "${displayByteString(path)}": a directory of that name is in the image, ` +
        "expected a file or nothing",
      { where: { layer: layerName, path: displayByteString(path), offset } },
    );
  }

  #isLink(path: ByteString): boolean {
    const slash = path.lastIndexOf("/");
    const parent = existingDirectory(new PathWalk<C>(this.tree.root, path.slice(0, slash + 1)));
    return parent!.children!.get(path.slice(slash + 1))?.kind === FileKind.symlink;
  }

  #apply(entries: readonly LayerEntry<C>[], layerName: string, options: MergeOptions): void {
    const application = this.#begin(entries, layerName, options);
    for (const entry of entries) application.place(entry);
    application.finish();
  }

  /** The first step, and what the second needs. */
  #begin(
    entries: readonly LayerEntry<C>[],
    layerName: string,
    options: MergeOptions,
  ): LayerApplication<C> {
    const removed = removeOlder(this.tree, entries, options);
    const resolver = new DirectoryResolver<C>(
      this.tree.root,
      removed,
      options,
      this.#names,
      (notice) => this.#onNotice({ ...notice, where: { ...notice.where, layer: layerName } }),
    );
    return new LayerApplication<C>(this.tree, layerName, resolver, options);
  }
}

/** Takes the entries of the first layer. */
export interface FirstLayer<C> {
  /** The next entry. Throws `ImageError` `CORRUPT` where it cannot be applied. */
  place(entry: LayerEntry<C>): void;
  /** That was the last one. Throws `ImageError` `CORRUPT` where a link leads to nothing. */
  finish(): void;
}

/** The second step: everything but the removals, in the layer's order. */
class LayerApplication<C> implements FirstLayer<C> {
  readonly #tree: FileTree<C>;
  readonly #layerName: string;
  readonly #resolver: DirectoryResolver<C>;
  readonly #options: MergeOptions;
  readonly #deferred = new DeferredLinks<C>();

  constructor(
    tree: FileTree<C>,
    layerName: string,
    resolver: DirectoryResolver<C>,
    options: MergeOptions,
  ) {
    this.#tree = tree;
    this.#layerName = layerName;
    this.#resolver = resolver;
    this.#options = options;
  }

  place(entry: LayerEntry<C>): void {
    try {
      this.#place(entry);
    } catch (error) {
      throw this.#placed(error, entry);
    }
  }

  /** Resolves the forward references, in their order, as often as one leads to the next. */
  finish(): void {
    let waiting = this.#deferred.standing(this.#tree);
    while (waiting.length > 0) {
      const before = waiting.length;
      waiting = waiting.filter(([placeholder, link]) => !this.#resolve(placeholder, link));
      if (waiting.length < before) continue;
      const [, { entry }] = waiting[0];
      throw this.#placed(
        new ImageError(
          "CORRUPT",
          `Cannot link to "${displayByteString(entry.target)}": there is no such file`,
        ),
        entry,
      );
    }
  }

  #placed(error: unknown, { path, offset }: LayerEntry<C>): unknown {
    if (!(error instanceof ImageError)) return error;
    return error.at({ layer: this.#layerName, path: displayByteString(path), offset });
  }

  #place(entry: LayerEntry<C>): void {
    if (entry.kind === "opaque") return this.#placeMark(entry.path);
    if (entry.path === "") return this.#placeRoot(entry);
    const slash = entry.path.lastIndexOf("/");
    const parent = slash === -1 ? "" : entry.path.slice(0, slash);
    if (entry.kind === "whiteout") return this.#placeMark(parent);
    const directory = this.#resolver.directory(parent);
    const name = slash === -1 ? entry.path : entry.path.slice(slash + 1);
    switch (entry.kind) {
      case "hardlink":
        return this.#placeLink(directory, name, entry);
      case "node":
        return this.#placeNode(directory, name, entry.path, entry.inode);
    }
  }

  /**
   * The removal was the first step. As in containerd, even a mark makes the directory it stands in;
   * but below a file there is nothing left to hide: umoci writes a whiteout for each file of a
   * directory that a file replaces.
   */
  #placeMark(directory: ByteString): void {
    try {
      this.#resolver.directory(directory);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
    }
  }

  #placeRoot(entry: LayerEntry<C>): void {
    if (entry.kind !== "node" || entry.inode.kind !== FileKind.directory) {
      throw new ImageError(
        "CORRUPT",
        `Cannot place ${entry.kind} entry: its path is the root, expected a directory`,
      );
    }
    copyMetadata(entry.inode, this.#resolver.root);
  }

  #placeNode(directory: Inode<C>, name: ByteString, path: ByteString, inode: Inode<C>): void {
    const siblings = directory.children!;
    const existing = siblings.get(name);
    if (existing !== undefined && inode.kind === FileKind.directory) {
      if (existing.kind === FileKind.directory) return copyMetadata(inode, existing);
      if (existing.kind === FileKind.symlink) {
        const linked = this.#resolver.existing(path);
        if (linked !== null && this.#options.keepDirlinks) return copyMetadata(inode, linked);
        if (linked !== null) this.#resolver.reportReplaced(path, existing);
      }
    }
    this.#resolver.set(directory, name, inode);
  }

  #placeLink(directory: Inode<C>, name: ByteString, entry: LayerEntry<C>): void {
    const target = this.#resolver.find(entry.target) ??
      this.#resolver.findRemovedBehind(entry.target, entry.offset);
    if (target === null || this.#deferred.holds(target)) {
      this.#resolver.set(directory, name, this.#deferred.add(directory, name, entry));
    } else {
      this.#link(directory, name, entry, target);
    }
  }

  #link(directory: Inode<C>, name: ByteString, entry: LayerEntry<C>, target: Inode<C>): void {
    if (target.kind === FileKind.directory) {
      throw new ImageError(
        "CORRUPT",
        `Cannot link to "${displayByteString(entry.target)}": it is a directory, expected a file`,
      );
    }
    this.#resolver.set(directory, name, target);
  }

  /** Whether a waiting link has found its target. */
  #resolve(placeholder: Inode<C>, { directory, name, entry }: DeferredLink<C>): boolean {
    const target = this.#resolver.find(entry.target);
    if (target === null || this.#deferred.holds(target)) return false;
    try {
      this.#link(directory, name, entry, target);
    } catch (error) {
      throw this.#placed(error, entry);
    }
    this.#deferred.delete(placeholder);
    return true;
  }
}
