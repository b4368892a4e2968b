/**
 * What a splitstream holds, bit by bit as it was: the tar of a layer, or a document.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { ObjectStore } from "../repository/object_store.ts";
import type { Splitstream } from "./splitstream_reader.ts";

const PIECE_SIZE = 256 * 1024;

/** Takes bytes; what it answers is waited for. */
export type TakeBytes = (bytes: Uint8Array) => void | Promise<void>;

/**
 * Gives `take` all bytes that a stream holds, in pieces whose memory is reused. Rejects with
 * `ImageError`, also where they are more or fewer than the stream says.
 */
export async function readWhole(
  stream: Splitstream,
  store: ObjectStore,
  take: TakeBytes,
): Promise<void> {
  let sizeBytes = 0;
  await stream.read({
    inline(bytes) {
      sizeBytes += bytes.length;
      return take(bytes);
    },
    async object(id) {
      const source = store.open(id);
      try {
        const piece = new Uint8Array(Math.min(PIECE_SIZE, Math.max(source.size, 1)));
        for (let position = 0; position < source.size;) {
          const count = source.read(piece, position);
          if (count === 0) break;
          position += count;
          sizeBytes += count;
          await take(piece.subarray(0, count));
        }
      } finally {
        source.close();
      }
    },
  });
  if (sizeBytes === stream.sizeBytes) return;
  throw new ImageError(
    "CORRUPT",
    `Cannot read stream: it holds ${sizeBytes} bytes, expected ${stream.sizeBytes}`,
  );
}
