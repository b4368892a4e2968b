/**
 * A layer that is a tree with the bytes of its files, while it is being read.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { type TreeEntry, walk } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import { ContentDigest } from "../directory/content_digest.ts";
import { type FileReceiver, PIECE_SIZE } from "../directory/file_copy.ts";
import { digestingReceiver, ENTRY_SIZE, StepPace, type Steps } from "../directory/step_pace.ts";
import type { Layer, TreeLayerJob } from "../layer.ts";
import { hardlinkEntry, type LayerEntry, type LayerVisitor, nodeEntry } from "../layer_entry.ts";
import type { LayerReading, LayerReadingOptions, LayerSummary } from "../layer_reading.ts";
import { ContentCopy } from "./content_copy.ts";

/** Reads a tree step by step, in the order of its paths. */
export class TreeReading implements LayerReading, Steps {
  readonly #layer: Layer;
  readonly #job: TreeLayerJob;
  readonly #visitor: LayerVisitor;
  readonly #options: LayerReadingOptions;
  readonly #digest = new ContentDigest();
  readonly #buffer = new Uint8Array(PIECE_SIZE);
  readonly #receiver: FileReceiver;
  readonly #pace: StepPace;
  readonly #walk: Generator<TreeEntry>;
  /** First name of every file with several names. */
  readonly #linked = new Map<Inode, ByteString>();
  #copy: ContentCopy<unknown> | null = null;
  #path: ByteString = "";
  #entryCount = 0;
  #byteCount = 0;
  /** Entries and bytes so far, in the measure of turns. */
  #offset = 0;
  #summary: LayerSummary | null = null;

  /** Reads the tree of `job`, that of `layer`, for `visitor`. */
  constructor(
    layer: Layer,
    job: TreeLayerJob,
    visitor: LayerVisitor,
    options: LayerReadingOptions,
  ) {
    this.#layer = layer;
    this.#job = job;
    this.#visitor = visitor;
    this.#options = options;
    this.#receiver = digestingReceiver(this.#digest, visitor);
    this.#pace = new StepPace(options);
    this.#walk = walk(job.tree);
  }

  /** See {@linkcode LayerReading.summary}. */
  get summary(): LayerSummary | null {
    return this.#summary;
  }

  /** See {@linkcode LayerReading.advance}; an entry counts 512 bytes beside those of its file. */
  advance(byteCount: number): Promise<boolean> {
    return this.#pace.advance(this, byteCount);
  }

  /** See {@linkcode Steps.offset}. */
  get offset(): number {
    return this.#offset;
  }

  /** See {@linkcode Steps.byteCount}. */
  get byteCount(): number {
    return this.#byteCount;
  }

  /** See {@linkcode Steps.isInFile}. */
  get isInFile(): boolean {
    return this.#copy !== null;
  }

  /** See {@linkcode Steps.isComplete}. */
  get isComplete(): boolean {
    return this.#summary !== null;
  }

  /** Gives memory back; what the tree is read from belongs to whoever opened it. */
  close(): void {
    this.#copy = null;
    this.#linked.clear();
  }

  /** Takes the next entry, or the next piece of a file. */
  step(): void {
    try {
      if (this.#copy !== null) return this.#copyPiece(this.#copy);
      const next = this.#walk.next();
      if (next.done) return this.#finish();
      this.#take(next.value);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      throw error.at({
        layer: this.#layer.name,
        path: this.#path === "" ? undefined : displayByteString(this.#path),
      });
    }
  }

  #take({ path, inode }: TreeEntry): void {
    this.#path = path;
    this.#offset += ENTRY_SIZE;
    this.#entryCount++;
    // A tree may carry counts or none; one name alone needs no memory.
    const mayBeLinked = inode.kind !== FileKind.directory && inode.linkCount !== 1;
    const first = mayBeLinked ? this.#linked.get(inode) : undefined;
    if (first !== undefined) {
      this.#visit(hardlinkEntry(path, 0, first));
      return;
    }
    if (mayBeLinked) this.#linked.set(inode, path);
    const isWanted = this.#visit(nodeEntry(path, 0, copyOf(inode)));
    if (!isWanted || inode.kind !== FileKind.regular || inode.size === 0) return;
    this.#copy = new ContentCopy(this.#job.reader, inode.content, inode.size);
  }

  #visit(entry: LayerEntry): boolean {
    this.#digest.entry(entry);
    return this.#visitor.entry(entry);
  }

  #copyPiece(copy: ContentCopy<unknown>): void {
    const count = copy.next(this.#buffer, this.#receiver);
    this.#offset += count;
    this.#byteCount += count;
    if (!copy.isComplete) return;
    this.#copy = null;
    this.#visitor.end();
  }

  #finish(): void {
    this.#summary = {
      uncompressedSize: this.#byteCount,
      compression: "none",
      isDigestVerified: false,
      isDiffIdVerified: false,
      contentDigest: this.#digest.finish(),
      entryCount: this.#entryCount,
    };
    this.#options.onProgress?.(this.#byteCount);
  }
}

/** A file without names and bytes: those of the tree belong to its own reader. */
function copyOf(inode: Inode): Inode {
  const copy = new Inode(inode.kind, inode.permissions);
  copy.uid = inode.uid;
  copy.gid = inode.gid;
  copy.mtimeSeconds = inode.mtimeSeconds;
  copy.mtimeNanoseconds = inode.mtimeNanoseconds;
  copy.atimeSeconds = inode.atimeSeconds;
  copy.atimeNanoseconds = inode.atimeNanoseconds;
  copy.size = inode.size;
  copy.deviceMajor = inode.deviceMajor;
  copy.deviceMinor = inode.deviceMinor;
  copy.target = inode.target;
  copy.xattrs = inode.xattrs;
  return copy;
}
