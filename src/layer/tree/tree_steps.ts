/**
 * The files of a layer that is a tree, in the order of their paths.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import { type TreeEntry, walk } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import type { TreeLayerJob } from "../layer.ts";
import { hardlinkEntry, nodeEntry } from "../layer_entry.ts";
import type { StepSource, StepTaker } from "../step_reading.ts";
import { ContentCopy } from "./content_copy.ts";

/** Walks a tree. */
export class TreeSteps implements StepSource {
  /** See {@linkcode StepSource.path}. */
  path: ByteString = "";
  readonly #job: TreeLayerJob;
  readonly #walk: Generator<TreeEntry>;
  /** First name of every file with several names. */
  readonly #linked = new Map<Inode, ByteString>();

  /** Walks the tree of `job`. */
  constructor(job: TreeLayerJob) {
    this.#job = job;
    this.#walk = walk(job.tree);
  }

  /** See {@linkcode StepSource.next}. */
  next(taker: StepTaker): boolean {
    const next = this.#walk.next();
    if (next.done) return false;
    this.#take(next.value, taker);
    return true;
  }

  /** See {@linkcode StepSource.close}; what the tree is read from belongs to whoever opened it. */
  close(): void {
    this.#linked.clear();
  }

  #take({ path, inode }: TreeEntry, taker: StepTaker): void {
    this.path = path;
    // A tree may carry counts or none; one name alone needs no memory.
    const mayBeLinked = inode.kind !== FileKind.directory && inode.linkCount !== 1;
    const first = mayBeLinked ? this.#linked.get(inode) : undefined;
    if (first !== undefined) {
      taker.visit(hardlinkEntry(path, 0, first));
      return;
    }
    if (mayBeLinked) this.#linked.set(inode, path);
    const isWanted = taker.visit(nodeEntry(path, 0, copyOf(inode)));
    if (!isWanted || inode.kind !== FileKind.regular || inode.size === 0) return;
    taker.copy(new ContentCopy(this.#job.reader, inode.content, inode.size));
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
