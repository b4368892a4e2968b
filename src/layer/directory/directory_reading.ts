/**
 * A layer that is a directory, or a stack of overlay directories, while it is being read.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import { displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { canonicalXattrs, FileKind, type Xattr } from "../../tree/inode.ts";
import type { DirectoryLayerJob, Layer } from "../layer.ts";
import { hardlinkEntry, type LayerEntry, type LayerVisitor, nodeEntry } from "../layer_entry.ts";
import type { LayerReading, LayerReadingOptions, LayerSummary } from "../layer_reading.ts";
import { ContentDigest } from "./content_digest.ts";
import { walkDirectories, type WalkedFile } from "./directory_walk.ts";
import { FileCopy, type FileReceiver, PIECE_SIZE } from "./file_copy.ts";
import { digestingReceiver, ENTRY_SIZE, StepPace, type Steps } from "./step_pace.ts";
import { hostInode } from "./host_inode.ts";
import { type LayerStack, openLayerStack } from "./layer_stack.ts";
import type { FoundFile } from "./overlay_lookup.ts";
import { visibleXattrs } from "./overlay_markers.ts";

/** The label that the security policy of this machine gave to a file. */
const HOST_LABEL = "security.selinux";

/** Reads a directory step by step. */
export class DirectoryReading implements LayerReading, Steps {
  readonly #layer: Layer;
  readonly #job: DirectoryLayerJob;
  readonly #visitor: LayerVisitor;
  readonly #options: LayerReadingOptions;
  readonly #digest = new ContentDigest();
  readonly #buffer = new Uint8Array(PIECE_SIZE);
  readonly #receiver: FileReceiver;
  readonly #pace: StepPace;
  /** First name of every file with several names. */
  readonly #linked = new Map<string, ByteString>();
  #stack: LayerStack | null = null;
  #walk: Generator<WalkedFile, void> | null = null;
  #copy: FileCopy | null = null;
  #path: ByteString = "";
  #entryCount = 0;
  #byteCount = 0;
  /** Entries and bytes so far, in the measure of turns. */
  #offset = 0;
  #summary: LayerSummary | null = null;

  /** Reads the directories of `job`, that of `layer`, for `visitor`. */
  constructor(
    layer: Layer,
    job: DirectoryLayerJob,
    visitor: LayerVisitor,
    options: LayerReadingOptions,
  ) {
    this.#layer = layer;
    this.#job = job;
    this.#visitor = visitor;
    this.#options = options;
    this.#receiver = digestingReceiver(this.#digest, visitor);
    this.#pace = new StepPace(options);
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

  /** Gives files and memory back. */
  close(): void {
    this.#copy?.close();
    this.#copy = null;
    this.#walk?.return();
    this.#walk = null;
    this.#stack?.close();
    this.#stack = null;
  }

  /** Takes the next entry, or the next piece of a file. */
  step(): void {
    try {
      if (this.#copy !== null) return this.#copyPiece(this.#copy);
      this.#walk ??= this.#open();
      const next = this.#walk.next();
      if (next.done) return this.#finish();
      this.#path = next.value.path;
      if (this.#path === "" && this.#job.hasForeignRoot === true) return;
      this.#take(next.value);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      throw error.at({
        layer: this.#layer.name,
        path: this.#path === "" ? undefined : displayByteString(this.#path),
      });
    }
  }

  #open(): Generator<WalkedFile, void> {
    this.#stack = openLayerStack(this.#job, (notice) => this.#options.onNotice?.(notice));
    return walkDirectories(this.#stack.roots, {
      isOverlay: this.#job.markers === "overlay",
      oneFileSystem: this.#job.oneFileSystem,
    });
  }

  #take({ path, file }: WalkedFile): void {
    this.#offset += ENTRY_SIZE;
    this.#entryCount++;
    const { stat } = file.top;
    const isLinked = stat.linkCount > 1 && file.parts.length === 0;
    const first = isLinked ? this.#linked.get(stat.identity) : undefined;
    if (first !== undefined) {
      this.#visit(hardlinkEntry(path, 0, first));
      return;
    }
    if (isLinked) this.#linked.set(stat.identity, path);
    const inode = hostInode(file.top, this.#xattrsOf(file));
    const isWanted = this.#visit(nodeEntry(path, 0, inode));
    if (isWanted && inode.kind === FileKind.regular && inode.size > 0) {
      this.#copy = new FileCopy(file.data);
    }
  }

  #xattrsOf({ top }: FoundFile): readonly Xattr[] {
    const xattrs = this.#job.markers === "overlay"
      ? visibleXattrs(top.xattrs)
      : canonicalXattrs(top.xattrs);
    return this.#job.keepsHostLabels ? xattrs : xattrs.filter(({ name }) => name !== HOST_LABEL);
  }

  #visit(entry: LayerEntry): boolean {
    this.#digest.entry(entry);
    return this.#visitor.entry(entry);
  }

  #copyPiece(copy: FileCopy): void {
    const count = copy.next(this.#buffer, this.#receiver);
    this.#offset += count;
    this.#byteCount += count;
    if (count > 0) return;
    copy.close();
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
