/**
 * Writes a tree with generated contents through a format's writer, as a conversion does.
 *
 * @module
 */
import type { ImageFormat, ImageWriter, WriteReport } from "../../src/format/image_format.ts";
import type { ImageSink } from "../../src/io/byte_sink.ts";
import type { Notice } from "../../src/notice.ts";
import { type FileTree, walk } from "../../src/tree/file_tree.ts";
import { FileKind, Inode } from "../../src/tree/inode.ts";
import { fillData, type GeneratedContent } from "./generated_content.ts";

/** Time of everything that has none of its own in the images of the cases. */
export const CREATED_SECONDS = 1_700_000_000;

/** How a tree is handed to a writer. */
export interface WriteTreeOptions {
  /** Bytes of each `write()`; 64 KiB when absent. */
  readonly chunkSize?: number;
  /** Contents that are placed first, and then released. */
  readonly released?: readonly { size: number; content: GeneratedContent }[];
  /** What the writer is told of the bytes to come; the real sum when absent. */
  readonly expectedBytes?: number;
  /** Places as many files at a time as the writer takes, a chunk of each in turn. */
  readonly byTurns?: boolean;
}

/** What came of it. */
export interface WrittenTree {
  readonly report: WriteReport;
  readonly notices: readonly Notice[];
}

/** Writes `tree` to `sink`; nothing is left behind when the writer throws. */
export async function writeTree<C>(
  format: ImageFormat<C>,
  tree: FileTree<GeneratedContent>,
  sink: ImageSink,
  options: WriteTreeOptions = {},
): Promise<WrittenTree> {
  const notices: Notice[] = [];
  const open = sink.open();
  let writer: ImageWriter<C> | null = null;
  try {
    const begun = format.createWriter(open, {
      identity: () => "sha256:0123456789abcdef",
      createdSeconds: CREATED_SECONDS,
      expectedBytes: options.expectedBytes ?? dataBytes(tree),
      onNotice: (notice) => notices.push(notice),
    });
    writer = begun;
    const place = function* (size: number, content: GeneratedContent): Generator<void, C> {
      const file = begun.beginFile(size);
      const buffer = new Uint8Array(options.chunkSize ?? 65536);
      let position = 0;
      const rest = function* (end: number) {
        if (!content.writesZeros) {
          if (end > position) file.skip(end - position);
          position = end;
        }
        while (position < end) {
          const piece = buffer.subarray(0, Math.min(buffer.length, end - position)).fill(0);
          file.write(piece);
          position += piece.length;
          yield;
        }
      };
      for (const [start, end] of content.data) {
        yield* rest(start);
        while (position < end) {
          const piece = buffer.subarray(0, Math.min(buffer.length, end - position));
          fillData(content.seed, piece, position);
          file.write(piece);
          position += piece.length;
          yield;
        }
      }
      yield* rest(size);
      return file.end();
    };
    const openMax = options.byTurns === true ? writer.openFileCount ?? 1 : 1;
    const dead: C[] = [];
    takeTurns(
      (options.released ?? []).map(function* ({ size, content }) {
        dead.push(yield* place(size, content));
      }),
      openMax,
    );
    const { placed, files } = copyTree(tree, place);
    takeTurns(files, openMax);
    for (const content of dead) begun.release(content);
    const report = await begun.finish(placed);
    open.commit();
    return { report, notices };
  } finally {
    writer?.close?.();
    open.abort();
  }
}

/** A copy of a tree, and the steps that place each of its contents. */
function copyTree<C>(
  tree: FileTree<GeneratedContent>,
  place: (size: number, content: GeneratedContent) => Generator<void, C>,
): { placed: FileTree<C>; files: Generator<void>[] } {
  const copies = new Map<Inode<GeneratedContent>, Inode<C>>();
  const files: Generator<void>[] = [];
  for (const { inode, name, parent } of walk(tree)) {
    let copy = copies.get(inode);
    if (copy === undefined) {
      copy = copyInode<C>(inode);
      copies.set(inode, copy);
      if (inode.content !== null) files.push(placeInto(copy, place(inode.size, inode.content)));
    }
    if (inode !== tree.root) copies.get(parent)!.children!.set(name, copy);
  }
  return { placed: { root: copies.get(tree.root)! }, files };
}

function* placeInto<C>(inode: Inode<C>, steps: Generator<void, C>): Generator<void> {
  inode.content = yield* steps;
}

/** Takes all steps of all files, `openMax` files at a time, a step of each in turn. */
function takeTurns(files: readonly Generator<void>[], openMax: number): void {
  const waiting = [...files].reverse();
  const open: Generator<void>[] = [];
  for (let turn = 0;; turn++) {
    while (open.length < openMax && waiting.length > 0) open.push(waiting.pop()!);
    if (open.length === 0) return;
    const index = turn % open.length;
    if (open[index].next().done) open.splice(index, 1);
  }
}

/** A copy of an inode's fields, without children and content. */
export function copyInode<C>(inode: Inode<unknown>): Inode<C> {
  const copy = new Inode<C>(inode.kind, inode.permissions);
  const { children, content } = copy;
  return Object.assign(copy, inode, { children, content });
}

function dataBytes(tree: FileTree<GeneratedContent>): number {
  let sum = 0;
  for (const { inode } of walk(tree)) {
    if (inode.kind !== FileKind.regular || inode.content === null) continue;
    for (const [start, end] of inode.content.data) sum += end - start;
  }
  return sum;
}
