/**
 * composefs images as an output format: bytes of files become objects as they arrive, and the image
 * is written when the tree is final.
 *
 * @module
 */
import { ByteSlab } from "../../bytes/byte_slab.ts";
import type {
  FileWriter,
  ImageFormat,
  ImageWriter,
  WriterContext,
  WriteReport,
} from "../../format/image_format.ts";
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { VerityDigester } from "../../fsverity/verity_digest.ts";
import type { ByteSink } from "../../io/byte_sink.ts";
import { dumpTree } from "../../tree/dump.ts";
import { countLinks, eachDirectory, type FileTree } from "../../tree/file_tree.ts";
import { FileKind } from "../../tree/inode.ts";
import type { ObjectStore } from "../repository/object_store.ts";
import type { ImageContent } from "./content.ts";
import { isWhiteout } from "./file_order.ts";
import type { ImageVersion } from "./image_version.ts";
import {
  type BodyWriter,
  InlineBody,
  NamedBody,
  ObjectCount,
  StoredBody,
} from "./object_bodies.ts";
import { writeImage } from "./write_image.ts";

/** Options of {@linkcode composefsImage}. */
export interface ComposefsImageOptions {
  /**
   * Version of the image.
   *
   * @default {0}
   */
  readonly version?: ImageVersion;
  /**
   * Version of an image of a tree with whiteouts, where that is higher.
   *
   * @default {1}
   */
  readonly maxVersion?: ImageVersion;
  /**
   * Algorithm by which objects and the image are named.
   *
   * @default {"sha256"}
   */
  readonly algorithm?: VerityAlgorithm;
  /** Where objects are stored; without it they only get their names. */
  readonly store?: ObjectStore;
  /**
   * Write the tree as a dump file instead.
   *
   * @default {false}
   */
  readonly isDump?: boolean;
  /**
   * All times are 0.
   *
   * @default {false}
   */
  readonly useEpoch?: boolean;
  /**
   * Leave devices out.
   *
   * @default {false}
   */
  readonly skipDevices?: boolean;
  /**
   * Extended attributes: all of them, only those of the class `user`, or none.
   *
   * @default {"all"}
   */
  readonly xattrs?: "all" | "user" | "none";
  /** Changes the tree when it is complete, before anything is taken out of it. */
  readonly transform?: (tree: FileTree<ImageContent>) => void;
}

/** Files of up to this many bytes stand in the image itself. */
export const INLINE_FILE_SIZE = 64;

/** The format with these options, for `convert`. */
export function composefsImage(options: ComposefsImageOptions = {}): ImageFormat<ImageContent> {
  return {
    name: options.isDump ? "composefs dump file" : "composefs",
    streams: true,
    createWriter: (sink, context) => new ComposefsWriter(sink, context, options),
  };
}

/**
 * The version of the image of a tree: `version`, unless there are whiteouts and `maxVersion` marks
 * them better.
 */
export function imageVersionFor(
  tree: FileTree,
  version: ImageVersion,
  maxVersion: ImageVersion,
): ImageVersion {
  if (version > 0 || maxVersion === 0) return version;
  let hasWhiteout = false;
  eachDirectory(tree, ({ children }) => {
    for (const child of children!.values()) if (isWhiteout(child)) hasWhiteout = true;
  });
  return hasWhiteout ? 1 : version;
}

class ComposefsWriter implements ImageWriter<ImageContent> {
  readonly #sink: ByteSink;
  readonly #context: WriterContext;
  readonly #options: ComposefsImageOptions;
  readonly #objects: ObjectCount;
  readonly #digester: VerityDigester;
  readonly #inline = new ByteSlab();
  #open: BodyWriter | null = null;

  constructor(sink: ByteSink, context: WriterContext, options: ComposefsImageOptions) {
    this.#sink = sink;
    this.#context = context;
    this.#options = options;
    this.#digester = new VerityDigester(options.algorithm ?? "sha256");
    this.#objects = new ObjectCount(options.store ?? null);
  }

  beginFile(size: number): FileWriter<ImageContent> {
    const { store } = this.#options;
    if (size <= INLINE_FILE_SIZE) this.#open = new InlineBody(this.#inline.take(size));
    else if (store === undefined) this.#open = new NamedBody(size, this.#digester);
    else this.#open = new StoredBody(size, store, this.#objects);
    return this.#open;
  }

  release({ digest }: ImageContent): void {
    if (digest !== undefined) this.#objects.release(digest);
  }

  // deno-lint-ignore require-await -- an error must be a rejection
  async finish(tree: FileTree<ImageContent>): Promise<WriteReport> {
    this.#options.transform?.(tree);
    this.#reduce(tree);
    const { store } = this.#options;
    const stored = store === undefined ? {} : { ...store.counts };
    if (this.#options.isDump) {
      const size = writeDump(tree, this.#sink);
      return report("composefs dump file", size, stored);
    }
    const { version = 0, maxVersion = 1, algorithm } = this.#options;
    const written = writeImage(tree, this.#sink, {
      version: imageVersionFor(tree, version, maxVersion),
      algorithm,
      onNotice: this.#context.onNotice,
    });
    this.#sink.truncate(written.size);
    const { digest, inodeCount } = written;
    return report("composefs", written.size, {
      digest,
      version: written.version,
      inodes: inodeCount,
      ...stored,
    });
  }

  close(): void {
    this.#open?.abort();
  }

  /** Takes out of the tree what is not wanted. */
  #reduce(tree: FileTree<ImageContent>): void {
    const { useEpoch, skipDevices, xattrs = "all" } = this.#options;
    eachDirectory(tree, (directory) => {
      for (const [name, child] of directory.children!) {
        const isDevice = child.kind === FileKind.characterDevice ||
          child.kind === FileKind.blockDevice;
        if (skipDevices && isDevice) directory.children!.delete(name);
      }
      for (const inode of [directory, ...directory.children!.values()]) {
        if (useEpoch) inode.mtimeSeconds = inode.mtimeNanoseconds = 0;
        if (xattrs === "none") inode.xattrs = [];
        if (xattrs === "user") {
          inode.xattrs = inode.xattrs.filter(({ name }) => name.startsWith("user."));
        }
      }
    });
    countLinks(tree);
  }
}

function report(format: string, size: number, details: WriteReport["details"]): WriteReport {
  return { format, imageSize: size, writtenBytes: size, details };
}

/** Writes the dump file of a tree and answers its bytes. */
function writeDump(tree: FileTree<ImageContent>, sink: ByteSink): number {
  let position = 0;
  const encoder = new TextEncoder(); // The syntax has no byte above 0x7e.
  let lines: string[] = [];
  const flush = () => {
    const bytes = encoder.encode(lines.join(""));
    lines = [];
    sink.write(bytes, position);
    position += bytes.length;
  };
  for (const line of dumpTree(tree, (content) => content)) {
    lines.push(`${line}\n`);
    if (lines.length === 1000) flush();
  }
  flush();
  sink.truncate(position);
  return position;
}
