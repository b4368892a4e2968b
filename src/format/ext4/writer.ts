/**
 * Writes an ext4 image: file data as it comes, then, when the tree is known, everything else.
 *
 * @module
 */
import type { ByteSink } from "../../io/byte_sink.ts";
import type { FileTree } from "../../tree/file_tree.ts";
import type { FileWriter, ImageWriter, WriterContext, WriteReport } from "../image_format.ts";
import { checksumSeed } from "./checksum.ts";
import type { Ext4Content } from "./content.ts";
import { DataPlacer } from "./data_placer.ts";
import { DirectoryHasher } from "./directory_hash.ts";
import { LEAF_SLACK_PERCENT, needsLargeDir } from "./directory_index.ts";
import { featureBits } from "./feature_choice.ts";
import { featureNames } from "./features.ts";
import { Geometry } from "./geometry.ts";
import { GROUP_DESCRIPTOR_SIZE_32, GROUP_DESCRIPTOR_SIZE_64 } from "./group_descriptor.ts";
import { type GroupSums, writeGroupTables } from "./group_tables.ts";
import { deriveIdentity, EXT4_FORMAT_NUMBER, type Ext4Identity, formatUuid } from "./identity.ts";
import { CountingSink } from "./image_bytes.ts";
import { FIRST_INODE, INODE_EXTRA_ISIZE, INODE_GOOD_OLD_SIZE } from "./inode.ts";
import { JOURNAL_INODE, RESIZE_INODE, ROOT_INODE } from "./inode.ts";
import { type InodeLimits, InodeList } from "./inode_list.ts";
import { inlineCapacity } from "./inline_value.ts";
import { InodeWriter } from "./inode_writer.ts";
import { defaultJournalBlocks } from "./journal.ts";
import { decideLayout, gapBlocksFor, inodeWish, type Layout } from "./layout.ts";
import {
  type Indexing,
  journalItem,
  type MetadataItem,
  metadataItems,
  resizeItem,
} from "./metadata_item.ts";
import type { ResolvedOptions } from "./options.ts";
import { blocksForSize, reservedBlocksOf } from "./plan.ts";
import { eraseBlocks, ReleasedBlocks, trimData, type TrimmedData } from "./released_blocks.ts";
import { makeSuperblock, type SuperblockInput, writeSuperblocks } from "./superblock_fields.ts";
import { MAX_SECONDS, MAX_SECONDS_32 } from "./timestamp.ts";

/** Writes one ext4 image. */
export class Ext4Writer implements ImageWriter<Ext4Content> {
  readonly #sink: CountingSink;
  readonly #context: WriterContext;
  readonly #options: ResolvedOptions;
  /** Names of the features that are on whatever the content is. */
  readonly #features: ReadonlySet<string>;
  #derived: Ext4Identity | null = null;
  readonly #geometry: Geometry;
  readonly #limits: InodeLimits;
  readonly #gapBlocks: number;
  /** Blocks of the filesystem, `null` while the size is open. */
  readonly #fixedBlocks: number | null;
  /** Files that may be open at a time. */
  readonly openFileCount = 2;
  readonly #placer: DataPlacer;
  readonly #released = new ReleasedBlocks();

  /** Begins an image in `sink`. */
  constructor(sink: ByteSink, context: WriterContext, options: ResolvedOptions) {
    const features = new Set(options.features.names);
    const geometry = new Geometry(
      options.blockSize,
      options.inodeSize,
      features.has("64bit") ? GROUP_DESCRIPTOR_SIZE_64 : GROUP_DESCRIPTOR_SIZE_32,
      features.has("metadata_csum"),
    );
    const hasResize = features.has("resize_inode");
    this.#sink = new CountingSink(sink);
    this.#context = context;
    this.#options = options;
    this.#features = features;
    this.#geometry = geometry;
    this.#limits = inodeLimits(options, features);
    this.#fixedBlocks = options.size === null
      ? null
      : blocksForSize(geometry, options.size, hasResize, inodeWish(options));
    const { expectedBytes } = context;
    this.#gapBlocks = gapBlocksFor(geometry, this.#fixedBlocks, expectedBytes, options, hasResize);
    const endBlock = this.#fixedBlocks ?? Infinity;
    this.#placer = new DataPlacer(
      this.#sink,
      geometry,
      this.#gapBlocks,
      endBlock,
      this.openFileCount,
      this.#limits.hasVerity,
      this.#limits.hasVerity ? 0 : this.#limits.inlineMax,
    );
  }

  /** Only `finish` may ask: earlier the input may not know what it is. */
  get #identity(): Ext4Identity {
    return this.#derived ??= deriveIdentity(this.#context.identity(), this.#options);
  }

  /** Begins a file of `size` bytes; up to `openFileCount` may be open. */
  beginFile(size: number): FileWriter<Ext4Content> {
    return this.#placer.begin(size);
  }

  /** Gives the blocks of a dead file back. */
  release(content: Ext4Content): void {
    this.#released.add(content);
  }

  /**
   * Writes all metadata. Throws `ImageError` with the path for what ext4 cannot hold, and
   * `OUT_OF_SPACE` with the missing bytes where the size is too small.
   */
  // deno-lint-ignore require-await -- an error must be a rejection
  async finish(tree: FileTree<Ext4Content>): Promise<WriteReport> {
    this.#placer.flush();
    const geometry = this.#geometry;
    const { createdSeconds, onNotice } = this.#context;
    const list = new InodeList(tree, createdSeconds, this.#limits, onNotice);
    const items = metadataItems(list, geometry, this.#indexing(), this.#limits.hasVerity);
    const dead = this.#released.ranges();
    const data = trimData(geometry, this.#gapBlocks, this.#placer.dataEnd, dead);
    const layout = this.#layOut(list, items, data);
    const { plan, placement } = layout;
    const imageSize = this.#options.size ?? plan.blocksCount * geometry.blockSize;
    this.#sink.truncate(imageSize);
    eraseBlocks(this.#sink, dead, geometry.blockSize, plan.blocksCount);
    const seed = checksumSeed(this.#identity.uuid);
    const journal = this.#writeInodes(list, layout, seed);
    if (journal === null && this.#options.journalBlocks !== 0) {
      const message = `The image has no journal: ${plan.blocksCount} blocks are too few for one`;
      onNotice({ code: "NO_JOURNAL", message });
    }
    const sums: GroupSums = { kind: this.#groupSumKind(), uuid: this.#identity.uuid, seed };
    const tables = writeGroupTables(this.#sink, geometry, plan, placement, list, sums);
    const features = featureBits(this.#featuresFor(list, layout));
    const superblock = makeSuperblock(geometry, plan, tables, {
      identity: this.#identity,
      label: this.#options.label,
      features,
      journal,
      reservedBlocks: reservedBlocksOf(plan.blocksCount, this.#options.reservedPercent),
      createdSeconds,
    });
    writeSuperblocks(this.#sink, geometry, plan, superblock, tables.descriptors);
    return {
      format: "ext4",
      imageSize,
      writtenBytes: this.#sink.writtenBytes,
      details: {
        uuid: formatUuid(this.#identity.uuid),
        formatNumber: EXT4_FORMAT_NUMBER,
        blockSize: geometry.blockSize,
        blocks: plan.blocksCount,
        freeBlocks: tables.freeBlocksCount,
        inodes: plan.groups * plan.inodesPerGroup,
        freeInodes: tables.freeInodesCount,
        journalBlocks: journal === null ? 0 : journal.blocks,
        features: featureNames(features).join(","),
      },
    };
  }

  /** Whether a feature is on, or may be turned on by the content. */
  #has(name: string): boolean {
    return this.#features.has(name) || this.#options.features.onDemand.includes(name);
  }

  #indexing(): Indexing | null {
    if (!this.#features.has("dir_index")) return null;
    const slackPercent = this.#options.isReadOnly ? 0 : LEAF_SLACK_PERCENT;
    return {
      hasher: new DirectoryHasher(this.#identity.hashSeed),
      slackPercent,
      hasLargeDir: this.#has("large_dir"),
    };
  }

  #groupSumKind(): GroupSums["kind"] {
    if (this.#features.has("metadata_csum")) return "crc32c";
    return this.#features.has("uninit_bg") ? "crc16" : "none";
  }

  /** Decides the layout; without a resize inode where nothing can be reserved for it. */
  #layOut(list: InodeList, items: readonly MetadataItem[], data: TrimmedData): Layout {
    const { journalBlocks } = this.#options;
    const decide = (hasResizeInode: boolean, journal: number) =>
      decideLayout({
        geometry: this.#geometry,
        options: this.#options,
        fixedBlocks: this.#fixedBlocks,
        gapBlocks: this.#gapBlocks,
        hasResizeInode,
        data,
        items: [
          ...hasResizeInode ? [resizeItem()] : [],
          ...journal > 0 ? [journalItem(journal)] : [],
          ...items,
        ],
        lastInode: list.lastNumber,
      });
    const hasResize = this.#features.has("resize_inode");
    const isOpen = journalBlocks === "auto" && this.#fixedBlocks === null;
    let journal = journalBlocks === "auto"
      ? defaultJournalBlocks(this.#fixedBlocks ?? 0)
      : journalBlocks;
    for (;;) {
      let layout = decide(hasResize, journal);
      if (hasResize && layout.plan.reservedBlocks === 0) layout = decide(false, journal);
      // The journal makes the image larger, and a larger image has a larger journal.
      const wanted = defaultJournalBlocks(layout.plan.blocksCount);
      if (!isOpen || wanted <= journal) return layout;
      journal = wanted;
    }
  }

  /** Writes all inodes; answers the place of the journal for the superblock, where there is one. */
  #writeInodes(list: InodeList, layout: Layout, seed: number): SuperblockInput["journal"] {
    const { plan, placement } = layout;
    const writer = new InodeWriter(
      this.#sink,
      this.#geometry,
      list,
      this.#limits,
      placement.inodeTables,
      plan.inodesPerGroup,
      seed,
    );
    // What the filesystem keeps for itself comes first, the rest in the order of inode numbers.
    const { items } = layout;
    let next = 0;
    const take = (number: number) => items[next]?.number === number ? items[next++] : null;
    const resize = take(RESIZE_INODE);
    const journal = take(JOURNAL_INODE);
    const write = (number: number) => writer.write(number, list.inodeOf(number), take(number));
    const { createdSeconds } = this.#context;
    write(ROOT_INODE);
    if (resize !== null) writer.writeResizeInode(plan, resize, createdSeconds);
    const backup = journal === null
      ? null
      : writer.writeJournal(journal, this.#identity.uuid, createdSeconds);
    for (let i = 0; i < list.inodes.length; i++) write(FIRST_INODE + i);
    for (const large of list.largeValues) writer.writeLargeValue(large, take(large.number)!);
    writer.flush();
    return backup === null ? null : { blocks: journal!.dataBlocks, backup };
  }

  /** Names of the features that are chosen, and of those that the content asks for. */
  #featuresFor(list: InodeList, { items, plan }: Layout): Set<string> {
    const names = new Set(this.#features);
    if (plan.reservedBlocks === 0) names.delete("resize_inode");
    if (items.some(({ number }) => number === JOURNAL_INODE)) names.add("has_journal");
    if (items.some(({ index }) => index !== null && needsLargeDir(index))) names.add("large_dir");
    if (list.largeValues.length > 0) names.add("ea_inode");
    return names;
  }
}

function inodeLimits(options: ResolvedOptions, features: ReadonlySet<string>): InodeLimits {
  const { blockSize, inodeSize } = options;
  const isSmall = inodeSize === INODE_GOOD_OLD_SIZE;
  const xattrRoom = isSmall ? 0 : inodeSize - INODE_GOOD_OLD_SIZE - INODE_EXTRA_ISIZE;
  return {
    blockSize,
    xattrRoom,
    inlineMax: features.has("inline_data") ? inlineCapacity(xattrRoom) : 0,
    hasEaInodes: features.has("ea_inode") || options.features.onDemand.includes("ea_inode"),
    hasVerity: features.has("verity"),
    hasDirNlink: features.has("dir_nlink"),
    hasNanoseconds: !isSmall,
    maxSeconds: isSmall ? MAX_SECONDS_32 : MAX_SECONDS,
  };
}
