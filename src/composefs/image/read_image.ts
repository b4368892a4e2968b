/**
 * Reads composefs images, and nothing else: what no writer of such images makes is refused, so that
 * a tree that comes from here is what a mount of the image shows.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import type { FileTree } from "../../tree/file_tree.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import { NameCount } from "../../tree/name_count.ts";
import type { ImageContent } from "./content.ts";
import { isWhiteout, OBJECT_DIRECTORIES } from "./file_order.ts";
import { corrupt } from "./corrupt_image.ts";
import { ImageBytes } from "./image_bytes.ts";
import { IMAGE_BLOCK_SIZE, type ImageVersion, INODE_SLOT_SIZE } from "./image_version.ts";
import { type DirectoryEntry, readDirectory } from "./read_directory.ts";
import { type FoundInode, readInode } from "./read_inode.ts";
import { XattrReader } from "./read_xattrs.ts";
import { restoreFile, withoutWhiteoutMarks } from "./restore_file.ts";

/** An image that was read. */
export interface ReadImage {
  /** The tree; it needs the image no more. */
  readonly tree: FileTree<ImageContent>;
  /** Version of the image. */
  readonly version: ImageVersion;
  /** Bytes of the image by its own account. */
  readonly size: number;
  /** Files in the image, those that it has besides the tree included. */
  readonly inodeCount: number;
}

const DEPTH_MAX = 2048;

/** A directory whose entries are to be read. */
interface PendingDirectory {
  readonly inode: Inode<ImageContent>;
  readonly nid: number;
  readonly parentNid: number;
  readonly found: FoundInode;
  readonly depth: number;
  /** Path without a leading slash. */
  readonly path: ByteString;
}

/** A file with several names. */
interface LinkedFile {
  readonly inode: Inode<ImageContent>;
  readonly kind: FileKind;
  /** Names that its link count speaks of, less those that were found. */
  namesLeft: number;
}

/**
 * Reads an image of up to 1 GiB. Throws `ImageError` `CORRUPT`, `UNSUPPORTED`, `UNSAFE_PATH` or
 * `LIMIT_EXCEEDED`, with the path where one is known.
 */
export function readImage(source: ByteSource): ReadImage {
  return new TreeReader(ImageBytes.open(source)).read();
}

class TreeReader {
  readonly #image: ImageBytes;
  readonly #xattrs: XattrReader;
  // By number of the inode. A file with one name claims the bytes of its inode: so does each name more.
  readonly #linked = new Map<number, LinkedFile>();
  /** Names of the whiteouts over objects. */
  readonly #hidden = new Set<ByteString>();
  readonly #names = new NameCount();
  readonly #pending: PendingDirectory[] = [];
  #inodeCount = 1;

  constructor(image: ImageBytes) {
    this.#image = image;
    this.#xattrs = new XattrReader(image);
  }

  read(): ReadImage {
    const { version, superblock } = this.#image;
    const nid = superblock.rootNidOrBlocksHigh;
    const found = readInode(this.#image, nid);
    if (found.kind !== FileKind.directory) {
      throw corrupt("root directory", "it is none", "a directory", found.position);
    }
    const root = restoreFile(this.#image, found, this.#xattrs.read(found), true);
    this.#pending.push({ inode: root, nid, parentNid: nid, found, depth: 0, path: "" });
    for (let next = this.#pending.pop(); next !== undefined; next = this.#pending.pop()) {
      this.#readDirectory(next);
    }
    for (const [nid, { inode, namesLeft }] of this.#linked) {
      if (namesLeft !== 0) throw this.#wrongLinkCount(nid, inode);
    }
    if (version < 2) removeHiddenNames(root, this.#hidden, nid);
    if (this.#inodeCount !== superblock.inodeCount) {
      const observed = `it has ${this.#inodeCount} inodes`;
      throw corrupt("composefs image", observed, String(superblock.inodeCount), 0);
    }
    const size = superblock.blocksLow * IMAGE_BLOCK_SIZE;
    return { tree: { root }, version, size, inodeCount: this.#inodeCount };
  }

  #readDirectory(directory: PendingDirectory): void {
    let entry: DirectoryEntry | null = null;
    try {
      const dots = new Map([[".", directory.nid], ["..", directory.parentNid]]);
      let directoryCount = 0;
      let hasMarkedWhiteout = false;
      const entries = readDirectory(this.#image, directory.found);
      for (entry of entries) {
        if (entry.fileType === FileKind.directory) directoryCount++;
        if (dots.has(entry.name)) {
          checkDot(entry, dots.get(entry.name)!, directory.found.position);
          dots.delete(entry.name);
          continue;
        }
        this.#names.add();
        const child = this.#addEntry(directory, entry);
        if (entry.fileType === FileKind.regular && isWhiteout(child)) hasMarkedWhiteout = true;
      }
      entry = null;
      const { inode, found } = directory;
      if (dots.size > 0) throw corrupt("directory", "it lacks . or ..", "both", found.position);
      if (directoryCount !== found.links) {
        const observed = `its link count is ${found.links}`;
        const expected = `that of ${directoryCount} directories`;
        throw corrupt("directory", observed, expected, found.position);
      }
      if (hasMarkedWhiteout) inode.xattrs = withoutWhiteoutMarks(inode.xattrs, this.#image);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      const path = entry === null ? directory.path : pathIn(directory, entry.name);
      throw error.at({ path: `/${displayByteString(path)}` });
    }
  }

  #addEntry(directory: PendingDirectory, entry: DirectoryEntry): Inode<ImageContent> {
    const { name, nid } = entry;
    const known = this.#linked.get(nid);
    if (known !== undefined) {
      checkType(entry, known.kind);
      if (isWhiteout(known.inode)) {
        throw corrupt("file", "it is a whiteout with several names", "one", nid * INODE_SLOT_SIZE);
      }
      if (known.namesLeft-- === 0) throw this.#wrongLinkCount(nid, known.inode);
      directory.inode.children!.set(name, known.inode);
      return known.inode;
    }
    const found = readInode(this.#image, nid);
    const { kind, links } = found;
    const inode = restoreFile(this.#image, found, this.#xattrs.read(found));
    this.#inodeCount++;
    this.#checkNative(directory, name, found, inode);
    checkType(entry, kind);
    // A directory that has a second name claims the bytes of the first, and is refused for it.
    if (kind === FileKind.directory) this.#enter(directory, entry, found, inode);
    else if (links === 0) throw this.#wrongLinkCount(nid, inode);
    else if (links > 1) this.#linked.set(nid, { inode, kind, namesLeft: links - 1 });
    directory.inode.children!.set(name, inode);
    return inode;
  }

  #enter(
    parent: PendingDirectory,
    { name, nid }: DirectoryEntry,
    found: FoundInode,
    inode: Inode<ImageContent>,
  ): void {
    const depth = parent.depth + 1;
    if (depth > DEPTH_MAX) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read directory: it is ${depth} directories deep, expected at most ${DEPTH_MAX}`,
      );
    }
    const path = pathIn(parent, name);
    this.#pending.push({ inode, nid, parentNid: parent.nid, found, depth, path });
  }

  /** Versions 0 and 1 have whiteouts of their own in the root alone, over the objects. */
  #checkNative(
    { depth }: PendingDirectory,
    name: ByteString,
    { kind, position }: FoundInode,
    inode: Inode,
  ): void {
    if (this.#image.version === 2 || kind !== FileKind.characterDevice || !isWhiteout(inode)) {
      return;
    }
    if (depth > 0 || !HIDDEN_NAMES.has(name)) {
      throw corrupt("file", "it is a whiteout of the image", "them over objects alone", position);
    }
    this.#hidden.add(name);
  }

  #wrongLinkCount(nid: number, inode: Inode): ImageError {
    const observed = `it has not as many names as its link count of ${inode.linkCount}`;
    return corrupt("file", observed, "both alike", nid * INODE_SLOT_SIZE);
  }
}

const HIDDEN_NAMES: ReadonlySet<ByteString> = new Set(OBJECT_DIRECTORIES);

/** Takes away the whiteouts over the directories of objects, all of which must be there. */
function removeHiddenNames(
  root: Inode<ImageContent>,
  hidden: ReadonlySet<ByteString>,
  nid: number,
): void {
  for (const name of OBJECT_DIRECTORIES) {
    if (!root.children!.has(name)) {
      throw corrupt("root directory", `"${name}" is missing`, "it to hide", nid * INODE_SLOT_SIZE);
    }
    if (hidden.has(name)) root.children!.delete(name);
  }
}

/** Throws unless `.` or `..` is the directory `nid`. */
function checkDot({ name, nid, fileType }: DirectoryEntry, expected: number, position: number) {
  if (nid === expected && fileType === FileKind.directory) return;
  const observed = `"${name}" is inode ${nid} of type ${fileType}`;
  throw corrupt("directory", observed, `${expected}, a directory`, position);
}

/** Throws unless an entry is of the type of its inode. */
function checkType({ nid, fileType }: DirectoryEntry, kind: FileKind): void {
  if (fileType === kind) return;
  const observed = `its entry is of type ${fileType}`;
  throw corrupt("file", observed, `${kind}, as its inode`, nid * INODE_SLOT_SIZE);
}

function pathIn(directory: PendingDirectory, name: ByteString): ByteString {
  return directory.path === "" ? name : `${directory.path}/${name}`;
}
