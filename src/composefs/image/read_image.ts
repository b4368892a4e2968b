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
import type { ImageContent } from "./content.ts";
import { isWhiteout, OBJECT_DIRECTORIES } from "./file_order.ts";
import { corrupt, ImageBytes } from "./image_bytes.ts";
import { IMAGE_BLOCK_SIZE, type ImageVersion, INODE_SLOT_SIZE } from "./image_version.ts";
import { type DirectoryEntry, readDirectory } from "./read_directory.ts";
import { type FoundInode, readData, readInode } from "./read_inode.ts";
import { XattrReader } from "./read_xattrs.ts";
import { restoreFile, withoutWhiteoutMarks } from "./restore_file.ts";

/** An image that was read. */
export interface ReadImage {
  /** The tree; contents point into the image, which stays in memory. */
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

/** A file that is no directory. */
interface FoundFile {
  readonly inode: Inode<ImageContent>;
  /** What it is in the image, where whiteouts of the tree are regular files. */
  readonly kind: FileKind;
  /** Names that its link count speaks of, less those that were found. */
  namesLeft: number;
}

/**
 * Reads an image of up to 1 GiB. Throws `ImageError` `CORRUPT`, `UNSUPPORTED`, `UNSAFE_PATH` or
 * `LIMIT_EXCEEDED`, with the path where one is known.
 */
export function readImage(source: ByteSource): ReadImage {
  return new TreeReader(ImageBytes.read(source)).read();
}

class TreeReader {
  readonly #image: ImageBytes;
  readonly #xattrs: XattrReader;
  readonly #files = new Map<number, FoundFile>();
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
      const directory = next;
      naming(directory.path, () => this.#readDirectory(directory));
    }
    for (const [nid, { inode, namesLeft }] of this.#files) {
      if (namesLeft !== 0) throw this.#wrongLinkCount(nid, inode);
    }
    if (version < 2) removeHiddenNames(root, this.#files, superblock.rootNidOrBlocksHigh);
    if (this.#inodeCount !== superblock.inodeCount) {
      const observed = `it has ${this.#inodeCount} inodes`;
      throw corrupt("composefs image", observed, String(superblock.inodeCount), 0);
    }
    const size = superblock.blocksLow * IMAGE_BLOCK_SIZE;
    return { tree: { root }, version, size, inodeCount: this.#inodeCount };
  }

  #readDirectory(directory: PendingDirectory): void {
    const { inode, found, nid, parentNid, path } = directory;
    const dots = new Map([[".", nid], ["..", parentNid]]);
    let directoryCount = 0;
    let hasMarkedWhiteout = false;
    for (const entry of readDirectory(readData(this.#image, found))) {
      if (entry.fileType === FileKind.directory) directoryCount++;
      const dot = dots.get(entry.name);
      if (dot === undefined) {
        naming(path === "" ? entry.name : `${path}/${entry.name}`, () => {
          const child = this.#addEntry(directory, entry);
          if (entry.fileType === FileKind.regular && isWhiteout(child)) hasMarkedWhiteout = true;
        });
        continue;
      }
      dots.delete(entry.name);
      if (dot !== entry.nid || entry.fileType !== FileKind.directory) {
        const observed = `"${entry.name}" is inode ${entry.nid} of type ${entry.fileType}`;
        throw corrupt("directory", observed, `${dot}, a directory`, found.position);
      }
    }
    if (dots.size > 0) throw corrupt("directory", "it lacks . or ..", "both", found.position);
    if (directoryCount !== found.links) {
      const observed = `its link count is ${found.links}`;
      throw corrupt("directory", observed, `that of ${directoryCount} directories`, found.position);
    }
    if (hasMarkedWhiteout) inode.xattrs = withoutWhiteoutMarks(inode.xattrs, this.#image);
  }

  #addEntry(directory: PendingDirectory, entry: DirectoryEntry): Inode<ImageContent> {
    const { name, nid, fileType } = entry;
    let file = this.#files.get(nid);
    if (file === undefined) {
      const found = readInode(this.#image, nid);
      const inode = restoreFile(this.#image, found, this.#xattrs.read(found));
      this.#inodeCount++;
      this.#checkNative(directory, name, found, inode);
      file = { inode, kind: found.kind, namesLeft: found.links };
      // A directory that has a second name claims the bytes of the first, and is refused for it.
      if (found.kind === FileKind.directory) this.#enter(directory, entry, found, inode);
      else this.#files.set(nid, file);
    } else if (isWhiteout(file.inode)) {
      throw corrupt("file", "it is a whiteout with several names", "one", nid * INODE_SLOT_SIZE);
    }
    if (fileType !== file.kind) {
      const observed = `its entry is of type ${fileType}`;
      throw corrupt("file", observed, `${file.kind}, as its inode`, nid * INODE_SLOT_SIZE);
    }
    directory.inode.children!.set(name, file.inode);
    if (file.kind !== FileKind.directory && file.namesLeft-- === 0) {
      throw this.#wrongLinkCount(nid, file.inode);
    }
    return file.inode;
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
    const path = parent.path === "" ? name : `${parent.path}/${name}`;
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
  files: ReadonlyMap<number, FoundFile>,
  nid: number,
): void {
  const hidden = new Set<Inode>();
  for (const { inode, kind } of files.values()) {
    if (kind === FileKind.characterDevice && isWhiteout(inode)) hidden.add(inode);
  }
  for (const name of OBJECT_DIRECTORIES) {
    const child = root.children!.get(name);
    if (child === undefined) {
      throw corrupt("root directory", `"${name}" is missing`, "it to hide", nid * INODE_SLOT_SIZE);
    }
    if (hidden.has(child)) root.children!.delete(name);
  }
}

/** Does something with the file at a path; an `ImageError` from it gets the path. */
function naming(path: ByteString, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw error instanceof ImageError ? error.at({ path: `/${displayByteString(path)}` }) : error;
  }
}
