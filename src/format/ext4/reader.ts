/**
 * Reads ext4 images: the tree at once, the bytes of files when asked for.
 *
 * @module
 */
import { type ByteString, byteStringFrom, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import type { NoticeListener } from "../../notice.ts";
import type { FileTree } from "../../tree/file_tree.ts";
import { FileKind, Inode, kindOfMode } from "../../tree/inode.ts";
import { NameCount } from "../../tree/name_count.ts";
import type { ImageDescription, ImageProblem, ImageReader } from "../image_reader.ts";
import { checkContents } from "./check_content.ts";
import { checkImage } from "./check_image.ts";
import { takeSteps, takeTurns } from "../turns.ts";
import { CheckReport } from "./check_report.ts";
import { type Ext4Content, Ext4InlineContent } from "./content.ts";
import { describeExt4 } from "./description.ts";
import { IncompatFeature, RoCompatFeature } from "./features.ts";
import {
  INODE_BLOCK_SIZE,
  INODE_EA_INODE,
  INODE_EXTENTS,
  INODE_INLINE_DATA,
  INODE_VERITY,
  ROOT_INODE,
} from "./inode.ts";
import { replayJournal } from "./journal_overlay.ts";
import { NumberSet } from "./number_set.ts";
import { readContent, seekContent } from "./reader_content.ts";
import { type FoundName, readDirectory } from "./reader_directory.ts";
import { readExtents } from "./reader_extents.ts";
import { Ext4Groups } from "./reader_groups.ts";
import { readInlineDirectory, readInlineFile, readInlineTarget } from "./reader_inline.ts";
import { Ext4Inodes, type FoundInode } from "./reader_inodes.ts";
import { readVerity } from "./reader_verity.ts";
import { Ext4Volume } from "./reader_volume.ts";
import { Ext4Xattrs } from "./reader_xattrs.ts";
import type { Superblock } from "./superblock.ts";
import { timestampNanoseconds, timestampSeconds } from "./timestamp.ts";

/** Names of a directory after which others may get their turn. */
const NAMES_OF_A_STEP = 256;

/** A directory whose entries are to be read. */
interface PendingDirectory {
  readonly number: number;
  readonly inode: Inode<Ext4Content>;
  readonly parent: number;
  readonly path: ByteString;
}

/** An opened image. */
export class Ext4Reader implements ImageReader<Ext4Content> {
  /** All files, `lost+found` included. `linkCount` is what the inodes say. */
  readonly tree: FileTree<Ext4Content>;
  readonly #volume: Ext4Volume;
  readonly #isReplayed: boolean;
  readonly #groups: Ext4Groups;
  readonly #inodes: Ext4Inodes;
  readonly #xattrs: Ext4Xattrs;
  // Files that have several names, by inode number; directories have one.
  readonly #linked = new Map<number, Inode<Ext4Content>>();
  readonly #seen = new NumberSet();
  readonly #names = new NameCount();
  // Links that names make, where they are not 1 of a file and 2 of a directory.
  readonly #links = new Map<number, number>();
  readonly #hasFileTypes: boolean;

  /** Reads all but the tree, which {@linkcode Ext4Reader.readTree} does; see {@linkcode openExt4}. */
  constructor(source: ByteSource, onNotice: NoticeListener = () => {}) {
    const volume = new Ext4Volume(source);
    const replayed = replayJournal(volume, onNotice);
    this.#volume = replayed === null ? volume : new Ext4Volume(replayed);
    this.#isReplayed = replayed !== null;
    this.#groups = new Ext4Groups(this.#volume);
    this.#inodes = new Ext4Inodes(this.#volume, this.#groups);
    // Values of attributes are read while the inode that has them is.
    const valueInodes = new Ext4Inodes(this.#volume, this.#groups);
    this.#xattrs = new Ext4Xattrs(this.#volume, valueInodes);
    const { featureIncompat } = this.#volume.superblock;
    this.#hasFileTypes = (featureIncompat & IncompatFeature.filetype) !== 0;
    this.tree = { root: this.#readRoot() };
  }

  /** The superblock, as it stands. */
  get superblock(): Superblock {
    return this.#volume.superblock;
  }

  /**
   * Fills `into` with the bytes of a file from `position` and answers how many they are. What
   * lies behind the last block reads as zeros: the file's size is the inode's.
   */
  read(content: Ext4Content, into: Uint8Array, position: number): number {
    readContent(this.#volume, content, into, position);
    return into.length;
  }

  /** The first position from `position` on that is in no hole, `Infinity` where none follows. */
  seekData(content: Ext4Content, position: number): number {
    return seekContent(this.#volume, content, position);
  }

  /** What it is. */
  get description(): ImageDescription {
    return describeExt4(this.superblock, this.#isReplayed);
  }

  /**
   * Checks what `e2fsck -n` does, and reads every byte of every file: at once, or by turns where a
   * `signal` may stop it.
   */
  check(
    onProblem: (problem: ImageProblem) => void,
    signal?: AbortSignal,
  ): void | Promise<void> {
    const steps = this.#checkSteps(new CheckReport(onProblem));
    return signal === undefined ? takeSteps(steps) : takeTurns(steps, signal);
  }

  *#checkSteps(report: CheckReport): Generator<void, void> {
    yield* checkImage({
      volume: this.#volume,
      groups: this.#groups,
      inodes: this.#inodes,
      xattrs: this.#xattrs,
      names: { numbers: this.#seen, links: this.#links },
      isReplayed: this.#isReplayed,
    }, report);
    yield* checkContents(this.#volume, this.tree, report);
  }

  /** Gives the image back. */
  close(): void {
    this.#volume.source.close();
  }

  #readRoot(): Inode<Ext4Content> {
    const found = this.#inodes.read(ROOT_INODE);
    const root = this.#readInode(found);
    if (root.kind !== FileKind.directory) {
      throw this.#volume.corrupt(
        "root",
        `mode is 0${found.fields.mode.toString(8)}`,
        "a directory",
      );
    }
    return root;
  }

  /** Reads all files below the root, once. Yields now and then, so that others get their turn. */
  *readTree(): Generator<void, void> {
    this.#seen.add(ROOT_INODE);
    const pending: PendingDirectory[] = [{
      number: ROOT_INODE,
      inode: this.tree.root,
      parent: ROOT_INODE,
      path: "",
    }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      yield* this.#readEntries(next, pending);
    }
    this.#linked.clear();
  }

  *#readEntries(directory: PendingDirectory, pending: PendingDirectory[]): Generator<void, void> {
    let entry: FoundName | null = null;
    try {
      const self = this.#inodes.read(directory.number);
      const { parent } = directory;
      const entries = isInline(self)
        ? readInlineDirectory(this.#volume, self, this.#xattrs.readInlineValue(self), parent)
        : readDirectory(this.#volume, self, parent);
      // In the order of the inode tables: names of an index are in the order of their hashes.
      entries.sort((a, b) => a.inode - b.inode);
      const children = directory.inode.children!;
      for (entry of entries) {
        const child = this.#readEntry(directory, entry);
        if (child.kind === FileKind.directory) {
          this.#countLink(directory.number, 2);
          const path = pathOf(directory, entry);
          pending.push({ number: entry.inode, inode: child, parent: directory.number, path });
        }
        if (child.kind !== FileKind.directory && child.linkCount !== 1) {
          this.#countLink(entry.inode, 0);
        }
        const count = children.size;
        this.#names.add();
        children.set(entry.name, child);
        if (children.size === count) {
          throw this.#volume.corrupt(
            `directory inode ${directory.number}`,
            `name "${displayByteString(entry.name)}" stands twice`,
            "once",
          );
        }
        if (count % NAMES_OF_A_STEP === 0) yield;
      }
    } catch (error) {
      if (error instanceof ImageError) {
        error.at({ path: displayByteString(pathOf(directory, entry)) });
      }
      throw error;
    }
  }

  #countLink(number: number, withoutNames: number): void {
    this.#links.set(number, (this.#links.get(number) ?? withoutNames) + 1);
  }

  #readEntry(directory: PendingDirectory, entry: FoundName): Inode<Ext4Content> {
    const known = this.#linked.get(entry.inode);
    const isAgain = !this.#seen.add(entry.inode);
    if (isAgain && known === undefined) {
      throw this.#volume.corrupt(`inode ${entry.inode}`, "it has another name", "one link");
    }
    const inode = known ?? this.#readInode(this.#inodes.read(entry.inode));
    const expectedType = this.#hasFileTypes ? inode.kind : 0;
    // 0 says nothing.
    if (entry.fileType !== expectedType && entry.fileType !== 0) {
      throw this.#volume.corrupt(
        `directory inode ${directory.number}`,
        `file type is ${entry.fileType}`,
        `${expectedType} for inode ${entry.inode}`,
      );
    }
    return inode;
  }

  #readInode(found: FoundInode): Inode<Ext4Content> {
    const { fields } = found;
    const kind = kindOfMode(fields.mode);
    if (kind === undefined || fields.linksCount === 0) {
      throw this.#corrupt(
        found,
        `mode is 0${fields.mode.toString(8)} with ${fields.linksCount} links`,
        "a file in use",
      );
    }
    if ((fields.flags & INODE_EA_INODE) !== 0) {
      throw this.#corrupt(found, "it is the value of an attribute", "a file");
    }
    const inode = new Inode<Ext4Content>(kind, fields.mode & 0o7777);
    inode.linkCount = fields.linksCount;
    inode.uid = fields.uid;
    inode.gid = fields.gid;
    inode.mtimeSeconds = timestampSeconds(fields.mtime, fields.mtimeExtra);
    inode.mtimeNanoseconds = this.#nanoseconds(found, fields.mtimeExtra);
    inode.atimeSeconds = timestampSeconds(fields.atime, fields.atimeExtra);
    inode.atimeNanoseconds = this.#nanoseconds(found, fields.atimeExtra);
    inode.xattrs = this.#xattrs.read(found);
    if (kind === FileKind.regular) this.#readRegular(found, inode);
    else if (kind === FileKind.symlink) this.#readSymlink(found, inode);
    else if (kind === FileKind.characterDevice || kind === FileKind.blockDevice) {
      readDevice(found, inode);
    }
    if (kind !== FileKind.directory && fields.linksCount > 1) this.#linked.set(found.number, inode);
    return inode;
  }

  #readRegular(found: FoundInode, inode: Inode<Ext4Content>): void {
    const { size } = found.fields;
    const limit = 2 ** 32 * this.#volume.blockSize;
    if (size > limit) throw this.#corrupt(found, `size is ${size}`, `at most ${limit}`);
    const content = isInline(found)
      ? new Ext4InlineContent(
        readInlineFile(this.#volume, found, this.#xattrs.readInlineValue(found)),
      )
      : readExtents(this.#volume, found);
    inode.size = size;
    const { featureRoCompat } = this.superblock;
    const hasVerity = (found.fields.flags & INODE_VERITY) !== 0 &&
      (featureRoCompat & RoCompatFeature.verity) !== 0;
    const data = hasVerity ? readVerity(this.#volume, found, content) : content;
    inode.content = size === 0 ? null : data;
  }

  #readSymlink(found: FoundInode, inode: Inode<Ext4Content>): void {
    const { size, flags } = found.fields;
    const isFast = (flags & INODE_EXTENTS) === 0 && size < INODE_BLOCK_SIZE;
    if (isInline(found)) {
      const value = this.#xattrs.readInlineValue(found);
      this.#setTarget(found, inode, readInlineTarget(this.#volume, found, value));
      return;
    }
    const limit = isFast ? INODE_BLOCK_SIZE : this.#volume.blockSize;
    if (size === 0 || size >= limit) {
      throw this.#corrupt(found, `target has ${size} bytes`, `1 to ${limit - 1}`);
    }
    let bytes: Uint8Array;
    if (isFast) {
      bytes = found.bytes.subarray(found.blockAt, found.blockAt + size);
      if (found.bytes[found.blockAt + size] !== 0) {
        throw this.#corrupt(found, `target is longer than ${size}`, "a NUL behind it");
      }
    } else {
      const withEnd = new Uint8Array(size + 1);
      readContent(this.#volume, readExtents(this.#volume, found), withEnd, 0);
      if (withEnd[size] !== 0) {
        throw this.#corrupt(found, `target is longer than ${size}`, "a NUL behind it");
      }
      bytes = withEnd.subarray(0, size);
    }
    this.#setTarget(found, inode, bytes);
  }

  #setTarget(found: FoundInode, inode: Inode<Ext4Content>, bytes: Uint8Array): void {
    if (bytes.length === 0) throw this.#corrupt(found, "target has 0 bytes", "1 or more");
    if (bytes.includes(0)) throw this.#corrupt(found, "target has a NUL", "none");
    inode.size = bytes.length;
    inode.target = byteStringFrom(bytes);
  }

  #nanoseconds(found: FoundInode, extra: number): number {
    const nanoseconds = timestampNanoseconds(extra);
    if (nanoseconds >= 1_000_000_000) {
      throw this.#corrupt(found, `a time has ${nanoseconds} ns`, "below 10^9");
    }
    return nanoseconds;
  }

  #corrupt(found: FoundInode, observed: string, expected: string): ImageError {
    return this.#volume.corrupt(`inode ${found.number}`, observed, expected);
  }
}

/**
 * Opens an ext4, ext3 or ext2 image and reads its tree. Superblock, descriptors, inodes, extents,
 * directories, indexes and attributes are verified, with their checksums where the image has
 * `metadata_csum`; what the tree does not need is left to `check`. The journal of an image that was
 * not unmounted is replayed in memory, with a notice.
 *
 * Throws `ImageError` `CORRUPT` for whatever is not as it must be, `UNSUPPORTED` for features
 * that are not known, by name. The source is the caller's until this returns, then the reader's.
 */
export function openExt4(source: ByteSource, onNotice?: NoticeListener): Ext4Reader {
  const reader = new Ext4Reader(source, onNotice);
  takeSteps(reader.readTree());
  return reader;
}

/** Like {@linkcode openExt4}, by turns; rejects with the reason of `signal` once it was given. */
export async function openExt4ByTurns(
  source: ByteSource,
  onNotice?: NoticeListener,
  signal?: AbortSignal,
): Promise<Ext4Reader> {
  const reader = new Ext4Reader(source, onNotice);
  await takeTurns(reader.readTree(), signal);
  return reader;
}

/** Whether an inode holds its own data. */
function isInline(found: FoundInode): boolean {
  return (found.fields.flags & INODE_INLINE_DATA) !== 0;
}

function pathOf(directory: PendingDirectory, entry: FoundName | null): ByteString {
  if (entry === null) return directory.path;
  return directory.path === "" ? entry.name : `${directory.path}/${entry.name}`;
}

/** Device numbers: 8 bits each in the first word, or 12 and 20 bits in the second. */
function readDevice(found: FoundInode, inode: Inode): void {
  const narrow = found.view.getUint32(found.blockAt, true);
  const wide = found.view.getUint32(found.blockAt + 4, true);
  if (narrow !== 0) {
    inode.deviceMajor = narrow >>> 8 & 0xff;
    inode.deviceMinor = narrow & 0xff;
  } else {
    inode.deviceMajor = wide >>> 8 & 0xfff;
    inode.deviceMinor = (wide & 0xff) + (wide >>> 12 & 0xfff00);
  }
}
