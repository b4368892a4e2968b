/**
 * Bytes of files that the first reading passed over, by a second reading of just their layers: those
 * that were taken for dead (it takes something unusual, as a hard link whose target lies behind a
 * symbolic link), and those that are asked for when the tree is known.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import { eachDirectory, type FileTree } from "../tree/file_tree.ts";
import { FileKind, type Inode } from "../tree/inode.ts";
import { type BodyWriter, LayerPlacement } from "./layer_placement.ts";
import type { LayerRecord } from "./layer_record.ts";

/** The regular files of the tree that have a size but no location. */
export function missingBodies<C>(tree: FileTree<C>): Set<Inode<C>> {
  const missing = new Set<Inode<C>>();
  eachDirectory(tree, (directory) => {
    for (const child of directory.children!.values()) {
      if (child.kind === FileKind.regular && child.size > 0 && child.content === null) {
        missing.add(child);
      }
    }
  });
  return missing;
}

/**
 * Reads every layer again that has one of `wanted`, newest first, and places just those bytes. `read`
 * reads a layer to its end, so that its digest is compared again. Rejects with `ImageError` `IO` where
 * a layer is not what it was.
 */
export async function placeBodies<C>(
  wanted: ReadonlySet<Inode<C>>,
  records: readonly LayerRecord<C>[],
  writer: BodyWriter<C>,
  read: (layerIndex: number, visitor: LayerPlacement<C>) => Promise<void>,
): Promise<void> {
  for (let index = records.length - 1; index >= 0; index--) {
    const record = records[index];
    const isWanted = (inode: Inode<C> | null) => inode !== null && wanted.has(inode);
    const last = record.inodes.findLastIndex(isWanted);
    if (last === -1) continue;
    const placement = new LayerPlacement(writer, (entry, ordinal) => {
      const inode = record.sameInode(entry, ordinal);
      return isWanted(inode) ? inode : null;
    });
    await read(index, placement);
    if (placement.entryCount > last) continue;
    throw new ImageError(
      "IO",
      `Cannot read layer again: it has ${placement.entryCount} entries, expected ` +
        `${record.inodes.length} as when it was read first`,
    );
  }
}
