/**
 * The bytes of one inode, in the short form where that can hold it.
 *
 * @module
 */
import { writeByteString } from "../../bytes/byte_string.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import type { SquashfsContent } from "./content.ts";
import {
  DIRECTORY_INDEX_SIZE,
  EMPTY_DIRECTORY_SIZE,
  writeDirectoryIndex,
} from "./directory_entry.ts";
import type { WrittenList } from "./directory_list.ts";
import {
  DEVICE_INODE_SIZE,
  DIRECTORY_INODE_SIZE,
  encodeDevice,
  EXTENDED,
  EXTENDED_DIRECTORY_INODE_SIZE,
  EXTENDED_REGULAR_INODE_SIZE,
  InodeType,
  IPC_INODE_SIZE,
  NONE,
  REGULAR_INODE_SIZE,
  SYMLINK_INODE_SIZE,
  writeDirectoryInode,
  writeExtendedDirectoryInode,
  writeExtendedRegularInode,
  writeInodeHead,
  writeRegularInode,
} from "./inode.ts";

/** Type of the short form of each kind. */
export const TYPE_OF_KIND: Readonly<Record<FileKind, number>> = {
  [FileKind.regular]: InodeType.regular,
  [FileKind.directory]: InodeType.directory,
  [FileKind.characterDevice]: InodeType.characterDevice,
  [FileKind.blockDevice]: InodeType.blockDevice,
  [FileKind.fifo]: InodeType.fifo,
  [FileKind.socket]: InodeType.socket,
  [FileKind.symlink]: InodeType.symlink,
};

/** What an inode has besides the fields of its file. */
export interface InodeParts {
  /** Place of the owner in the table of ids. */
  readonly uidIndex: number;
  /** Place of the group in the table of ids. */
  readonly gidIndex: number;
  /** Modification time, in the range of the format. */
  readonly mtimeSeconds: number;
  /** Number of the attributes, `0xffffffff` for none. */
  readonly xattr: number;
}

/** Encodes a directory whose list was written; `parent` is the inode number of its parent. */
export function encodeDirectory(
  inode: Inode,
  parts: InodeParts,
  list: WrittenList,
  parent: number,
): Uint8Array {
  const { index, startBlock, offset } = list;
  const { linkCount } = inode;
  const size = list.size + EMPTY_DIRECTORY_SIZE;
  if (parts.xattr === NONE && index.length === 0 && size <= 0xffff) {
    const view = newInode(DIRECTORY_INODE_SIZE, inode, parts, 0);
    writeDirectoryInode(view, 0, { startBlock, linkCount, size, offset, parent });
    return bytesOfView(view);
  }
  const indexSize = index.reduce((sum, { name }) => sum + DIRECTORY_INDEX_SIZE + name.length, 0);
  const view = newInode(EXTENDED_DIRECTORY_INODE_SIZE + indexSize, inode, parts, EXTENDED);
  writeExtendedDirectoryInode(view, 0, {
    linkCount,
    size,
    startBlock,
    parent,
    indexCount: index.length,
    offset,
    xattr: parts.xattr,
  });
  const bytes = bytesOfView(view);
  let at = EXTENDED_DIRECTORY_INODE_SIZE;
  for (const { position, startBlock, name } of index) {
    writeDirectoryIndex(view, at, { position, startBlock, nameSizeMinus1: name.length - 1 });
    writeByteString(bytes, at + DIRECTORY_INDEX_SIZE, name);
    at += DIRECTORY_INDEX_SIZE + name.length;
  }
  return bytes;
}

/** Encodes a regular file, without its block list, which follows. */
export function encodeRegular(
  inode: Inode<SquashfsContent>,
  parts: InodeParts,
): Uint8Array {
  const { size, linkCount, content } = inode;
  const { start, fragment, offset, sparseBytes } = content ??
    { start: 0, fragment: NONE, offset: 0, sparseBytes: 0 };
  const isShort = parts.xattr === NONE && linkCount === 1 && sparseBytes === 0 &&
    size < 2 ** 32 && start < 2 ** 32;
  if (isShort) {
    const view = newInode(REGULAR_INODE_SIZE, inode, parts, 0);
    writeRegularInode(view, 0, { start, fragment, offset, size });
    return bytesOfView(view);
  }
  const view = newInode(EXTENDED_REGULAR_INODE_SIZE, inode, parts, EXTENDED);
  const sparse = sparseBytes;
  const { xattr } = parts;
  writeExtendedRegularInode(view, 0, { start, size, sparse, linkCount, fragment, offset, xattr });
  return bytesOfView(view);
}

/** Encodes a file that is neither regular nor a directory. */
export function encodeOther(inode: Inode, parts: InodeParts): Uint8Array {
  const isExtended = parts.xattr !== NONE;
  const more = isExtended ? 4 : 0;
  const extended = isExtended ? EXTENDED : 0;
  const size = sizeOfOther(inode);
  const view = newInode(size + more, inode, parts, extended);
  view.setUint32(0x10, inode.linkCount, true); // nlink
  const bytes = bytesOfView(view);
  if (inode.kind === FileKind.symlink) {
    view.setUint32(0x14, inode.target.length, true); // symlink_size
    writeByteString(bytes, SYMLINK_INODE_SIZE, inode.target); // symlink
  } else if (inode.kind === FileKind.blockDevice || inode.kind === FileKind.characterDevice) {
    view.setUint32(0x14, encodeDevice(inode.deviceMajor, inode.deviceMinor), true); // rdev
  }
  if (isExtended) view.setUint32(size, parts.xattr, true); // xattr
  return bytes;
}

function sizeOfOther({ kind, target }: Inode): number {
  if (kind === FileKind.symlink) return SYMLINK_INODE_SIZE + target.length;
  return kind === FileKind.blockDevice || kind === FileKind.characterDevice
    ? DEVICE_INODE_SIZE
    : IPC_INODE_SIZE;
}

function newInode(size: number, inode: Inode, parts: InodeParts, extended: number): DataView {
  const view = new DataView(new ArrayBuffer(size));
  writeInodeHead(view, 0, {
    type: TYPE_OF_KIND[inode.kind] + extended,
    permissions: inode.permissions,
    uidIndex: parts.uidIndex,
    gidIndex: parts.gidIndex,
    mtimeSeconds: parts.mtimeSeconds,
    number: inode.number,
  });
  return view;
}

function bytesOfView(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer);
}
