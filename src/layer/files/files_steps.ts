/**
 * The files of a layer that is a short list of them.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import type { NoticeListener } from "../../notice.ts";
import { canonicalXattrs, FileKind, Inode } from "../../tree/inode.ts";
import { FileCopy } from "../directory/file_copy.ts";
import { hostInode } from "../directory/host_inode.ts";
import type { FilesLayerJob, GivenFile } from "../layer.ts";
import { nodeEntry } from "../layer_entry.ts";
import type { StepSource, StepTaker } from "../step_reading.ts";
import { openHostFile } from "./host_file.ts";

/** The label that the security policy of this machine gave to a file. */
const HOST_LABEL = "security.selinux";

/** Goes through a list of files. */
export class FilesSteps implements StepSource {
  /** See {@linkcode StepSource.path}. */
  path: ByteString = "";
  readonly #files: readonly GivenFile[];
  readonly #onNotice: NoticeListener;
  #next = 0;

  /** The files of `job` are opened one by one. */
  constructor(job: FilesLayerJob, onNotice: NoticeListener) {
    this.#files = job.files;
    this.#onNotice = onNotice;
  }

  /** See {@linkcode StepSource.next}. */
  next(taker: StepTaker): boolean {
    if (this.#next === this.#files.length) return false;
    const file = this.#files[this.#next++];
    this.path = file.path;
    if (file.kind === "host") this.#takeHostFile(file.path, file.hostPath, taker);
    else takeMadeFile(file, taker);
    return true;
  }

  /** See {@linkcode StepSource.close}; every file is closed with its bytes. */
  close(): void {}

  #takeHostFile(path: ByteString, hostPath: string, taker: StepTaker): void {
    const opened = openHostFile(hostPath, this.#onNotice);
    let isCopying = false;
    try {
      const { file } = opened;
      const xattrs = canonicalXattrs(file.xattrs).filter(({ name }) => name !== HOST_LABEL);
      const inode = hostInode(file, xattrs);
      if (!taker.visit(nodeEntry(path, 0, inode)) || inode.size === 0) return;
      const copy = new FileCopy(file);
      isCopying = true;
      taker.copy({
        next: (buffer, receiver) => copy.next(buffer, receiver),
        close() {
          copy.close();
          opened.close();
        },
      });
    } finally {
      if (!isCopying) opened.close();
    }
  }
}

function takeMadeFile(file: Exclude<GivenFile, { kind: "host" }>, taker: StepTaker): void {
  const isDirectory = file.kind === "directory";
  const inode = isDirectory
    ? new Inode(FileKind.directory, 0o755)
    : new Inode(FileKind.regular, file.permissions);
  inode.mtimeSeconds = inode.atimeSeconds = file.mtimeSeconds;
  if (!isDirectory) inode.size = file.bytes.length;
  const isWanted = taker.visit(nodeEntry(file.path, 0, inode));
  if (!isDirectory) taker.give(file.bytes, isWanted);
}
