import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { memorySink } from "./memory_sink.ts";

Deno.test("memorySink() keeps bytes at their positions and zeros between", () => {
  const sink = memorySink();
  const output = sink.open();
  output.write(Uint8Array.of(7, 8), 5);
  output.write(Uint8Array.of(1), 0);
  output.truncate(9);
  strictEqual(sink.bytes.length, 0);
  output.commit();
  deepStrictEqual(sink.bytes, Uint8Array.of(1, 0, 0, 0, 0, 7, 8, 0, 0));
});

Deno.test("memorySink() reads zeros where it was cut and grew again", () => {
  const sink = memorySink();
  const output = sink.open();
  output.write(Uint8Array.of(1, 2, 3), 0);
  output.truncate(1);
  output.truncate(3);
  output.commit();
  deepStrictEqual(sink.bytes, Uint8Array.of(1, 0, 0));
});

Deno.test("memorySink() reads back what was written, zeros between and behind", () => {
  const output = memorySink().open();
  output.write(Uint8Array.of(1, 2, 3), 2);
  const into = new Uint8Array(6).fill(9);
  output.read!(into, 1);
  deepStrictEqual(into, Uint8Array.of(0, 1, 2, 3, 0, 0));
  output.read!(into, 100);
  deepStrictEqual(into, new Uint8Array(6));
});
