/**
 * xz, by `xz-decompress` (WebAssembly behind a web stream).
 *
 * @module
 */
import * as xzPackage from "xz-decompress";

// The package is CommonJS, whose exports a loader may show as one default; its types do not say so.
const { XzReadableStream } = (xzPackage as unknown as { default?: typeof xzPackage }).default ??
  xzPackage;

/** The bytes of xz streams that come in pieces; throws the decoder's own errors. */
export async function* decompressXzStream(
  pieces: Iterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  }, { highWaterMark: 0 });
  const reader = new XzReadableStream(source).getReader();
  let isDone = false;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        isDone = true;
        throw error;
      });
      isDone = done;
      if (done) return;
      yield value;
    }
  } finally {
    // The package lets one stream be begun at a time: an unfinished one must be given up.
    if (!isDone) reader.cancel().catch(() => {});
  }
}
