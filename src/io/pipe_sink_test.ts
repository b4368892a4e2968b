import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { ImageError } from "../image_error.ts";
import { pipeSink } from "./pipe_sink.ts";

Deno.test("pipeSink() writes in order, with zeros for what was left out", () => {
  const pieces: number[] = [];
  const output = pipeSink("pipe", {
    // A pipe may take less than it is given.
    writeSync(bytes) {
      pieces.push(...bytes.subarray(0, 2));
      return Math.min(2, bytes.length);
    },
  }).open();
  output.write(Uint8Array.of(1, 2, 3), 0);
  output.write(Uint8Array.of(4), 5);
  output.truncate(8);
  deepStrictEqual(pieces, [1, 2, 3, 0, 0, 4, 0, 0]);
  throws(() => output.write(Uint8Array.of(1), 2), RangeError);
});

Deno.test("pipeSink() says that the reader has gone", () => {
  const output = pipeSink("standard output", {
    writeSync() {
      throw Object.assign(new Error("broken pipe"), { code: "EPIPE" });
    },
  }).open();
  throws(
    () => output.write(Uint8Array.of(1), 0),
    (error: unknown) => error instanceof ImageError && /has closed the pipe/.test(error.message),
  );
  strictEqual(output.capacity, null);
});
