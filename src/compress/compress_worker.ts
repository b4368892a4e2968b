/**
 * The worker: compresses blocks until there are no more. Nothing but this file's own start runs
 * when it is loaded.
 *
 * @module
 */
import { type BlockCompression, blockCompressor } from "./block_codec.ts";
import { CompressSlots, type SlotMemory, SlotState } from "./compress_slots.ts";

/** What the worker is told, once. */
export interface CompressRequest {
  /** Where the blocks are. */
  readonly slots: SlotMemory;
  /** How to compress them. */
  readonly compression: BlockCompression;
}

/** The part of a worker's global scope that is used. */
interface WorkerScope {
  onmessage: ((event: { data: CompressRequest }) => void) | null;
  close(): void;
}

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = ({ data }) => {
  compressAll(data);
  scope.close();
};

function compressAll({ slots: memory, compression }: CompressRequest): void {
  const slots = new CompressSlots(memory);
  const compress = blockCompressor(compression);
  for (let number = slots.claim(); number !== null; number = slots.claim()) {
    try {
      const size = compress(slots.input(number), slots.outputRoom(number));
      slots.complete(number, size, SlotState.done);
    } catch {
      slots.complete(number, 0, SlotState.failed);
    }
  }
}
