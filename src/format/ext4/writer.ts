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
import { needsLargeDir } from "./directory_index.ts";
import {
  CompatFeature,
  featureNames,
  type FeatureSet,
  IncompatFeature,
  RoCompatFeature,
} from "./features.ts";
import { Geometry } from "./geometry.ts";
import { GROUP_DESCRIPTOR_SIZE_64 } from "./group_descriptor.ts";
import { writeGroupTables } from "./group_tables.ts";
import { deriveIdentity, EXT4_FORMAT_NUMBER, type Ext4Identity, formatUuid } from "./identity.ts";
import { CountingSink } from "./image_bytes.ts";
import {
  FIRST_INODE,
  INODE_EXTRA_ISIZE,
  INODE_GOOD_OLD_SIZE,
  JOURNAL_INODE,
  RESIZE_INODE,
  ROOT_INODE,
} from "./inode.ts";
import { type InodeLimits, InodeList } from "./inode_list.ts";
import { InodeWriter } from "./inode_writer.ts";
import { defaultJournalBlocks } from "./journal.ts";
import { decideLayout, gapBlocksFor, type Layout } from "./layout.ts";
import { journalItem, type MetadataItem, metadataItems, resizeItem } from "./metadata_item.ts";
import type { ResolvedOptions } from "./options.ts";
import { blocksForSize } from "./plan.ts";
import { eraseBlocks, ReleasedBlocks, trimData, type TrimmedData } from "./released_blocks.ts";
import { makeSuperblock, type SuperblockInput, writeSuperblocks } from "./superblock_fields.ts";
import { MAX_SECONDS } from "./timestamp.ts";

const INODE_SIZE = 256;

const FEATURES: FeatureSet = {
  compat: CompatFeature.extAttr | CompatFeature.dirIndex,
  incompat: IncompatFeature.filetype | IncompatFeature.extents | IncompatFeature.is64bit |
    IncompatFeature.flexBg,
  roCompat: RoCompatFeature.sparseSuper | RoCompatFeature.largeFile | RoCompatFeature.hugeFile |
    RoCompatFeature.dirNlink | RoCompatFeature.extraIsize | RoCompatFeature.metadataCsum,
};

/** Writes one ext4 image. */
export class Ext4Writer implements ImageWriter<Ext4Content> {
  readonly #sink: CountingSink;
  readonly #context: WriterContext;
  readonly #options: ResolvedOptions;
  readonly #identity: Ext4Identity;
  readonly #geometry: Geometry;
  readonly #limits: InodeLimits;
  readonly #gapBlocks: number;
  /** Blocks of the filesystem, `null` while the size is open. */
  readonly #fixedBlocks: number | null;
  readonly #placer: DataPlacer;
  readonly #released = new ReleasedBlocks();

  /** Begins an image in `sink`. */
  constructor(sink: ByteSink, context: WriterContext, options: ResolvedOptions) {
    this.#sink = new CountingSink(sink);
    this.#context = context;
    this.#options = options;
    this.#identity = deriveIdentity(context.identity, options);
    const geometry = new Geometry(options.blockSize, INODE_SIZE, GROUP_DESCRIPTOR_SIZE_64);
    this.#geometry = geometry;
    this.#limits = {
      blockSize: geometry.blockSize,
      xattrRoom: INODE_SIZE - INODE_GOOD_OLD_SIZE - INODE_EXTRA_ISIZE,
      hasEaInodes: true,
      maxSeconds: MAX_SECONDS,
    };
    this.#fixedBlocks = options.size === null ? null : blocksForSize(geometry, options.size, true);
    const { expectedBytes } = context;
    this.#gapBlocks = gapBlocksFor(geometry, this.#fixedBlocks, expectedBytes, options, true);
    const endBlock = this.#fixedBlocks ?? Infinity;
    this.#placer = new DataPlacer(this.#sink, geometry, this.#gapBlocks, endBlock);
  }

  /** Begins a file of `size` bytes. */
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
    const hasher = new DirectoryHasher(this.#identity.hashSeed);
    const items = metadataItems(list, geometry.blockSize, hasher);
    const dead = this.#released.ranges();
    const data = trimData(geometry, this.#gapBlocks, this.#placer.dataEnd, dead);
    const layout = this.#layOut(list, items, data);
    const features = featuresFor(list, layout);
    const { plan, placement } = layout;
    const imageSize = this.#options.size ?? plan.blocksCount * geometry.blockSize;
    this.#sink.truncate(imageSize);
    eraseBlocks(this.#sink, dead, geometry.blockSize, plan.blocksCount);
    const seed = checksumSeed(this.#identity.uuid);
    const journal = this.#writeInodes(list, layout, seed);
    const tables = writeGroupTables(this.#sink, geometry, plan, placement, list, seed);
    const superblock = makeSuperblock(geometry, plan, tables, {
      identity: this.#identity,
      label: this.#options.label,
      features,
      journal,
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
        features: featureNames(features).join(","),
      },
    };
  }

  /** Decides the layout; without a resize inode where nothing can be reserved for it. */
  #layOut(list: InodeList, items: readonly MetadataItem[], data: TrimmedData): Layout {
    const decide = (hasResizeInode: boolean, journalBlocks: number) =>
      decideLayout({
        geometry: this.#geometry,
        options: this.#options,
        fixedBlocks: this.#fixedBlocks,
        gapBlocks: this.#gapBlocks,
        hasResizeInode,
        data,
        items: [
          ...hasResizeInode ? [resizeItem()] : [],
          ...journalBlocks > 0 ? [journalItem(journalBlocks)] : [],
          ...items,
        ],
        lastInode: list.lastNumber,
      });
    const isAuto = this.#options.journalBlocks === "auto";
    let journal = this.#options.journalBlocks === "auto"
      ? defaultJournalBlocks(this.#fixedBlocks ?? 0)
      : this.#options.journalBlocks;
    for (;;) {
      let layout = decide(true, journal);
      if (layout.plan.reservedBlocks === 0) layout = decide(false, journal);
      // The journal makes the image larger, and a larger image has a larger journal.
      const wanted = defaultJournalBlocks(layout.plan.blocksCount);
      if (!isAuto || this.#fixedBlocks !== null || wanted <= journal) return layout;
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
    const items = new Map(layout.items.map((item) => [item.number, item]));
    const write = (number: number) =>
      writer.write(number, list.inodeOf(number), items.get(number) ?? null);
    const { createdSeconds } = this.#context;
    write(ROOT_INODE);
    const resize = items.get(RESIZE_INODE);
    if (resize !== undefined) writer.writeResizeInode(plan, resize, createdSeconds);
    const journal = items.get(JOURNAL_INODE);
    const backup = journal === undefined
      ? null
      : writer.writeJournal(journal, this.#identity.uuid, createdSeconds);
    for (let i = 0; i < list.inodes.length; i++) write(FIRST_INODE + i);
    for (const large of list.largeValues) writer.writeLargeValue(large, items.get(large.number)!);
    writer.flush();
    return backup === null ? null : { blocks: journal!.dataBlocks, backup };
  }
}

/** The features that every image has, and those that its content asks for. */
function featuresFor(list: InodeList, { items, plan }: Layout): FeatureSet {
  const isLargeDir = items.some(({ index }) => index !== null && needsLargeDir(index));
  const largeDir = isLargeDir ? IncompatFeature.largeDir : 0;
  const eaInode = list.largeValues.length > 0 ? IncompatFeature.eaInode : 0;
  const hasJournal = items.some(({ number }) => number === JOURNAL_INODE);
  const resizeInode = plan.reservedBlocks > 0 ? CompatFeature.resizeInode : 0;
  return {
    compat: FEATURES.compat | resizeInode | (hasJournal ? CompatFeature.hasJournal : 0),
    incompat: FEATURES.incompat | largeDir | eaInode,
    roCompat: FEATURES.roCompat,
  };
}
