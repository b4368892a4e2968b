/**
 * What needs blocks besides the inode table and file data: directories, long symbolic links,
 * large extent trees, blocks of attributes, large values of attributes, fs-verity descriptors of
 * empty files, and what the filesystem keeps for itself.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import type { ByteString } from "../../bytes/byte_string.ts";
import { FileKind } from "../../tree/inode.ts";
import { Ext4Content, Ext4InlineContent } from "./content.ts";
import { linearDirectoryBlocks } from "./directory_block.ts";
import type { DirectoryHasher } from "./directory_hash.ts";
import {
  type DirectoryIndex,
  indexedDirectoryBlocks,
  needsLargeDir,
  planDirectoryIndex,
} from "./directory_index.ts";
import { EXTENT_MAX_BLOCKS } from "./extent.ts";
import { extentCount, extentTreeBlocks } from "./extent_tree.ts";
import type { FreeSpace } from "./free_space.ts";
import { FIRST_INODE, INODE_BLOCK_SIZE, JOURNAL_INODE, RESIZE_INODE, ROOT_INODE } from "./inode.ts";
import type { Geometry } from "./geometry.ts";
import type { InodeList, NumberedDirectory, OuterXattrs } from "./inode_list.ts";
import type { SharedXattrBlock } from "./xattr_store.ts";

/** Bytes that `lost+found` has at least, so that `e2fsck` finds room without allocating. */
const LOST_AND_FOUND_SIZE = 16384;

/** The blocks of most trees: there may be an item for every file. */
const NO_BLOCKS: readonly number[] = [];

/** An inode that needs blocks of metadata. */
export class MetadataItem {
  /** Its number. */
  readonly number: number;
  /** The directory, `null` for other kinds. */
  readonly directory: NumberedDirectory | null;
  /** Names of the directory in byte order. */
  readonly names: readonly ByteString[];
  /** Index of the directory, `null` for a list. */
  readonly index: DirectoryIndex | null;
  /**
   * Blocks of the directory, of the target of a symbolic link, of a large value, of the
   * descriptor of an empty file, or of a small file for which the inode has no room.
   */
  readonly dataBlocks: number;
  /** Attributes outside of the inode, `null` for none. */
  readonly xattrs: OuterXattrs | null;
  /** Where the content is: known before for files, set by `place` for the others. */
  content: Ext4Content | null;
  /** Blocks of the extent tree, set by `place`. */
  treeBlocks: readonly number[] = NO_BLOCKS;

  /** Creates an item without places. */
  constructor(
    number: number,
    directory: NumberedDirectory | null,
    names: readonly ByteString[],
    index: DirectoryIndex | null,
    dataBlocks: number,
    xattrs: OuterXattrs | null,
    content: Ext4Content | null,
  ) {
    this.number = number;
    this.directory = directory;
    this.names = names;
    this.index = index;
    this.dataBlocks = dataBlocks;
    this.xattrs = xattrs;
    this.content = content;
  }

  /** Blocks that it takes where its own content lies in one piece. */
  blockCount(blockSize: number): number {
    const extents = this.dataBlocks > 0
      ? divideUp(this.dataBlocks, EXTENT_MAX_BLOCKS)
      : extentCount(this.content!);
    return this.dataBlocks + extentTreeBlocks(extents, blockSize) +
      (this.#ownedXattrBlock() === null ? 0 : 1);
  }

  /** Takes the blocks out of `space`; answers `false` where they do not fit. */
  place(space: FreeSpace, blockSize: number): boolean {
    if (this.dataBlocks > 0) {
      const content = takeContent(space, this.dataBlocks);
      if (content === null) return false;
      this.content = content;
    }
    const treeCount = this.content === null
      ? 0
      : extentTreeBlocks(extentCount(this.content), blockSize);
    this.treeBlocks = treeCount === 0
      ? NO_BLOCKS
      : Array.from({ length: treeCount }, () => space.take(1));
    const shared = this.#ownedXattrBlock();
    if (shared !== null) shared.block = space.take(1);
    return (shared === null || shared.block >= 0) && !this.treeBlocks.includes(-1);
  }

  /** The block of attributes that this inode is the first to need; others name it, too. */
  #ownedXattrBlock(): SharedXattrBlock | null {
    const shared = this.xattrs === null ? null : this.xattrs.shared;
    return shared !== null && shared.owner === this.number ? shared : null;
  }
}

/** The double indirect block of the resize inode. */
export function resizeItem(): MetadataItem {
  return new MetadataItem(RESIZE_INODE, null, [], null, 1, null, null);
}

/** The blocks of a journal. */
export function journalItem(blocks: number): MetadataItem {
  return new MetadataItem(JOURNAL_INODE, null, [], null, blocks, null, null);
}

/** How directories are indexed. */
export interface Indexing {
  /** Hashes names. */
  readonly hasher: DirectoryHasher;
  /** Percent of each leaf that stay free. */
  readonly slackPercent: number;
  /** Whether an index may have three levels (`large_dir`). */
  readonly hasLargeDir: boolean;
}

/**
 * The items of a list of inodes, in order of their numbers; no directory has an index without
 * `indexing`. With `hasVerity`, empty files have a block for their descriptor.
 */
export function metadataItems(
  list: InodeList,
  geometry: Geometry,
  indexing: Indexing | null,
  hasVerity = false,
): MetadataItem[] {
  const { blockSize } = geometry;
  const items: MetadataItem[] = [];
  let nextDirectory = 0;
  const visit = (number: number) => {
    const inode = list.inodeOf(number);
    const xattrs = list.outerXattrs.get(number) ?? null;
    if (inode.kind === FileKind.directory) {
      const directory = list.directories[nextDirectory++];
      if (list.inlineValueSizes.has(number)) {
        const names = list.namesOf(inode);
        const nowhere = new Ext4Content(null);
        items.push(new MetadataItem(number, directory, names, null, 0, xattrs, nowhere));
        return;
      }
      items.push(directoryItem(list, directory, xattrs, geometry, indexing));
    } else if (inode.kind === FileKind.symlink && inode.target.length >= INODE_BLOCK_SIZE) {
      items.push(new MetadataItem(number, null, [], null, 1, xattrs, null));
    } else if (
      inode.content instanceof Ext4InlineContent && !list.inlineValueSizes.has(number)
    ) {
      // Its attributes took the room in the inode.
      items.push(new MetadataItem(number, null, [], null, 1, xattrs, null));
    } else if (hasVerity && inode.kind === FileKind.regular && inode.size === 0) {
      items.push(new MetadataItem(number, null, [], null, 1, xattrs, null));
    } else {
      const content = inode.kind === FileKind.regular ? inode.content : null;
      const hasTree = content !== null && extentTreeBlocks(extentCount(content), blockSize) > 0;
      if (!hasTree && xattrs === null) return;
      const placed = content ?? new Ext4Content(null);
      items.push(new MetadataItem(number, null, [], null, 0, xattrs, placed));
    }
  };
  visit(ROOT_INODE);
  for (let i = 0; i < list.inodes.length; i++) visit(FIRST_INODE + i);
  for (const { number, value } of list.largeValues) {
    const blocks = divideUp(value.length, blockSize);
    items.push(new MetadataItem(number, null, [], null, blocks, null, null));
  }
  return items;
}

/**
 * A directory of more than one block gets an index: the kernel makes one only when the first block
 * overflows, so a longer list would stay a list however large it grows. `lost+found` is a list,
 * because `e2fsck` fills its empty blocks.
 */
function directoryItem(
  list: InodeList,
  directory: NumberedDirectory,
  xattrs: OuterXattrs | null,
  geometry: Geometry,
  indexing: Indexing | null,
): MetadataItem {
  const { inode, number } = directory;
  const names = list.namesOf(inode);
  let blocks = linearDirectoryBlocks(names, geometry.directoryRoom);
  let index: DirectoryIndex | null = null;
  if (number === FIRST_INODE) {
    blocks = Math.max(blocks, divideUp(LOST_AND_FOUND_SIZE, geometry.blockSize));
  } else if (blocks > 1 && indexing !== null) {
    index = planDirectoryIndex(names, geometry, indexing.hasher, indexing.slackPercent);
    // Without the third level there is still the list: slow to search, but right.
    if (needsLargeDir(index) && !indexing.hasLargeDir) index = null;
    else blocks = indexedDirectoryBlocks(index);
  }
  return new MetadataItem(number, directory, names, index, blocks, xattrs, null);
}

/** Takes blocks in one piece, or else in as few pieces as the first free ranges give. */
function takeContent(space: FreeSpace, count: number): Ext4Content | null {
  const start = space.take(count);
  if (start >= 0) return new Ext4Content({ logicalBlock: 0, startBlock: start, blockCount: count });
  const runs = [];
  for (let logicalBlock = 0; logicalBlock < count;) {
    const piece = space.takePiece(count - logicalBlock);
    if (piece === null) return null;
    const blockCount = piece.end - piece.start;
    runs.push({ logicalBlock, startBlock: piece.start, blockCount });
    logicalBlock += blockCount;
  }
  return new Ext4Content(runs[0], runs.length > 1 ? runs.slice(1) : null);
}
