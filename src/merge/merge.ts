/**
 * The merge: layers become one tree. The only code that knows what a layer means.
 *
 * @example Two layers, the second one deletes a file of the first
 * ```ts
 * import { mergeLayers, nodeEntry, whiteoutEntry } from "@x/oci2rootfs/merge";
 * import { FileKind, Inode } from "@x/oci2rootfs/merge";
 *
 * const { tree } = mergeLayers([
 *   { name: "base", entries: [nodeEntry("hello", 0, new Inode(FileKind.regular, 0o644))] },
 *   { name: "top", entries: [whiteoutEntry("hello", 0)] },
 * ]);
 * console.assert(tree.root.children!.size === 0);
 * ```
 *
 * @module
 */
import type { LayerEntry } from "../layer/layer_entry.ts";
import type { Notice } from "../notice.ts";
import { countLinks, type FileTree } from "../tree/file_tree.ts";
import type { MergeOptions } from "./merge_options.ts";
import { TreeBuilder } from "./tree_builder.ts";

export type { ByteString } from "../bytes/byte_string.ts";
export {
  type EntryShape,
  hardlinkEntry,
  type LayerEntry,
  nodeEntry,
  opaqueEntry,
  whiteoutEntry,
} from "../layer/layer_entry.ts";
export type { ErrorPlace } from "../image_error.ts";
export type { Notice, NoticeCode } from "../notice.ts";
export type { FileTree } from "../tree/file_tree.ts";
export type { DirectoryMarks, LayerMarks } from "../tree/layer_marks.ts";
export { FileKind, Inode, type Xattr } from "../tree/inode.ts";
export type { MergeOptions } from "./merge_options.ts";

/** One layer as the merge takes it. */
export interface MergeLayer<C> {
  /** Name for messages. */
  readonly name: string;
  /** Its entries, in its own order. */
  readonly entries: readonly LayerEntry<C>[];
}

/** What a merge makes. */
export interface MergeResult<C> {
  /** The tree; link counts are set. */
  readonly tree: FileTree<C>;
  /** Remarks, as on symbolic links among the parents. */
  readonly notices: readonly Notice[];
}

/**
 * Applies `layers`, base first, to an empty root (OCI image-spec, `layer.md`, "Applying
 * Changesets"). Inodes of the entries become part of the tree.
 *
 * Throws `ImageError` `CORRUPT` with layer, path and offset where an entry cannot be applied.
 */
export function mergeLayers<C>(
  layers: Iterable<MergeLayer<C>>,
  options: Partial<MergeOptions> = {},
): MergeResult<C> {
  const notices: Notice[] = [];
  const builder = new TreeBuilder<C>(
    { symlinkedParents: "follow", keepDirlinks: false, createdSeconds: 0, ...options },
    (notice) => notices.push(notice),
  );
  let isFirst = true;
  for (const { entries, name } of layers) {
    if (isFirst) {
      const first = builder.applyFirst(name);
      for (const entry of entries) first.place(entry);
      first.finish();
      isFirst = false;
    } else {
      builder.apply(entries, name);
    }
  }
  countLinks(builder.tree);
  return { tree: builder.tree, notices };
}
