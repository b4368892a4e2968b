/**
 * An image as it is once its journal was replayed: nothing is written, blocks of the journal are
 * read in the place of those that they replace.
 *
 * @module
 */
import type { ByteSource } from "../../io/byte_source.ts";
import type { NoticeListener } from "../../notice.ts";
import { CompatFeature, IncompatFeature } from "./features.ts";
import { JournalLog, type LoggedBlock } from "./journal_log.ts";
import { JOURNAL_MAGIC } from "./journal_superblock.ts";
import { readExtents } from "./reader_extents.ts";
import { Ext4Groups } from "./reader_groups.ts";
import { Ext4Inodes } from "./reader_inodes.ts";
import type { Ext4Volume } from "./reader_volume.ts";

/**
 * The bytes of the image with its journal replayed, `null` where nothing is to be replayed. Throws
 * `ImageError` `CORRUPT` or `UNSUPPORTED`; a notice tells what was replayed, or could not be.
 */
export function replayJournal(volume: Ext4Volume, onNotice: NoticeListener): ByteSource | null {
  const { featureCompat, featureIncompat, journalInode } = volume.superblock;
  if ((featureIncompat & IncompatFeature.recover) === 0) return null;
  const where = { source: volume.source.name };
  if ((featureCompat & CompatFeature.hasJournal) === 0 || journalInode === 0) {
    onNotice({
      code: "JOURNAL_NOT_REPLAYED",
      message: "The image was not unmounted, and its journal is elsewhere: files may be missing",
      where,
    });
    return null;
  }
  const inode = new Ext4Inodes(volume, new Ext4Groups(volume)).find(journalInode);
  const log = new JournalLog(volume, readExtents(volume, inode));
  const blocks = log.blocks();
  if (log.hasFastCommits) {
    onNotice({
      code: "JOURNAL_NOT_REPLAYED",
      message: "The image was not unmounted, and fast commits of its journal are not read: " +
        "the last changes may be missing",
      where,
    });
  }
  if (blocks.size === 0) return null;
  onNotice({
    code: "JOURNAL_REPLAYED",
    message: "The image was not unmounted: " +
      (blocks.size === 1 ? "a block is" : `${blocks.size} blocks are`) + " read from its journal",
    where,
  });
  return new JournalOverlay(volume.source, volume.blockSize, log, blocks);
}

/** Puts blocks of a journal in the place of others. */
class JournalOverlay implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #source: ByteSource;
  readonly #blockSize: number;
  readonly #log: JournalLog;
  readonly #blocks: ReadonlyMap<number, LoggedBlock>;

  constructor(
    source: ByteSource,
    blockSize: number,
    log: JournalLog,
    blocks: ReadonlyMap<number, LoggedBlock>,
  ) {
    this.name = source.name;
    this.size = source.size;
    this.#source = source;
    this.#blockSize = blockSize;
    this.#log = log;
    this.#blocks = blocks;
  }

  read(into: Uint8Array, position: number): number {
    const count = this.#source.read(into, position);
    const end = position + count;
    for (let block = Math.floor(position / this.#blockSize);; block++) {
      const start = block * this.#blockSize;
      if (start >= end) return count;
      const logged = this.#blocks.get(block);
      if (logged === undefined) continue;
      const { bytes, view } = this.#log.readBlock(logged.index);
      if (logged.isEscaped) view.setUint32(0, JOURNAL_MAGIC);
      const from = Math.max(position, start);
      const to = Math.min(end, start + this.#blockSize);
      into.set(bytes.subarray(from - start, to - start), from - position);
    }
  }

  close(): void {
    this.#source.close();
  }
}
