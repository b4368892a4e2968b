/**
 * Writes the inodes and the directories of a tree.
 *
 * A list of names says where their inodes are, and the inode of a directory says where its list
 * is: so what is in a directory comes first, then its list, then its inode. Inode numbers are given
 * before, in another order: what is in one directory has numbers in a row, or its list would need
 * many headers.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { setU64 } from "../../bytes/u64.ts";
import type { CompressBlock } from "../../compress/block_codec.ts";
import { ImageError } from "../../image_error.ts";
import { eachDirectory, type FileTree, sortedNames } from "../../tree/file_tree.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import type { LossLog } from "../loss.ts";
import type { SquashfsContent } from "./content.ts";
import { type ListedName, writeDirectoryList } from "./directory_list.ts";
import { IdTable } from "./id_table.ts";
import {
  encodeDirectory,
  encodeOther,
  encodeRegular,
  type InodeParts,
  TYPE_OF_KIND,
} from "./inode_encoder.ts";
import { MetadataTable } from "./metadata_table.ts";
import { XattrTable } from "./xattr_table.ts";

const MTIME_MAX = 2 ** 32 - 1;
const NAME_MAX = 255;
const TARGET_MAX = 4095;
const INDEX_MAX = 0xffff;
const MAJOR_MAX = 0xfff;
const MINOR_MAX = 0xfffff;
/** Entries of a block list that are encoded at once. */
const LIST_PIECE = 4096;
/** `#offsets` of an inode that was not written: no offset in a block is so large. */
const NOT_WRITTEN = 0xffff;

/** A directory whose content is being written. */
interface OpenDirectory {
  readonly inode: Inode<SquashfsContent>;
  readonly path: ByteString;
  /** Number of its parent's inode. */
  readonly parent: number;
  readonly names: readonly ByteString[];
  /** Which of the names is looked at next for a directory. */
  next: number;
}

/** The tables of inodes and directories, and what inodes refer to. */
export class InodeTables {
  /** The inodes. */
  readonly inodes: MetadataTable;
  /** The lists of the directories. */
  readonly directories: MetadataTable;
  /** Owners and groups. */
  readonly ids = new IdTable();
  /** Attributes. */
  readonly xattrs: XattrTable;
  /** How many inodes. */
  readonly inodeCount: number;
  readonly #tree: FileTree<SquashfsContent>;
  readonly #losses: LossLog;
  // By inode number.
  readonly #starts: Float64Array;
  readonly #offsets: Uint16Array;

  /** Tables for `tree`, whose links are counted; {@linkcode InodeTables.write} fills them. */
  constructor(
    tree: FileTree<SquashfsContent>,
    compress: CompressBlock | null,
    losses: LossLog,
  ) {
    this.inodes = new MetadataTable(compress);
    this.directories = new MetadataTable(compress);
    this.xattrs = new XattrTable(compress, losses);
    this.#tree = tree;
    this.#losses = losses;
    this.inodeCount = numberInodes(tree);
    this.#starts = new Float64Array(this.inodeCount + 1);
    this.#offsets = new Uint16Array(this.inodeCount + 1).fill(NOT_WRITTEN);
  }

  /** Reference of an inode. */
  referenceOf(number: number): number {
    return this.#starts[number] * 65536 + this.#offsets[number];
  }

  /** The table from inode numbers to their references. */
  exportTable(compress: CompressBlock | null): MetadataTable {
    const table = new MetadataTable(compress);
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    for (let number = 1; number <= this.inodeCount; number++) {
      setU64(view, 0, this.referenceOf(number));
      table.append(bytes);
    }
    return table;
  }

  /** Writes all of the tree, step by step. Throws `ImageError` for what cannot be held. */
  *write(): Generator<void> {
    // The root has no parent: as in images of mksquashfs, a number that no inode has.
    const open = [openDirectory(this.#tree.root, "", this.inodeCount + 1)];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const { inode, path, names } = top;
      if (top.next < names.length) {
        const name = names[top.next++];
        const child = inode.children!.get(name)!;
        if (child.kind !== FileKind.directory) continue;
        open.push(openDirectory(child, joined(path, name), inode.number));
      } else {
        open.pop();
        yield* this.#writeDirectory(top);
      }
    }
  }

  *#writeDirectory({ inode, path, parent, names }: OpenDirectory): Generator<void> {
    const listed: ListedName[] = [];
    for (const name of names) {
      const child = inode.children!.get(name)!;
      const { number } = child;
      if (name.length > NAME_MAX) {
        throw unsupported(joined(path, name), "name", `it has ${name.length} bytes`, NAME_MAX);
      }
      if (this.#offsets[number] === NOT_WRITTEN) yield* this.#writeFile(child, joined(path, name));
      listed.push({
        name,
        number,
        startBlock: this.#starts[number],
        offset: this.#offsets[number],
        type: TYPE_OF_KIND[child.kind],
      });
    }
    const parts = this.#partsOf(inode, path);
    const list = writeDirectoryList(this.directories, listed);
    if (list.index.length > INDEX_MAX) {
      throw unsupported(path, "index", `it has ${list.index.length} entries`, INDEX_MAX);
    }
    this.#append(inode, encodeDirectory(inode, parts, list, parent));
  }

  *#writeFile(inode: Inode<SquashfsContent>, path: ByteString): Generator<void> {
    const { target, deviceMajor, deviceMinor } = inode;
    if (target.length > TARGET_MAX) {
      throw unsupported(path, "target", `it has ${target.length} bytes`, TARGET_MAX);
    }
    if (deviceMajor > MAJOR_MAX) throw unsupported(path, "device", `${deviceMajor}`, MAJOR_MAX);
    if (deviceMinor > MINOR_MAX) throw unsupported(path, "device", `${deviceMinor}`, MINOR_MAX);
    const parts = this.#partsOf(inode, path);
    if (inode.kind !== FileKind.regular) {
      this.#append(inode, encodeOther(inode, parts));
      yield;
      return;
    }
    this.#append(inode, encodeRegular(inode, parts));
    const blockSizes = inode.content?.blockSizes ?? [];
    for (let at = 0; at < blockSizes.length; at += LIST_PIECE) {
      const piece = blockSizes.slice(at, at + LIST_PIECE);
      const view = new DataView(new ArrayBuffer(4 * piece.length));
      for (let i = 0; i < piece.length; i++) view.setUint32(4 * i, piece[i], true);
      this.inodes.append(new Uint8Array(view.buffer));
      yield;
    }
    yield;
  }

  #append({ number }: Inode, bytes: Uint8Array): void {
    this.#starts[number] = this.inodes.blockStart;
    this.#offsets[number] = this.inodes.offset;
    this.inodes.append(bytes);
  }

  #partsOf(inode: Inode, path: ByteString): InodeParts {
    return {
      uidIndex: this.ids.indexOf(inode.uid, path),
      gidIndex: this.ids.indexOf(inode.gid, path),
      mtimeSeconds: this.#mtimeOf(inode, path),
      xattr: this.xattrs.numberOf(inode.xattrs, path),
    };
  }

  #mtimeOf({ mtimeSeconds }: Inode, path: ByteString): number {
    if (mtimeSeconds >= 0 && mtimeSeconds <= MTIME_MAX) return mtimeSeconds;
    const reason = "it holds times from 1970 to 2106, the nearest of which stands for it";
    this.#losses.add(path, "modification time", reason);
    return mtimeSeconds < 0 ? 0 : MTIME_MAX;
  }
}

/** Gives numbers from 1: the root's, then those of each directory's content in a row. */
function numberInodes(tree: FileTree): number {
  eachDirectory(tree, (directory) => {
    for (const child of directory.children!.values()) child.number = 0;
  });
  let count = 0;
  tree.root.number = ++count;
  const pending: Inode[] = [tree.root];
  for (let i = 0; i < pending.length; i++) {
    const directory = pending[i];
    for (const name of sortedNames(directory)) {
      const child = directory.children!.get(name)!;
      if (child.number !== 0) continue;
      child.number = ++count;
      if (child.kind === FileKind.directory) pending.push(child);
    }
  }
  return count;
}

function openDirectory(
  inode: Inode<SquashfsContent>,
  path: ByteString,
  parent: number,
): OpenDirectory {
  return { inode, path, parent, names: sortedNames(inode), next: 0 };
}

function joined(path: ByteString, name: ByteString): ByteString {
  return path === "" ? name : `${path}/${name}`;
}

function unsupported(path: ByteString, what: string, observed: string, most: number): ImageError {
  const shown = displayByteString(path);
  return new ImageError(
    "UNSUPPORTED",
    `Cannot write ${what} of "${shown}" to squashfs: ${observed}, expected at most ${most}`,
    { where: { path: shown } },
  );
}
