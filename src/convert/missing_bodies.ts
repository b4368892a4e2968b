/**
 * Files of the final tree whose bytes were passed over as dead. It takes something unusual, as a
 * hard link whose target lies behind a symbolic link; their layers are then read again.
 *
 * @module
 */
import { displayByteString } from "../bytes/byte_string.ts";
import type { ImageWriter } from "../format/image_format.ts";
import { ImageError } from "../image_error.ts";
import type { LayerEntry } from "../layer/layer_entry.ts";
import { eachDirectory, type FileTree } from "../tree/file_tree.ts";
import { FileKind, type Inode } from "../tree/inode.ts";
import { LayerPlacement } from "./layer_placement.ts";

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

/** Reads every layer again that has one of `missing`, and places just those bytes. */
export async function placeMissingBodies<C>(
  missing: ReadonlySet<Inode<C>>,
  entries: readonly LayerEntry<C>[][],
  writer: ImageWriter<C>,
  read: (layerIndex: number, visitor: LayerPlacement<C>) => Promise<void>,
): Promise<void> {
  for (let index = entries.length - 1; index >= 0; index--) {
    const layer = entries[index];
    const isMissing = (ordinal: number) => {
      const inode = layer[ordinal].inode;
      return inode !== null && missing.has(inode);
    };
    if (!layer.some((_, ordinal) => isMissing(ordinal))) continue;
    await read(
      index,
      new LayerPlacement(
        writer,
        (entry, ordinal) => {
          expectSame(entry, layer[ordinal]);
          return isMissing(ordinal);
        },
        (ordinal) => layer[ordinal].inode!,
      ),
    );
  }
}

/** A directory, unlike a blob, may have changed since it was read first. */
function expectSame<C>(now: LayerEntry<C>, before: LayerEntry<C> | undefined): void {
  if (before?.path === now.path && before.inode?.size === now.inode?.size) return;
  throw new ImageError(
    "IO",
    `Cannot read "${displayByteString(now.path)}" again: it was not there or was another when it ` +
      "was read first, expected files that nobody changes",
  );
}
