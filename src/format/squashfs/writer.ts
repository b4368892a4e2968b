/**
 * Writes a squashfs image: blocks of files as they come, then, when the tree is known, the tables.
 *
 * @module
 */
import { blockCompressor, blockDecompressor } from "../../compress/block_codec.ts";
import { CompressPool } from "../../compress/compress_pool.ts";
import { formatCompression } from "../../compress/compression.ts";
import type { ByteSink } from "../../io/byte_sink.ts";
import { countLinks, type FileTree } from "../../tree/file_tree.ts";
import type { FileWriter, ImageWriter, WriterContext, WriteReport } from "../image_format.ts";
import { LossLog } from "../loss.ts";
import { takeTurns } from "../turns.ts";
import type { SquashfsContent } from "./content.ts";
import { DataPlacer } from "./data_placer.ts";
import { eraseDead } from "./dead_data.ts";
import { FRAGMENT_ENTRY_SIZE, writeFragmentEntry } from "./fragment.ts";
import { ID_SIZE } from "./id_table.ts";
import { InodeTables } from "./inode_tables.ts";
import { MetadataTable, storeMetadata } from "./metadata_table.ts";
import type { ResolvedSquashfsOptions } from "./options.ts";
import { SequentialOutput } from "./sequential_output.ts";
import {
  SQUASHFS_MAGIC,
  type Superblock,
  SUPERBLOCK_SIZE,
  SuperblockFlag,
  writeSuperblock,
} from "./superblock.ts";

/** Changes whenever the same input would give other bytes than before. */
export const SQUASHFS_FORMAT_NUMBER = 1;

/** The image is a whole number of these, so that a block device can hold it. */
const PADDING = 4096;

/** Writes one squashfs image. */
export class SquashfsWriter implements ImageWriter<SquashfsContent> {
  readonly #sink: ByteSink;
  readonly #context: WriterContext;
  readonly #options: ResolvedSquashfsOptions;
  readonly #pool: CompressPool;
  readonly #output: SequentialOutput;
  readonly #placer: DataPlacer;
  readonly #dead: SquashfsContent[] = [];

  /** Begins an image in `sink`. */
  constructor(sink: ByteSink, context: WriterContext, options: ResolvedSquashfsOptions) {
    const { blockSize, compressor, hasFragments, workers } = options;
    this.#sink = sink;
    this.#context = context;
    this.#options = options;
    this.#pool = new CompressPool({ compression: compressor.block, blockSize, workers });
    this.#output = new SequentialOutput(sink, SUPERBLOCK_SIZE);
    if (compressor.options !== null) {
      this.#output.write(storeMetadata(compressor.options, null, new Uint8Array(0)));
    }
    this.#placer = new DataPlacer({
      output: this.#output,
      pool: this.#pool,
      blockSize,
      hasFragments,
    });
  }

  /** Begins a file of `size` bytes. */
  beginFile(size: number): FileWriter<SquashfsContent> {
    return this.#placer.begin(size);
  }

  /** Takes a dead file's bytes out, unless another file has the same. */
  release(content: SquashfsContent): void {
    if (--content.references === 0) this.#dead.push(content);
    else this.#placer.duplicateCount--;
  }

  /** Writes all metadata. Throws `ImageError` with the path for what squashfs cannot hold. */
  async finish(tree: FileTree<SquashfsContent>): Promise<WriteReport> {
    const { onNotice, signal } = this.#context;
    await takeTurns(this.#finishData(), signal);
    countLinks(tree);
    const losses = new LossLog("squashfs", this.#options.onLoss);
    const compress = this.#metadataCompressor();
    const tables = new InodeTables(tree, compress, losses);
    await takeTurns(tables.write(), signal);
    losses.report(onNotice);
    const superblock = this.#writeTables(tables, tables.referenceOf(tree.root.number));
    const imageSize = this.#finishImage(superblock);
    const { compression } = this.#options.compressor;
    return {
      format: "squashfs",
      imageSize,
      writtenBytes: this.#output.writtenBytes,
      details: {
        formatNumber: SQUASHFS_FORMAT_NUMBER,
        compression: formatCompression(compression),
        blockSize: superblock.blockSize,
        inodes: superblock.inodeCount,
        fragments: superblock.fragmentCount,
        duplicates: this.#placer.duplicateCount,
        ids: superblock.idCount,
        xattrSets: tables.xattrs.count,
      },
    };
  }

  /** Ends the workers. */
  close(): void {
    this.#pool.close();
  }

  #metadataCompressor() {
    const { block } = this.#options.compressor;
    return block === null ? null : blockCompressor(block);
  }

  *#finishData(): Generator<void> {
    const { blockSize, compressor } = this.#options;
    const placer = this.#placer;
    placer.flushFragment();
    yield* this.#pool.drainSteps();
    if (this.#dead.length === 0) return;
    const parts = {
      sink: this.#sink,
      output: this.#output,
      blockSize,
      compress: this.#metadataCompressor(),
      decompress: blockDecompressor(compressor.decoder),
    };
    yield* eraseDead(parts, this.#dead, placer.fragments);
  }

  /** Writes the tables in the order in which the kernel expects them, each behind the other. */
  #writeTables(tables: InodeTables, rootInode: number): Superblock {
    const output = this.#output;
    const compress = this.#metadataCompressor();
    const { fragments } = this.#placer;
    const fragmentTable = new MetadataTable(compress);
    for (const entry of fragments) {
      fragmentTable.appendStruct(FRAGMENT_ENTRY_SIZE, writeFragmentEntry, entry);
    }
    const idTable = new MetadataTable(compress);
    for (const id of tables.ids.ids()) idTable.appendStruct(ID_SIZE, writeId, id);
    const { blockSize, compressor } = this.#options;
    return {
      magic: SQUASHFS_MAGIC,
      inodeCount: tables.inodeCount,
      createdSeconds: Math.min(Math.max(0, this.#context.createdSeconds), 0xffffffff),
      blockSize,
      fragmentCount: fragments.length,
      compression: compressor.number,
      blockLog: Math.log2(blockSize),
      flags: this.#flags(),
      idCount: tables.ids.count,
      majorVersion: 4,
      minorVersion: 0,
      rootInode,
      // The fields below are in the order of the tables in the image.
      inodeTableStart: tables.inodes.writeTo(output),
      directoryTableStart: tables.directories.writeTo(output),
      fragmentTableStart: fragmentTable.writeWithPositions(output),
      exportTableStart: tables.exportTable(compress).writeWithPositions(output),
      idTableStart: idTable.writeWithPositions(output),
      xattrTableStart: tables.xattrs.writeTo(output),
      bytesUsed: output.position,
    };
  }

  #flags(): number {
    const { compressor, hasFragments } = this.#options;
    let flags = SuperblockFlag.exportable | SuperblockFlag.deduplicated;
    flags |= hasFragments ? SuperblockFlag.alwaysFragments : SuperblockFlag.noFragments;
    if (compressor.options !== null) flags |= SuperblockFlag.compressorOptions;
    if (compressor.block === null) {
      flags |= SuperblockFlag.uncompressedInodes | SuperblockFlag.uncompressedData |
        SuperblockFlag.uncompressedFragments | SuperblockFlag.uncompressedXattrs |
        SuperblockFlag.uncompressedIds;
    }
    return flags;
  }

  /** Writes the padding and the superblock; answers the bytes of the image. */
  #finishImage(superblock: Superblock): number {
    const output = this.#output;
    const { bytesUsed } = superblock;
    const imageSize = Math.ceil(bytesUsed / PADDING) * PADDING;
    // Written, as files that came twice may have left something behind the end.
    output.write(new Uint8Array(imageSize - bytesUsed));
    const bytes = new Uint8Array(SUPERBLOCK_SIZE);
    writeSuperblock(new DataView(bytes.buffer), 0, superblock);
    output.writeAt(bytes, 0);
    this.#sink.truncate(imageSize);
    return imageSize;
  }
}

function writeId(view: DataView, at: number, id: number): void {
  view.setUint32(at, id, true);
}
