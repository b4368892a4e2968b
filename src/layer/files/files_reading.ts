/**
 * A layer that is a short list of files while it is being read.
 *
 * @module
 */
import { displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { canonicalXattrs, FileKind, Inode } from "../../tree/inode.ts";
import { ContentDigest } from "../directory/content_digest.ts";
import { FileCopy, type FileReceiver, PIECE_SIZE } from "../directory/file_copy.ts";
import { digestingReceiver, ENTRY_SIZE, StepPace, type Steps } from "../directory/step_pace.ts";
import { hostInode } from "../directory/host_inode.ts";
import type { FilesLayerJob, GivenFile, Layer } from "../layer.ts";
import { type LayerVisitor, nodeEntry } from "../layer_entry.ts";
import type { LayerReading, LayerReadingOptions, LayerSummary } from "../layer_reading.ts";
import { openHostFile } from "./host_file.ts";

/** The label that the security policy of this machine gave to a file. */
const HOST_LABEL = "security.selinux";

/** A file that is being copied. */
interface OpenCopy {
  readonly copy: FileCopy;
  close(): void;
}

/** Reads a list of files step by step. */
export class FilesReading implements LayerReading, Steps {
  readonly #layer: Layer;
  readonly #files: readonly GivenFile[];
  readonly #visitor: LayerVisitor;
  readonly #options: LayerReadingOptions;
  readonly #digest = new ContentDigest();
  readonly #receiver: FileReceiver;
  readonly #pace: StepPace;
  #buffer: Uint8Array<ArrayBuffer> | null = null;
  #open: OpenCopy | null = null;
  #next = 0;
  #byteCount = 0;
  /** Entries and bytes so far, in the measure of turns. */
  #offset = 0;
  #summary: LayerSummary | null = null;

  /** Reads the files of `job`, that of `layer`, for `visitor`. */
  constructor(
    layer: Layer,
    job: FilesLayerJob,
    visitor: LayerVisitor,
    options: LayerReadingOptions,
  ) {
    this.#layer = layer;
    this.#files = job.files;
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
    return this.#open !== null;
  }

  /** See {@linkcode Steps.isComplete}. */
  get isComplete(): boolean {
    return this.#summary !== null;
  }

  /** Gives files and memory back. */
  close(): void {
    this.#open?.close();
    this.#open = null;
  }

  /** Takes the next file, or the next piece of one. */
  step(): void {
    const file = this.#files[this.#open === null ? this.#next : this.#next - 1];
    try {
      if (this.#open !== null) return this.#copyPiece(this.#open);
      if (file === undefined) return this.#finish();
      this.#next++;
      this.#offset += ENTRY_SIZE;
      if (file.kind === "host") this.#takeHostFile(file.path, file.hostPath);
      else this.#takeMadeFile(file);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      throw error.at({ layer: this.#layer.name, path: file && displayByteString(file.path) });
    }
  }

  #takeHostFile(path: string, hostPath: string): void {
    const opened = openHostFile(hostPath, (notice) => this.#options.onNotice?.(notice));
    let isCopying = false;
    try {
      const { file } = opened;
      const xattrs = canonicalXattrs(file.xattrs).filter(({ name }) => name !== HOST_LABEL);
      const inode = hostInode(file, xattrs);
      if (!this.#visit(path, inode) || inode.size === 0) return;
      const copy = new FileCopy(file);
      isCopying = true;
      this.#open = {
        copy,
        close: () => {
          copy.close();
          opened.close();
        },
      };
    } finally {
      if (!isCopying) opened.close();
    }
  }

  #takeMadeFile(file: Exclude<GivenFile, { kind: "host" }>): void {
    const isDirectory = file.kind === "directory";
    const inode = isDirectory
      ? new Inode(FileKind.directory, 0o755)
      : new Inode(FileKind.regular, file.permissions);
    inode.mtimeSeconds = inode.atimeSeconds = file.mtimeSeconds;
    if (!isDirectory) inode.size = file.bytes.length;
    const isWanted = this.#visit(file.path, inode);
    if (isDirectory) return;
    // The digest is that of the files, whether their bytes are wanted or not.
    this.#digest.bytes(file.bytes);
    this.#offset += inode.size;
    this.#byteCount += inode.size;
    if (!isWanted || inode.size === 0) return;
    this.#visitor.write(file.bytes);
    this.#visitor.end();
  }

  #visit(path: string, inode: Inode): boolean {
    const entry = nodeEntry(path, 0, inode);
    this.#digest.entry(entry);
    return this.#visitor.entry(entry);
  }

  #copyPiece({ copy }: OpenCopy): void {
    this.#buffer ??= new Uint8Array(PIECE_SIZE);
    const count = copy.next(this.#buffer, this.#receiver);
    this.#offset += count;
    this.#byteCount += count;
    if (count > 0) return;
    this.close();
    this.#visitor.end();
  }

  #finish(): void {
    this.#summary = {
      uncompressedSize: this.#byteCount,
      compression: "none",
      isDigestVerified: false,
      isDiffIdVerified: false,
      contentDigest: this.#digest.finish(),
      entryCount: this.#files.length,
    };
    this.#options.onProgress?.(this.#byteCount);
  }
}
