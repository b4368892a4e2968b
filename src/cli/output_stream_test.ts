import { rejects, strictEqual } from "node:assert/strict";
import { ImageError } from "../image_error.ts";
import { JsonArray } from "./json_array.ts";
import { OutputStream, writeAnswer } from "./output_stream.ts";
import { OutputClosed } from "./standard_output.ts";
import { recordedTerminal } from "./terminal_fixture.ts";

const signal = new AbortController().signal;

Deno.test("OutputStream writes in pieces and keeps the order of text, bytes and zeros", async () => {
  const terminal = recordedTerminal();
  const output = new OutputStream(terminal, signal);
  output.write("a\n");
  output.writeBytes(new TextEncoder().encode("b\n"));
  output.skip(2);
  output.write("x".repeat(70_000));
  output.writeBytes(new Uint8Array(70_000).fill(121));
  output.write("z");
  strictEqual(terminal.output, "");
  await output.turn();
  const most = `a\nb\n\0\0${"x".repeat(70_000)}${"y".repeat(70_000)}`;
  strictEqual(terminal.output, most);
  await output.flush();
  strictEqual(terminal.output, `${most}z`);
});

Deno.test("OutputStream sends what somebody waits for, in its order", async () => {
  const terminal = recordedTerminal();
  const output = new OutputStream(terminal, signal);
  for (const letter of "abc") {
    output.send(letter);
    await new Promise((resolve) => setTimeout(resolve));
    strictEqual(terminal.output.at(-1), letter);
  }
  output.send("d");
  output.write("e");
  await output.flush();
  strictEqual(terminal.output, "abcde");
});

/** A terminal whose output fails by `error`. */
function failingTerminal(error: Error) {
  const outputPipe = {
    writeSync(): number {
      throw error;
    },
    write: () => Promise.reject(error),
  };
  return { ...recordedTerminal(), outputPipe };
}

Deno.test("OutputStream stops where nobody reads, unless nobody has to", async () => {
  const terminal = failingTerminal(new OutputClosed());
  const output = new OutputStream(terminal, signal);
  output.write("a");
  await rejects(output.flush(), OutputClosed);
  await writeAnswer("a", terminal, signal);
  const sender = new OutputStream(terminal, signal);
  for (let i = 0; i < 3; i++) {
    sender.send("a".repeat(3 * 1024 * 1024));
    await new Promise((resolve) => setTimeout(resolve));
  }
  await rejects(sender.flush(), OutputClosed);
  await sender.end();
});

Deno.test("OutputStream tells of a full disk", async () => {
  const full = Object.assign(new Error("no space"), { code: "ENOSPC" });
  const isTold = (error: unknown) => error instanceof ImageError && error.code === "OUT_OF_SPACE";
  await rejects(writeAnswer("a", failingTerminal(full), signal), isTold);
  const output = new OutputStream(failingTerminal(full), signal);
  output.send("a");
  await rejects(output.end(), isTold);
});

Deno.test("OutputStream hears a signal while nobody reads", async () => {
  const stop = new Error("stop");
  for (const wait of ["turn", "drain", "flush", "end"] as const) {
    const controller = new AbortController();
    const outputPipe = { writeSync: () => 0, write: () => new Promise<number>(() => {}) };
    const output = new OutputStream({ ...recordedTerminal(), outputPipe }, controller.signal);
    output.write("x".repeat(100_000));
    const waiting = rejects(async () => await output[wait](), (error) => error === stop);
    controller.abort(stop);
    await waiting;
  }
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
  await output.flush();
  strictEqual(terminal.output, '[]\n[\n{"a":1},\n"\\udcff"\n]\n');
});
