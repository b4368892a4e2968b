/**
 * Bytes of files that the first reading passed over, by a second reading of just their layers: those
 * that were taken for dead (it takes something unusual, as a hard link whose target lies behind a
 * symbolic link), and those that are asked for when the tree is known.
 *
 * @module
 */
import { displayByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import type { LayerEntry } from "../layer/layer_entry.ts";
import { eachDirectory, type FileTree } from "../tree/file_tree.ts";
import { FileKind, type Inode } from "../tree/inode.ts";
import { type BodyWriter, LayerPlacement } from "./layer_placement.ts";

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
 * reads a layer to its end, so that its digest is compared again.
 */
export async function placeBodies<C>(
  wanted: ReadonlySet<Inode<C>>,
  entries: readonly LayerEntry<C>[][],
  writer: BodyWriter<C>,
  read: (layerIndex: number, visitor: LayerPlacement<C>) => Promise<void>,
): Promise<void> {
  for (let index = entries.length - 1; index >= 0; index--) {
    const layer = entries[index];
    const isWanted = (ordinal: number) => {
      const inode = layer[ordinal].inode;
      return inode !== null && wanted.has(inode);
    };
    const last = layer.findLastIndex((_, ordinal) => isWanted(ordinal));
    if (last === -1) continue;
    const placement = new LayerPlacement(
      writer,
      (entry, ordinal) => {
        expectSame(entry, layer[ordinal]);
        return isWanted(ordinal);
      },
      (ordinal) => layer[ordinal].inode!,
    );
    await read(index, placement);
    if (placement.entries.length <= last) throw changed(layer[last]);
  }
}

/** A directory, unlike a blob, may have changed since it was read first. */
function expectSame<C>(now: LayerEntry<C>, before: LayerEntry<C> | undefined): void {
  if (before?.path !== now.path || before.inode?.size !== now.inode?.size) throw changed(now);
}

function changed({ path }: LayerEntry): ImageError {
  return new ImageError(
    "IO",
    `Cannot read "${displayByteString(path)}" again: it was not there or was another when it ` +
      "was read first, expected files that nobody changes",
  );
}
