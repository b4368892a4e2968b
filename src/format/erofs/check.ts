/**
 * Checks what reading an EROFS image does not need.
 *
 * @module
 */
import { displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { walk } from "../../tree/file_tree.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import type { ImageProblem, ImageReader } from "../image_reader.ts";
import type { Superblock } from "./superblock.ts";

/** Bytes that are read at once. */
const BUFFER_SIZE = 256 * 1024;

/** Compares the counts of inodes and links, and reads every byte of every file, step by step. */
export function* checkErofs<C>(
  reader: ImageReader<C>,
  superblock: Superblock,
  onProblem: (problem: ImageProblem) => void,
): Generator<void> {
  const buffer = new Uint8Array(BUFFER_SIZE);
  // Names that were seen of files that should have several.
  const names = new Map<Inode<C>, { count: number; path: string }>();
  let count = 0;
  for (const { path, inode } of walk(reader.tree)) {
    yield;
    if (inode.kind === FileKind.directory) checkDirectory(inode, path, onProblem);
    else if (inode.linkCount !== 1) {
      const known = names.get(inode);
      if (known !== undefined) {
        known.count++;
        continue;
      }
      names.set(inode, { count: 1, path });
    }
    count++;
    if (inode.content !== null) {
      yield* checkContent(reader, inode.content, inode.size, path, buffer, onProblem);
    }
  }
  for (const [inode, { count: found, path }] of names) {
    if (found !== inode.linkCount) onProblem(linkProblem(path, inode.linkCount, found));
  }
  if (superblock.inodeCount !== count) {
    onProblem({ message: `Superblock counts ${superblock.inodeCount} inodes, expected ${count}` });
  }
}

function checkDirectory(
  directory: Inode,
  path: string,
  onProblem: (problem: ImageProblem) => void,
): void {
  let links = 2;
  for (const child of directory.children!.values()) {
    if (child.kind === FileKind.directory) links++;
  }
  if (directory.linkCount !== links) onProblem(linkProblem(path, directory.linkCount, links));
}

function linkProblem(path: string, stated: number, found: number): ImageProblem {
  return {
    path,
    message: `Link count of "/${displayByteString(path)}" is ${stated}, expected ${found}`,
  };
}

function* checkContent<C>(
  reader: ImageReader<C>,
  content: C,
  size: number,
  path: string,
  buffer: Uint8Array<ArrayBuffer>,
  onProblem: (problem: ImageProblem) => void,
): Generator<void> {
  try {
    for (let at = 0; at < size; at += buffer.length) {
      at = reader.seekData(content, at);
      if (at < size) reader.read(content, buffer, at);
      yield;
    }
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    onProblem({ path, message: error.message, offset: error.where.offset });
  }
}
