import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { ImageError } from "../image_error.ts";
import { pipeSink } from "./pipe_sink.ts";

Deno.test("pipeSink() writes in order, with zeros for what was left out", async () => {
  for (const isDrained of [false, true]) {
    const { pipe, taken } = slowPipe();
    const output = pipeSink("pipe", pipe).open();
    const memory = Uint8Array.of(1, 2, 3);
    output.write(memory, 0);
    memory.fill(9);
    if (isDrained) await output.drain!();
    output.write(Uint8Array.of(4), 5);
    output.truncate(8);
    if (isDrained) await output.drain!();
    output.commit();
    deepStrictEqual(taken, [1, 2, 3, 0, 0, 4, 0, 0]);
    throws(() => output.write(Uint8Array.of(1), 2), RangeError);
  }
});

Deno.test("pipeSink() keeps little of what nobody drains", () => {
  const { pipe, taken } = slowPipe(1024 * 1024);
  const output = pipeSink("pipe", pipe).open();
  for (let at = 0; at < 6 * 1024 * 1024; at += 65536) output.write(new Uint8Array(65536), at);
  strictEqual(taken.length, 4 * 1024 * 1024);
  output.commit();
  strictEqual(taken.length, 6 * 1024 * 1024);
});

Deno.test("pipeSink() does not wait for a reader that does not read once it is aborted", async () => {
  const reason = new Error("enough");
  for (const isAbortedFirst of [false, true]) {
    const controller = new AbortController();
    const pipe = {
      writeSync: () => 0,
      write: () => new Promise<number>(() => {}),
    };
    const output = pipeSink("pipe", pipe, controller.signal).open();
    output.write(Uint8Array.of(1), 0);
    if (isAbortedFirst) controller.abort(reason);
    const drained = output.drain!();
    controller.abort(reason);
    await rejects(drained, (error) => error === reason);
  }
});

/** A pipe that takes less than it is given, and what it took. */
function slowPipe(most = 2) {
  const taken: number[] = [];
  const writeSync = (bytes: Uint8Array) => {
    const piece = bytes.subarray(0, most);
    for (const byte of piece) taken.push(byte);
    return piece.length;
  };
  const pipe = { writeSync, write: (bytes: Uint8Array) => Promise.resolve(writeSync(bytes)) };
  return { pipe, taken };
}

Deno.test("pipeSink() says that the reader has gone", async () => {
  const failure = Object.assign(new Error("broken pipe"), { code: "EPIPE" });
  const pipe = {
    writeSync(): number {
      throw failure;
    },
    write: () => Promise.reject(failure),
  };
  const output = pipeSink("standard output", pipe).open();
  const isTold = (error: unknown) =>
    error instanceof ImageError && /has closed the pipe/.test(error.message);
  output.write(Uint8Array.of(1), 0);
  throws(() => output.commit(), isTold);
  output.write(Uint8Array.of(1), 1);
  await rejects(output.drain!(), isTold);
});

Deno.test("pipeSink() uses memory again that was written, but never its zeros", async () => {
  const { pipe, taken } = slowPipe(100_000);
  const GAP = 200_000;
  const bytes = new Uint8Array(3000).fill(7);
  let calls = 0;
  const output = pipeSink("pipe", {
    ...pipe,
    write(piece) {
      // As a compressor does, between two pieces of zeros.
      if (++calls === 3) output.write(bytes, GAP + 2 * bytes.length);
      return pipe.write(piece);
    },
  }).open();
  output.write(bytes, 0);
  output.write(bytes, bytes.length + GAP);
  await output.drain!();
  const expected = [...bytes, ...new Uint8Array(GAP), ...bytes, ...bytes];
  strictEqual(taken.length, expected.length);
  strictEqual(taken.findIndex((byte, i) => byte !== expected[i]), -1);
});
