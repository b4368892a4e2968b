/**
 * One file of an image that is being made: what is stored of it, and where.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import type { ImageContent } from "./content.ts";

/** What behind the inode and in blocks makes the data of a file. */
export const DataKind = {
  /** Nothing. */
  none: 0,
  /** Entries of a directory. */
  entries: 1,
  /** Bytes of a regular file. */
  bytes: 2,
  /** A list of chunks, all of which are holes: the bytes are in an object. */
  chunks: 3,
  /** Target of a symbolic link. */
  target: 4,
} as const;
/** One of the values of {@linkcode DataKind}. */
export type DataKind = typeof DataKind[keyof typeof DataKind];

/** A file of an image. Every field is always set. */
export class ImageInode {
  /** The file of the tree, or what stands for it. */
  readonly inode: Inode<ImageContent>;
  /** Its directory; the root's is the root. */
  readonly parent: ImageInode;
  /** What it is in the image: whiteouts are regular files there. */
  readonly kind: FileKind;
  /** Names of a directory in byte order, `.` and `..` among them. */
  names: readonly ByteString[] = NO_NAMES;
  /** Links. */
  linkCount = 0;
  /** What its data is. */
  data: DataKind = DataKind.none;
  /** `i_size`. */
  size = 0;
  /** Bytes of data behind the inode. */
  tailSize = 0;
  /** Blocks of data. */
  blockCount = 0;
  /** The first of them; 0 where there is none. */
  startBlock = 0;
  /** Base 2 logarithm of the blocks of a chunk. */
  chunkBits = 0;
  /** Whether it takes 64 bytes. */
  isExtended = true;
  /** Bytes of attributes, header included. */
  xattrSize = 0;
  /** Where it begins, bytes from the start of the image. */
  position = 0;

  /** A file with nothing decided yet. */
  constructor(inode: Inode<ImageContent>, parent: ImageInode | null, isWhiteout: boolean) {
    this.inode = inode;
    this.parent = parent ?? this;
    this.kind = isWhiteout ? FileKind.regular : inode.kind;
  }
}

const NO_NAMES: readonly ByteString[] = Object.freeze([]);

/** Does something with a file; an `ImageError` from it gets the file's path. */
export function namingFile(file: ImageInode, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw error instanceof ImageError ? error.at({ path: pathOf(file) }) : error;
  }
}

/** A path of a file, fit to be shown. Slow: for messages. */
export function pathOf(file: ImageInode): string {
  const names: ByteString[] = [];
  for (let it = file; it.parent !== it; it = it.parent) {
    const children = [...it.parent.inode.children!];
    names.unshift(children.find(([, inode]) => inode === it.inode)![0]);
  }
  return `/${displayByteString(names.join("/"))}`;
}
