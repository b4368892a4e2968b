/**
 * Writes an EROFS image: file data as it comes, then, when the tree is known, everything else.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { bytesOf, displayByteString } from "../../bytes/byte_string.ts";
import { high32, low32 } from "../../bytes/u64.ts";
import { ImageError } from "../../image_error.ts";
import type { ByteSink } from "../../io/byte_sink.ts";
import { type FileTree, walk } from "../../tree/file_tree.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import type { FileWriter, ImageWriter, WriterContext, WriteReport } from "../image_format.ts";
import { takeTurns } from "../turns.ts";
import { COMPRESSED_SIZE_MAX, CompressedPlacer } from "./compressed_placer.ts";
import { Algorithm, compressionRecord } from "./compression_config.ts";
import { CountingSink } from "./counting_sink.ts";
import { blocksOf, ChunkedContent, CompressedContent, type ErofsContent } from "./content.ts";
import { DataBlocks } from "./data_blocks.ts";
import { DataPlacer } from "./data_placer.ts";
import { directoryBlocks, directoryTailSize, writeDirectoryBlock } from "./directory_block.ts";
import { CompatFeature, featureNames, IncompatFeature } from "./features.ts";
import { deriveUuid, EROFS_FORMAT_NUMBER, formatUuid } from "./identity.ts";
import { INODE_COMPACT_SIZE } from "./inode.ts";
import { type DirectoryPlace, InodeList } from "./inode_list.ts";
import { InodeRoom } from "./inode_room.ts";
import { type InodeShape, type ShapeInput, shapeOf } from "./inode_shape.ts";
import { InodeWriter } from "./inode_writer.ts";
import { MetadataStage } from "./metadata_stage.ts";
import type { ResolvedOptions } from "./options.ts";
import { inPlaceOrder } from "./place_order.ts";
import {
  checksummedSize,
  emptySuperblock,
  SUPERBLOCK_OFFSET,
  SUPERBLOCK_SIZE,
  superblockChecksum,
  writeSuperblock,
} from "./superblock.ts";
import { TailStore } from "./tail_store.ts";
import { XattrTable } from "./xattr_table.ts";

/** Blocks of an image whose blocks have numbers of 32 bits; the last number means a hole. */
const BLOCKS_MAX = 0xffff_ffff;
/** Bytes of zeros that are written at once. */
const ERASE_SIZE = 256 * 1024;

/** Inodes of a step: to ask for the time behind each would take as long as some of them. */
const STEP_INODES = 64;

/** Where the parts of an image are. */
interface Layout {
  /** Whether blocks have numbers of 48 bits. */
  readonly is48bit: boolean;
  /** First block of directories and symbolic links. */
  readonly outerStart: number;
  /** First block of shared attributes. */
  readonly xattrBlock: number;
  /** First block of inodes. */
  readonly metaBlock: number;
  /** Blocks of the image. */
  readonly blockCount: number;
  /** The number of each inode, in the order of their list. */
  readonly places: Float64Array;
}

/** Writes one EROFS image. */
export class ErofsWriter implements ImageWriter<ErofsContent> {
  /** Files that may be open at a time: the pieces of a compressed one are placed in one go. */
  readonly openFileCount: number;
  readonly #sink: CountingSink;
  readonly #context: WriterContext;
  readonly #options: ResolvedOptions;
  readonly #blocks: DataBlocks;
  readonly #tails: TailStore;
  readonly #plain: DataPlacer;
  readonly #compressed: CompressedPlacer | null;
  readonly #released: ErofsContent[] = [];
  /** First block of each directory and symbolic link that has blocks. */
  readonly #outer = new Map<Inode<ErofsContent>, number>();

  /** Begins an image in `sink`; `workers` threads compress. */
  constructor(
    sink: ByteSink,
    context: WriterContext,
    options: ResolvedOptions,
    workers: number,
  ) {
    const { blockSize, compression } = options;
    this.#sink = new CountingSink(sink);
    this.#context = context;
    this.#options = options;
    // The checksum covers the block of the superblock: nothing else stands there.
    const firstBlock = Math.floor(SUPERBLOCK_OFFSET / blockSize) + 1;
    this.#blocks = new DataBlocks(this.#sink, blockSize, firstBlock);
    this.#tails = new TailStore(context.scratchDirectory);
    this.openFileCount = compression === null ? 2 : 1;
    this.#plain = new DataPlacer(this.#blocks, this.#tails, this.openFileCount);
    this.#compressed = compression === null
      ? null
      : new CompressedPlacer(this.#blocks, this.#plain, compression, workers);
  }

  /** Begins a file of `size` bytes; up to `openFileCount` may be open. */
  beginFile(size: number): FileWriter<ErofsContent> {
    const { blockSize } = this.#options;
    if (this.#compressed !== null && size > blockSize) {
      if (size <= COMPRESSED_SIZE_MAX) return this.#compressed.begin(size);
    }
    // What is under way is placed first: the order of blocks must not depend on timing.
    if (!this.#plain.isTailOnly(size)) this.#compressed?.drain();
    return this.#plain.begin(size);
  }

  /** Notes that the blocks of a file are dead. */
  release(content: ErofsContent): void {
    this.#released.push(content);
  }

  /** Writes all metadata. Throws `ImageError` with the path for what EROFS cannot hold. */
  async finish(tree: FileTree<ErofsContent>): Promise<WriteReport> {
    let report: WriteReport | null = null;
    const steps = this.#finishSteps(tree);
    const all = function* () {
      report = yield* steps;
    };
    await takeTurns(all(), this.#context.signal);
    return report!;
  }

  *#finishSteps(tree: FileTree<ErofsContent>): Generator<void, WriteReport> {
    const { blockSize } = this.#options;
    this.#plain.finish();
    this.#compressed?.drain();
    this.#blocks.flush();
    // Blocks are only added from here on: what is dead can be overwritten now.
    this.#erase();
    // Shared attributes are found by a block number of 32 bits.
    const mayShare = this.#blocks.nextBlock < BLOCKS_MAX / 2;
    const xattrs = new XattrTable(mayShare);
    const list = new InodeList(tree, xattrs, this.#tails.size);
    xattrs.share();
    const { layout, shapes } = yield* this.#layOut(list, xattrs, tree);
    const uuid = deriveUuid(this.#context.identity(), this.#options);
    yield* this.#writeOuter(list, layout, blockSize);
    if (xattrs.sharedSize > 0) {
      this.#sink.write(xattrs.sharedBytes(), layout.xattrBlock * blockSize);
    }
    yield* this.#writeInodes(list, layout, shapes);
    const features = this.#writeSuperblock(list, layout, uuid);
    const imageSize = layout.blockCount * blockSize;
    this.#sink.truncate(imageSize);
    return {
      format: "erofs",
      imageSize,
      writtenBytes: this.#sink.writtenBytes,
      details: {
        uuid: formatUuid(uuid),
        formatNumber: EROFS_FORMAT_NUMBER,
        blockSize,
        blocks: layout.blockCount,
        inodes: list.inodes.length,
        compression: this.#options.compressionName,
        features: features.join(","),
      },
    };
  }

  /** Ends workers and deletes the temporary file. */
  close(): void {
    this.#compressed?.close();
    this.#tails.close();
  }

  /** Overwrites the blocks of dead files: nothing of them may stay in the image. */
  #erase(): void {
    const { blockSize } = this.#options;
    const zeros = this.#released.length > 0 ? new Uint8Array(ERASE_SIZE) : null;
    for (const content of this.#released) {
      for (const { startBlock, blockCount } of blocksOf(content)) {
        const end = (startBlock + blockCount) * blockSize;
        for (let at = startBlock * blockSize; at < end; at += ERASE_SIZE) {
          this.#sink.write(zeros!.subarray(0, Math.min(ERASE_SIZE, end - at)), at);
        }
      }
    }
    this.#released.length = 0;
  }

  /** Gives every inode its place, as `number` in units of 32 bytes from the first one's block on. */
  *#layOut(
    list: InodeList,
    xattrs: XattrTable,
    tree: FileTree<ErofsContent>,
  ): Generator<void, { layout: Layout; shapes: ShapeInput }> {
    const { blockSize } = this.#options;
    const outerStart = this.#blocks.nextBlock;
    const xattrBlocks = divideUp(xattrs.sharedSize, blockSize);
    for (const is48bit of [false, true]) {
      const { epoch, directories } = list;
      const shapes: ShapeInput = { blockSize, epoch, directories, xattrs, is48bit };
      // Inode number 0 is no file for many programs: the first unit stays free.
      const room = new InodeRoom(blockSize, INODE_COMPACT_SIZE);
      let outerEnd = outerStart;
      this.#outer.clear();
      const places = new Float64Array(list.inodes.length);
      for (let i = 0; i < places.length; i++) {
        if (i % STEP_INODES === 0) yield;
        const inode = list.inodes[i];
        const { headSize, mapSize, tailSize, outerBlocks } = this.#shapeOf(inode, shapes, tree);
        inode.number = asSmall(room.take(headSize + mapSize, tailSize) / INODE_COMPACT_SIZE);
        places[i] = inode.number;
        if (outerBlocks === 0) continue;
        this.#outer.set(inode, outerEnd);
        outerEnd += outerBlocks;
      }
      const xattrBlock = outerEnd;
      const metaBlock = xattrBlock + xattrBlocks;
      const blockCount = metaBlock + room.size / blockSize;
      if (blockCount > BLOCKS_MAX && !is48bit) continue;
      this.#check48bit(is48bit, xattrs);
      return { layout: { is48bit, outerStart, xattrBlock, metaBlock, blockCount, places }, shapes };
    }
    throw new TypeError("Cannot lay out the image");
  }

  /** The shape of an inode; what does not fit is told with its path. */
  #shapeOf(
    inode: Inode<ErofsContent>,
    shapes: ShapeInput,
    tree: FileTree<ErofsContent>,
  ): InodeShape {
    try {
      return shapeOf(inode, shapes);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      for (const { path, inode: other } of walk(tree)) {
        if (other === inode) throw error.at({ path: displayByteString(path) });
      }
      throw error;
    }
  }

  #check48bit(is48bit: boolean, xattrs: XattrTable): void {
    if (!is48bit || (this.#options.compression === null && xattrs.sharedSize === 0)) return;
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot write image: more than ${BLOCKS_MAX} blocks of ${this.#options.blockSize} bytes, ` +
        "expected fewer with compression",
    );
  }

  /** Writes the blocks of directories and symbolic links, in the order of their places. */
  *#writeOuter(list: InodeList, layout: Layout, blockSize: number): Generator<void> {
    const stage = new MetadataStage(this.#sink);
    for (const [inode, startBlock] of this.#outer) {
      yield;
      let position = startBlock * blockSize;
      if (inode.kind === FileKind.symlink) {
        const at = stage.open(position, inode.target.length);
        stage.bytes.set(bytesOf(inode.target), at);
        continue;
      }
      const place = list.directories.get(inode)!;
      const blocks = [...directoryBlocks(place.names, blockSize)];
      const entryOf = this.#entries(place, layout);
      if (directoryTailSize(blocks.at(-1)!.size, blockSize) > 0) blocks.pop();
      for (const block of blocks) {
        const at = stage.open(position, blockSize);
        writeDirectoryBlock(stage.bytes, stage.view, at, place.names, block, entryOf);
        position += blockSize;
      }
    }
    stage.flush();
  }

  *#writeInodes(list: InodeList, layout: Layout, shapes: ShapeInput): Generator<void> {
    const { blockSize, compression } = this.#options;
    const stage = new MetadataStage(this.#sink);
    const writer = new InodeWriter({
      ...shapes,
      stage,
      tails: this.#tails,
      algorithm: compression === null ? 0 : Algorithm[compression.codec],
      outerBlockOf: (inode) => this.#outer.get(inode)!,
      writeDirectoryTail: (directory, bytes, view, at) => {
        const place = list.directories.get(directory)!;
        const entryOf = this.#entries(place, layout);
        const last = [...directoryBlocks(place.names, blockSize)].at(-1)!;
        writeDirectoryBlock(bytes, view, at, place.names, last, entryOf);
      },
    });
    const start = layout.metaBlock * blockSize;
    const metaSize = (layout.blockCount - layout.metaBlock) * blockSize;
    const ordered = inPlaceOrder(list.inodes, layout.places, metaSize / INODE_COMPACT_SIZE);
    for (let i = 0; i < ordered.length; i++) {
      if (i % STEP_INODES === 0) yield;
      const inode = ordered[i];
      writer.write(inode, start + inode.number * INODE_COMPACT_SIZE, i + 1);
    }
    stage.flush();
  }

  #entries({ inodes }: DirectoryPlace, layout: Layout) {
    return (_: string, index: number) => {
      const inode = inodes[index];
      return { nid: this.#nidOf(inode, layout), kind: inode.kind };
    };
  }

  #nidOf(inode: Inode<ErofsContent>, { is48bit, metaBlock }: Layout): number {
    // The first block of inodes has a number of 32 bits: with 48 they count from the very start.
    const base = is48bit ? metaBlock * this.#options.blockSize / INODE_COMPACT_SIZE : 0;
    return base + inode.number;
  }

  /** Writes the superblock and what stands behind it; answers the names of the features. */
  #writeSuperblock(list: InodeList, layout: Layout, uuid: Uint8Array): string[] {
    const { blockSize, compression, label } = this.#options;
    const { is48bit, blockCount } = layout;
    const { createdSeconds } = this.#context;
    const rootNid = this.#nidOf(list.inodes[0], layout);
    const hasChunks = list.inodes.some(({ content }) => content instanceof ChunkedContent);
    const hasCompressed = compression !== null &&
      list.inodes.some(({ content }) => content instanceof CompressedContent && content.isSmaller);
    const compat = CompatFeature.superblockChecksum + CompatFeature.mtime +
      CompatFeature.xattrFilter;
    const incompat =
      (hasCompressed ? IncompatFeature.zeroPadding + IncompatFeature.compressionConfigs : 0) +
      (hasChunks ? IncompatFeature.chunkedFile : 0) +
      (is48bit ? IncompatFeature.is48bit : 0);
    const bytes = new Uint8Array(checksummedSize(blockSize));
    const view = new DataView(bytes.buffer);
    const superblock = {
      ...emptySuperblock(),
      featureCompat: compat,
      blockSizeBits: Math.log2(blockSize),
      rootNidOrBlocksHigh: is48bit ? high32(blockCount) : rootNid,
      inodeCount: list.inodes.length,
      epochSeconds: list.epoch.seconds,
      epochNanoseconds: list.epoch.nanoseconds,
      blocksLow: low32(blockCount),
      metaBlock: is48bit ? 0 : layout.metaBlock,
      xattrBlock: is48bit ? 0 : layout.xattrBlock,
      uuid,
      volumeName: label,
      featureIncompat: incompat,
      compressions: hasCompressed ? 2 ** Algorithm[compression.codec] : 0,
      // Kernels and tools before 6.15 leave it: to them the epoch is the time of the image.
      buildSeconds: Math.min(0xffff_ffff, Math.max(0, createdSeconds - list.epoch.seconds)),
      rootNid48: is48bit ? rootNid : 0,
    };
    writeSuperblock(view, 0, superblock);
    if (hasCompressed) bytes.set(compressionRecord(compression, blockSize), SUPERBLOCK_SIZE);
    superblock.checksum = superblockChecksum(bytes);
    writeSuperblock(view, 0, superblock);
    this.#sink.write(bytes, SUPERBLOCK_OFFSET);
    return featureNames(compat, incompat);
  }
}

/**
 * The same number. Where it fits into 31 bits the engine knows it then: for numbers that may be
 * fractions it would change the form of every inode, one by one.
 */
function asSmall(number: number): number {
  return number < 2 ** 31 ? number | 0 : number;
}
