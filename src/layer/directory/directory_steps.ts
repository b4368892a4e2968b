/**
 * The files of a layer that is a directory, or a stack of overlay directories.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import type { NoticeListener } from "../../notice.ts";
import { canonicalXattrs, FileKind, type Xattr } from "../../tree/inode.ts";
import type { DirectoryLayerJob } from "../layer.ts";
import { hardlinkEntry, nodeEntry } from "../layer_entry.ts";
import type { StepSource, StepTaker } from "../step_reading.ts";
import { walkDirectories, type WalkedFile } from "./directory_walk.ts";
import { FileCopy } from "./file_copy.ts";
import { hostInode } from "./host_inode.ts";
import { type LayerStack, openLayerStack } from "./layer_stack.ts";
import type { FoundFile } from "./overlay_lookup.ts";
import { visibleXattrs } from "./overlay_markers.ts";

/** The label that the security policy of this machine gave to a file. */
const HOST_LABEL = "security.selinux";

/** Walks directories. */
export class DirectorySteps implements StepSource {
  /** See {@linkcode StepSource.path}. */
  path: ByteString = "";
  readonly #job: DirectoryLayerJob;
  readonly #onNotice: NoticeListener;
  /** First name of every file with several names. */
  readonly #linked = new Map<string, ByteString>();
  #stack: LayerStack | null = null;
  #walk: Generator<WalkedFile, void> | null = null;

  /** The directories of `job` are opened by the first step. */
  constructor(job: DirectoryLayerJob, onNotice: NoticeListener) {
    this.#job = job;
    this.#onNotice = onNotice;
  }

  /** See {@linkcode StepSource.next}. */
  next(taker: StepTaker): boolean {
    this.#walk ??= this.#open();
    const next = this.#walk.next();
    if (next.done) return false;
    this.path = next.value.path;
    this.#take(next.value, taker);
    return true;
  }

  /** See {@linkcode StepSource.close}. */
  close(): void {
    this.#walk?.return();
    this.#walk = null;
    this.#stack?.close();
    this.#stack = null;
  }

  #open(): Generator<WalkedFile, void> {
    this.#stack = openLayerStack(this.#job, this.#onNotice);
    return walkDirectories(this.#stack.roots, {
      isOverlay: this.#job.markers === "overlay",
      oneFileSystem: this.#job.oneFileSystem,
    });
  }

  #take({ path, file }: WalkedFile, taker: StepTaker): void {
    const { stat } = file.top;
    const isLinked = stat.linkCount > 1 && file.parts.length === 0;
    const first = isLinked ? this.#linked.get(stat.identity) : undefined;
    if (first !== undefined) {
      taker.visit(hardlinkEntry(path, 0, first));
      return;
    }
    if (isLinked) this.#linked.set(stat.identity, path);
    const inode = hostInode(file.top, this.#xattrsOf(file));
    const isWanted = taker.visit(nodeEntry(path, 0, inode));
    if (isWanted && inode.kind === FileKind.regular && inode.size > 0) {
      taker.copy(new FileCopy(file.data));
    }
  }

  #xattrsOf({ top }: FoundFile): readonly Xattr[] {
    const xattrs = this.#job.markers === "overlay"
      ? visibleXattrs(top.xattrs)
      : canonicalXattrs(top.xattrs);
    return this.#job.keepsHostLabels ? xattrs : xattrs.filter(({ name }) => name !== HOST_LABEL);
  }
}
