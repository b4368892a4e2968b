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
  const last = await decode(writer, id, job, verifyDiffIds);
  // The answer comes last: the ring may be given to another layer as soon as it is heard.
  writer.end();
  scope.postMessage(last);
}

async function decode(
  writer: RingWriter,
  id: number,
  job: TarLayerJob,
  verifyDiffIds: boolean,
): Promise<WorkerAnswer> {
  try {
    const reader = await LayerChunkReader.open(job, {
      verifyDiffIds,
      onNotice: (notice) => scope.postMessage({ kind: "notice", id, notice }),
    });
    try {
      for (let size = CHUNK_SIZE; size === CHUNK_SIZE;) {
        size = await reader.read(await writer.next());
        if (size > 0) writer.publish(size, reader.readBytes);
      }
      return { kind: "end", id, summary: reader.summary! };
    } finally {
      reader.close();
    }
  } catch (error) {
    return { kind: "error", id, error: sentError(error) };
  }
}
