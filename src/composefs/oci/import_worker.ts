/**
 * The worker: stores layers of images, one at a time, with everything that this takes. Objects and
 * streams have the names of their bytes, so it does not matter who stores what in which order.
 *
 * @module
 */
import { Linux } from "../../io/linux.ts";
import { InlineChunks } from "../../layer/layer_chunks.ts";
import { sentError } from "../../layer/worker/messages.ts";
import type { NoticeListener } from "../../notice.ts";
import type { ObjectCounts, ObjectStore } from "../repository/object_store.ts";
import { openObjects } from "../repository/open_objects.ts";
import type { SharedBodies } from "../splitstream/shared_bodies.ts";
import { storeBlob } from "./blob_layer.ts";
import { copyLayer } from "./copied_layer.ts";
import { importLayer } from "./import_layer.ts";
import type { ImportAnswer, ImportRequest } from "./import_messages.ts";

/** The part of a worker's global scope that is used. */
interface WorkerScope {
  onmessage: ((event: { data: ImportRequest }) => void) | null;
  postMessage(answer: ImportAnswer): void;
}

/** Stores what it is asked to. */
class StoringWorker {
  readonly #scope: WorkerScope;
  #linux: Linux | null = null;
  #objects: ObjectStore | null = null;

  constructor(scope: WorkerScope) {
    this.#scope = scope;
  }

  /** Stores a layer and answers what came of it. */
  async answer(request: ImportRequest): Promise<void> {
    let last: ImportAnswer;
    try {
      last = await this.#store(request);
    } catch (error) {
      last = { kind: "error", error: sentError(error) };
    }
    this.#scope.postMessage(last);
  }

  async #store(request: ImportRequest): Promise<ImportAnswer> {
    const { index, name, job, diffId, isBlob, localFetch } = request;
    const stop = new Int32Array(request.stop);
    const objects = this.#objects ??= this.#open(request);
    const before = { ...objects.counts };
    const onNotice: NoticeListener = (notice) =>
      this.#scope.postMessage({ kind: "notice", notice });
    const onProgress = (readBytes: number) => {
      // A message would come too late: a thread at work hears none.
      if (Atomics.load(stop, 0) !== 0) throw new Error("stopped");
      this.#scope.postMessage({ kind: "progress", readBytes });
    };
    if (job.kind === "copy" || isBlob) {
      const stored = job.kind === "copy"
        ? await copyLayer(objects, job, diffId, { onProgress })
        : await storeBlob(objects, job, name, { onProgress });
      return { kind: "end", ...stored, counts: countsSince(objects.counts, before) };
    }
    const layer = { layer: { index, name, size: job.size, job }, job, diffId };
    const open = (bodies: SharedBodies | undefined) =>
      new InlineChunks({ ...job, diffId }, { verifyDiffIds: true, bodies, onNotice }, true);
    const stored = await importLayer(objects, layer, open, { localFetch, onNotice, onProgress });
    return { kind: "end", ...stored, counts: countsSince(objects.counts, before) };
  }

  /** Opens the objects of the one repository that this worker serves as long as it lives. */
  #open({ path, algorithm, isSecure }: ImportRequest): ObjectStore {
    const linux = Linux.open();
    if (linux instanceof Linux) this.#linux = linux;
    return openObjects(path, algorithm, isSecure, this.#linux);
  }
}

function countsSince(now: ObjectCounts, before: ObjectCounts): ObjectCounts {
  return {
    newObjects: now.newObjects - before.newObjects,
    newBytes: now.newBytes - before.newBytes,
    knownObjects: now.knownObjects - before.knownObjects,
    knownBytes: now.knownBytes - before.knownBytes,
  };
}

const scope = globalThis as unknown as WorkerScope;
const worker = new StoringWorker(scope);
scope.onmessage = ({ data }) => void worker.answer(data);
scope.postMessage({ kind: "ready" });
