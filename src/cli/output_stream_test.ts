import { rejects, strictEqual, throws } from "node:assert/strict";
import { JsonArray } from "./json_array.ts";
import { OutputClosed, OutputStream } from "./output_stream.ts";
import { recordedTerminal } from "./terminal_fixture.ts";

const signal = new AbortController().signal;

Deno.test("OutputStream writes in pieces and keeps the order of text and bytes", () => {
  const terminal = recordedTerminal();
  const output = new OutputStream(terminal, signal);
  output.write("a\n");
  strictEqual(terminal.output, "");
  output.writeBytes(new TextEncoder().encode("b\n"));
  output.write("x".repeat(70_000));
  strictEqual(terminal.output, "a\nb\n" + "x".repeat(70_000));
  output.flush();
  strictEqual(terminal.output.length, 70_004);
});

Deno.test("OutputStream stops where nobody reads", () => {
  const terminal = { ...recordedTerminal(), writeBytes: () => false };
  const output = new OutputStream(terminal, signal);
  output.write("a");
  throws(() => output.flush(), OutputClosed);
  throws(() => output.writeBytes(new Uint8Array(1)), OutputClosed);
});

Deno.test("OutputStream lets a signal in", async () => {
  const controller = new AbortController();
  const output = new OutputStream(recordedTerminal(), controller.signal);
  controller.abort(new Error("stop"));
  await rejects(async () => {
    for (let i = 0; i < 1000; i++) await output.turn();
  }, /stop/);
});

Deno.test("JsonArray writes an element in a line", async () => {
  const terminal = recordedTerminal();
  const output = new OutputStream(terminal, signal);
  new JsonArray(output).finish();
  const array = new JsonArray(output);
  await array.add({ a: 1 });
  await array.add("\udcff");
  array.finish();
  output.flush();
  strictEqual(terminal.output, '[]\n[\n{"a":1},\n"\\udcff"\n]\n');
});
