/**
 * What every output format offers: a writer that takes file bytes first and the tree last.
 *
 * @module
 */
import type { ByteSink } from "../io/byte_sink.ts";
import type { NoticeListener } from "../notice.ts";
import type { FileTree } from "../tree/file_tree.ts";

/** Takes the bytes of one regular file, in order. */
export interface FileWriter<C> {
  /** The next bytes; the memory may be reused after the call. */
  write(bytes: Uint8Array): void;
  /** The next `byteCount` bytes are a hole: zeros that need not be stored. */
  skip(byteCount: number): void;
  /** The file is complete: answers where its bytes are. Throws `RangeError` where bytes are missing. */
  end(): C;
}

/** What a finished image looks like; formats extend it. */
export interface WriteReport {
  /** Format name, as `ext4`. */
  readonly format: string;
  /** Bytes of the image file, holes included. */
  readonly imageSize: number;
  /** Bytes that were written; the rest of the image is holes. */
  readonly writtenBytes: number;
  /** Further facts of the format for people and programs (`uuid`, `blockSize`, counts…). */
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** Writes one image. Data first, metadata last. */
export interface ImageWriter<C> {
  /**
   * Files that may be open at a time, their writes in any order; 1 when absent. With 2, layers that
   * are read side by side take turns inside files too, so that none waits for the end of another's.
   */
  readonly openFileCount?: number;
  /** Begins a file of `size` (> 0) bytes. Throws `TypeError` while too many are open. */
  beginFile(size: number): FileWriter<C>;
  /** The bytes at `content` were placed but are dead: they must not be in the image. */
  release(content: C): void;
  /** Plans the layout, writes all metadata and answers what was made. */
  finish(tree: FileTree<C>): Promise<WriteReport>;
  /**
   * Gives back what the writer holds besides the sink (workers, temporary files). Called once in
   * every case, after `finish` or instead of it; absent where there is nothing to give back.
   */
  close?(): void;
}

/** What a writer may know of the input before the first byte. */
export interface WriterContext {
  /**
   * Identity of the input (its manifest digest, say): derived UUIDs depend on it and on the options.
   * Of some inputs it is known only when all of it was read: it may be asked for in `finish` alone.
   */
  readonly identity: () => string;
  /** Time for everything that has none of its own, seconds since 1970. */
  readonly createdSeconds: number;
  /** A guess of the bytes to come, for reserving room in front; never a limit. */
  readonly expectedBytes: number;
  /** Processor that the input is for, in the names of container images (`amd64`), where it says so. */
  readonly architecture?: string;
  /** Where remarks go. */
  readonly onNotice: NoticeListener;
  /** Stops long work in `finish`, which then rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Where temporary files may go; absent where the system's own directory for them is right. */
  readonly scratchDirectory?: string;
}

/** An output format with its options, ready to write. */
export interface ImageFormat<C> {
  /** Name, as `ext4`. */
  readonly name: string;
  /** `true` when it writes in order from the first byte to the last, so that a pipe will do. */
  readonly streams: boolean;
  /** `true` when it makes real files: its sink must take a tree. */
  readonly makesTree?: boolean;
  /** `true` when it makes a layer: its trees tell what they mean for a base (`FileTree.marks`). */
  readonly makesLayer?: boolean;
  /** `true` when it holds names and metadata alone: nobody needs to read the bytes of files. */
  readonly hasNoContents?: boolean;
  /** Begins an image in `sink`. */
  createWriter(sink: ByteSink, context: WriterContext): ImageWriter<C>;
}
