/**
 * Applies layers to a base that is not known: what they mean for any base comes out.
 *
 * The base is a tree in which every name that is asked for is a directory of unknown metadata with
 * unknown names in it. Whatever stands in it unchanged after the layers were applied is left to the
 * base; whatever was taken out of it is a whiteout; a directory whose metadata is still unknown is
 * described by nobody but the base.
 *
 * Some things cannot be told without the base: what a hard link of a layer names that only the base
 * has, which is refused; where symbolic links of the base lead, which are taken for none; and which
 * empty directories a mark makes below a file of the base, or behind a symbolic link that its own
 * layer changes: no tool makes such layers.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import type { LayerEntry } from "../layer/layer_entry.ts";
import { FileKind, Inode, NO_XATTRS, type Xattr } from "../tree/inode.ts";
import type { DirectoryMarks, LayerMarks } from "../tree/layer_marks.ts";
import { existingDirectory, PathWalk } from "./path_walk.ts";
import type { TreeBuilder } from "./tree_builder.ts";

/** Attributes that only the base knows; whoever inherits metadata has this very list. */
const UNKNOWN_XATTRS: readonly Xattr[] = Object.freeze([]);
/** Stands for all names that nobody asked for; no file can be called so. */
const OTHER_NAMES = "\0";

/** Layers over an unknown base. */
export class AnyBase<C> {
  readonly #builder: TreeBuilder<C>;

  /** Takes a builder that has applied nothing yet. */
  constructor(builder: TreeBuilder<C>) {
    this.#builder = builder;
    const { root } = builder.tree;
    root.xattrs = UNKNOWN_XATTRS;
    root.children = new UnknownChildren<C>();
  }

  /**
   * Applies one layer. Throws as `TreeBuilder.apply` does, and `ImageError` `UNSUPPORTED` for a hard
   * link to a file of the base.
   */
  apply(entries: readonly LayerEntry<C>[], layerName: string): void {
    // What an opaque mark removes must be known by name, for what is made again in its place.
    if (entries.some(({ kind }) => kind === "opaque")) {
      for (const { path } of entries) this.#find(path);
    }
    try {
      this.#builder.apply(entries, layerName);
    } catch (error) {
      throw this.#linkToBase(entries, layerName) ?? error;
    }
  }

  /** Makes the tree one of known files only, and answers what it means for a base. */
  settle(): LayerMarks {
    const marks = new Map<Inode, DirectoryMarks>();
    const directories = preorder(this.#builder.tree.root);
    // The deepest first: a directory stays when something in it does.
    for (const { inode, parent, name, isHidden } of directories.toReversed()) {
      const known = settleDirectory(inode, isHidden);
      if (known !== null) marks.set(inode, known);
      const siblings = parent?.children;
      if (known === null || !isUntouched(inode, known)) continue;
      if (siblings instanceof UnknownChildren) siblings.forget(name);
    }
    for (const { inode } of directories) {
      const { children } = inode;
      if (children instanceof UnknownChildren) inode.children = new Map(children.entries());
    }
    return marks;
  }

  #find(path: ByteString): Inode<C> | null {
    return existingDirectory(new PathWalk<C>(this.#builder.tree.root, path));
  }

  #linkToBase(entries: readonly LayerEntry<C>[], layerName: string): ImageError | null {
    const link = entries.find(({ kind, target }) =>
      kind === "hardlink" && this.#find(target)?.children instanceof UnknownChildren
    );
    if (link === undefined) return null;
    const [path, target] = [link.path, link.target].map(displayByteString);
    return new ImageError(
      "UNSUPPORTED",
      `Cannot keep whiteouts: "${path}" is a hard link to "${target}", which may be a file of the ` +
        "base, expected one of an older layer of the image",
      { where: { layer: layerName, path, offset: link.offset } },
    );
  }
}

/** The names in a directory of the base: every one is there until it is taken out. */
class UnknownChildren<C> extends Map<ByteString, Inode<C>> {
  /** Names that were taken out. */
  readonly removed = new Set<ByteString>();
  /** All that was not asked for was taken out. */
  isOpaque = false;

  override get(name: ByteString): Inode<C> | undefined {
    const known = super.get(name);
    if (known !== undefined || this.isOpaque || this.removed.has(name)) return known;
    const unknown = new Inode<C>(FileKind.directory, 0o755);
    unknown.xattrs = UNKNOWN_XATTRS;
    unknown.children = new UnknownChildren<C>();
    if (name !== OTHER_NAMES) super.set(name, unknown);
    return unknown;
  }

  override delete(name: ByteString): boolean {
    if (name === OTHER_NAMES) return this.isOpaque = true;
    this.removed.add(name);
    return super.delete(name);
  }

  /** Is as if nobody had asked for the name. */
  forget(name: ByteString): void {
    super.delete(name);
  }

  override *keys(): MapIterator<ByteString> {
    yield* super.keys();
    if (!this.isOpaque) yield OTHER_NAMES;
  }
}

interface FoundDirectory<C> {
  readonly inode: Inode<C>;
  readonly parent: Inode<C> | null;
  readonly name: ByteString;
  /** Nothing of the base is left in the directory it stands in. */
  readonly isHidden: boolean;
}

function preorder<C>(root: Inode<C>): FoundDirectory<C>[] {
  const found: FoundDirectory<C>[] = [{ inode: root, parent: null, name: "", isHidden: false }];
  for (let i = 0; i < found.length; i++) {
    const { inode, isHidden } = found[i];
    const children = inode.children!;
    const hides = isHidden || !(children instanceof UnknownChildren) || children.isOpaque;
    for (const [name, child] of children.entries()) {
      if (child.kind !== FileKind.directory) continue;
      found.push({ inode: child, parent: inode, name, isHidden: hides });
    }
  }
  return found;
}

/** What a directory means; `null` where it means what it is. */
function settleDirectory<C>(inode: Inode<C>, isHidden: boolean): DirectoryMarks | null {
  const { children } = inode;
  const isInherited = inode.xattrs === UNKNOWN_XATTRS;
  if (isInherited) inode.xattrs = NO_XATTRS;
  if (children instanceof UnknownChildren) {
    const removed = children.isOpaque
      ? []
      : [...children.removed].filter((name) => !children.has(name)).sort();
    if (!isInherited && !children.isOpaque && removed.length === 0) return null;
    return { isInherited, isOpaque: children.isOpaque, isReplaced: false, removed };
  }
  // It was made where nothing is left of the base; in a hidden one that goes without saying.
  if (isHidden && !isInherited) return null;
  return { isInherited, isOpaque: true, isReplaced: isInherited && !isHidden, removed: [] };
}

function isUntouched(inode: Inode, marks: DirectoryMarks): boolean {
  return marks.isInherited && !marks.isOpaque && marks.removed.length === 0 &&
    inode.children!.size === 0;
}
