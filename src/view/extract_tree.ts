/**
 * Files of an image, written in another format: all of them, a directory, or a single file.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import type { ImageFormat, WriteReport } from "../format/image_format.ts";
import type { ImageSink, OpenSink } from "../io/byte_sink.ts";
import type { NoticeListener } from "../notice.ts";
import { countLinks, eachDirectory, type FileTree } from "../tree/file_tree.ts";
import { FileKind, Inode } from "../tree/inode.ts";
import { findPath } from "./find_path.ts";
import type { TreeView } from "./tree_view.ts";

/** Options of {@linkcode extractTree}. */
export interface ExtractOptions {
  /** Stops the work: nothing is left behind then. */
  readonly signal?: AbortSignal;
  /** Hears remarks of the writer. */
  readonly onNotice?: NoticeListener;
}

/**
 * Writes what is at `path` of `view`: a directory becomes the root of the output, any other file
 * stands in it under its own name. Links on the way are followed, the last one is not. The view
 * cannot be read afterwards: its files have their places in the output.
 *
 * Rejects with `ImageError` for what is not there, cannot be read, or is not held by the format, or
 * with the signal's reason; `TypeError` where format and sink do not fit.
 */
export async function extractTree(
  view: TreeView,
  path: ByteString,
  format: ImageFormat<unknown>,
  sink: ImageSink,
  options: ExtractOptions = {},
): Promise<WriteReport> {
  if (!format.streams && !sink.seekable) {
    throw new TypeError(`Cannot write ${format.name} to ${sink.name}: it needs a file`);
  }
  view.takeOutOwnDirectory();
  const tree = subtree(view, path);
  countLinks(tree);
  const onNotice = options.onNotice ?? (() => {});
  const output = sink.open(onNotice);
  try {
    const report = await write(view, tree, path, format, output, onNotice);
    options.signal?.throwIfAborted();
    output.commit();
    return report;
  } catch (error) {
    output.abort();
    throw error;
  }
}

async function write(
  view: TreeView,
  tree: FileTree,
  path: ByteString,
  format: ImageFormat<unknown>,
  output: OpenSink,
  onNotice: NoticeListener,
): Promise<WriteReport> {
  const files = new Set<Inode>();
  let expectedBytes = 0;
  eachDirectory(tree, (directory) => {
    for (const child of directory.children!.values()) {
      if (child.kind !== FileKind.regular || child.size === 0 || files.has(child)) continue;
      files.add(child);
      expectedBytes += child.size;
    }
  });
  const writer = format.createWriter(output, {
    identity: () => `${view.image?.digest ?? ""} ${path}`,
    createdSeconds: view.createdSeconds,
    architecture: view.image?.platform?.architecture,
    expectedBytes,
    onNotice,
    scratchDirectory: output.scratchDirectory,
  });
  try {
    await view.place(files, writer);
    return await writer.finish(tree);
  } finally {
    writer.close?.();
  }
}

function subtree(view: TreeView, path: ByteString): FileTree {
  const { path: asked, inode } = findPath(view.tree, path, path === "" || path.endsWith("/"));
  if (inode.kind === FileKind.directory) return { root: inode };
  const root = new Inode(FileKind.directory, 0o755);
  root.mtimeSeconds = root.atimeSeconds = view.createdSeconds;
  // What is no directory has a name at the end of its path: `..` leads to directories only.
  root.children!.set(asked.slice(asked.lastIndexOf("/") + 1), inode);
  return { root };
}
