/**
 * The worker: decodes layers into rings, several at a time where it is asked to. Nothing but this
 * file's own start runs when it is loaded.
 *
 * @module
 */
import type { TarLayerJob } from "../layer.ts";
import { CHUNK_SIZE, LayerChunkReader } from "../layer_chunks.ts";
import { RingWriter } from "./chunk_ring.ts";
import { type ReadRequest, sentError, type WorkerAnswer } from "./messages.ts";

/** The part of a worker's global scope that is used. */
interface WorkerScope {
  onmessage: ((event: { data: ReadRequest }) => void) | null;
  postMessage(answer: WorkerAnswer): void;
}

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = ({ data }) => void answer(data);
scope.postMessage({ kind: "ready" });

async function answer({ id, job, verifyDiffIds, ring }: ReadRequest): Promise<void> {
  const writer = new RingWriter(ring);
  try {
    const reader = await LayerChunkReader.open(job satisfies TarLayerJob, {
      verifyDiffIds,
      onNotice: (notice) => scope.postMessage({ kind: "notice", id, notice }),
    });
    try {
      for (let size = CHUNK_SIZE; size === CHUNK_SIZE;) {
        size = await reader.read(await writer.next());
        if (size > 0) writer.publish(size, reader.readBytes);
      }
      scope.postMessage({ kind: "end", id, summary: reader.summary! });
    } finally {
      reader.close();
    }
  } catch (error) {
    scope.postMessage({ kind: "error", id, error: sentError(error) });
  }
  writer.end();
}
