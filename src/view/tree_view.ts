/**
 * Any image as a tree that can be looked into: names and metadata at once, the bytes of files when
 * they are asked for. Nothing is converted or unpacked.
 *
 * @module
 */
import type { ConvertProgress } from "../convert/convert.ts";
import type { ReadingOptions } from "../convert/image_reading.ts";
import type { BodyWriter } from "../convert/layer_placement.ts";
import type { Disk } from "../disk/disk_container.ts";
import type { ImageReader } from "../format/image_reader.ts";
import type { Image } from "../source/image.ts";
import { openImage } from "../transport/open_image.ts";
import type { DownloadProgress } from "../source/remote/download_progress.ts";
import type { ImageOptions } from "../source/remote/remote_options.ts";
import type { FileTree } from "../tree/file_tree.ts";
import type { Inode } from "../tree/inode.ts";
import { imageFileIn, openFileView } from "./file_view.ts";
import { openLayeredView } from "./layered_view.ts";
import type { ExpectedFiles } from "./matching_writer.ts";

/** What is wanted of the bytes of files while the layers of an image are read. */
export type WantedContents = "none" | "digests";

/** Options of {@linkcode openTree}. */
export interface TreeOptions
  extends Omit<ImageOptions, "onProgress">, Omit<ReadingOptions, "onProgress" | "signal"> {
  /**
   * `digests` hashes every file as the layers go by, so that trees can be compared: each byte is
   * decompressed once. With `none` files of directories are not even opened.
   *
   * @default {"none"}
   */
  readonly contents?: WantedContents;
  /**
   * Files that the image probably has: with `digests`, those that are found there byte for byte are
   * not hashed. Keep it open as long as the view.
   */
  readonly expected?: ExpectedFiles;
  /** Time for what has none of its own, seconds since 1970; default: the image's own, or 0. */
  readonly createdSeconds?: number;
  /** Hears how far downloads and layers are. */
  readonly onProgress?: (event: ConvertProgress | DownloadProgress) => void;
  /** Hears of the image when it was opened, before its layers are read. */
  readonly onOpen?: (image: Image) => void;
}

/** Takes the bytes of one file, in order. */
export interface BytesReceiver {
  /** The next bytes; the memory is reused after the call. */
  write(bytes: Uint8Array): void;
  /** The next `byteCount` bytes are a hole: zeros. */
  skip(byteCount: number): void;
  /**
   * Resolves when more may come: awaited behind every MiB at most. Absent where everything is taken at
   * once.
   */
  drain?(): Promise<void>;
}

/** An image that was opened to be looked into. */
export interface TreeView {
  /** The reference it was opened by. */
  readonly reference: string;
  /** All files. */
  readonly tree: FileTree;
  /** Configuration and layers where it is made of layers, else `null`. */
  readonly image: Image | null;
  /** Describes and checks it, and reads files at positions; `null` where it is made of layers. */
  readonly reader: ImageReader | null;
  /** What is around a filesystem image; `null` where it is made of layers. */
  readonly disk: Disk | null;
  /** SHA-256 of a file's bytes, hexadecimal; absent where it was not asked for and must be. */
  readonly digest?: (content: unknown, size: number) => string;
  /** Whether the bytes at `content` are known to be those at `other` of the expected files. */
  readonly isSame?: (content: unknown, other: unknown) => boolean;
  /** Time for what has none of its own, seconds since 1970. */
  readonly createdSeconds: number;
  /** Gives the bytes of the regular file `inode` of the tree to `receiver`. */
  readFile(inode: Inode, receiver: BytesReceiver): Promise<void>;
  /** Gives the bytes of `files` to `writer`, in an order of its own; `content` is then what that answers. */
  place(files: ReadonlySet<Inode>, writer: BodyWriter<unknown>): Promise<void>;
  /** Takes out of the tree what the format put there by itself: an empty `lost+found` of ext4. */
  takeOutOwnDirectory(): void;
  /** Gives files back. */
  close(): Promise<void>;
}

/**
 * Opens what `reference` names, as `openImage` does, and reads its tree: layers are merged, a
 * filesystem image is opened by its reader. Close it afterwards.
 *
 * Rejects with what `openImage` and reading layers reject with, or the reason of the signal.
 *
 * @example
 * ```ts
 * import { findPath, openTree } from "@x/oci2rootfs";
 *
 * const view = await openTree("testdata/layouts/tiny");
 * const { inode } = findPath(view.tree, "/etc/passwd", true);
 * const decoder = new TextDecoder();
 * let text = "";
 * await view.readFile(inode, {
 *   write: (bytes) => text += decoder.decode(bytes, { stream: true }),
 *   skip: (byteCount) => text += "\0".repeat(byteCount),
 * });
 * console.assert(text.startsWith("root:x:0:0:") && inode.uid === 0);
 * await view.close();
 * ```
 */
export async function openTree(reference: string, options: TreeOptions = {}): Promise<TreeView> {
  options.signal?.throwIfAborted();
  const file = imageFileIn(reference);
  if (file !== null) return await openFileView(reference, file, options);
  const image = await openImage(reference, options);
  try {
    options.onOpen?.(image);
    return await openLayeredView(image, options);
  } catch (error) {
    await image.close();
    throw error;
  }
}
