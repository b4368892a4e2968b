import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Layer } from "../layer/layer.ts";
import { ProgressDisplay, type ProgressItem } from "./progress.ts";
import { recordedTerminal } from "./terminal_fixture.ts";

function layer(index: number, size: number): Layer {
  return {
    index,
    name: `${index} (sha256:0123456789ab)`,
    size,
    job: {
      kind: "tar",
      location: { kind: "memory", bytes: new Uint8Array(0) },
      size,
      declaredCompression: null,
      digest: null,
      diffId: null,
    },
  };
}

function item({ name, size, job }: Layer): ProgressItem {
  return { name: `layer ${name}`, size, digest: job.kind === "tar" ? job.digest : null };
}

/** Up so many lines, to the first column, clear to the end. */
const BACK = String.raw`\u001b\[(\d+)A\r\u001b\[0J`;

/** What the escapes leave on the screen. */
function screenOf(text: string): string[] {
  let lines: string[] = [];
  for (const part of text.split(new RegExp(`(?=${BACK.replace("(", "(?:")})`))) {
    const back = new RegExp(`^${BACK}`).exec(part);
    if (back !== null) lines = lines.slice(0, lines.length - Number(back[1]));
    const rest = part.slice(back?.[0].length ?? 0);
    if (rest !== "") lines.push(...rest.replace(/\n$/, "").split("\n"));
  }
  return lines;
}

Deno.test("ProgressDisplay draws the whole and each layer that is being read, and leaves no trace", () => {
  const terminal = recordedTerminal();
  const layers = [layer(0, 1000), layer(1, 3000)];
  let now = 0;
  const display = new ProgressDisplay(terminal, layers.map(item), () => now);
  now = 1000;
  display.update({ kind: "layer", layer: layers[1], readBytes: 1500, done: false });
  deepStrictEqual(
    screenOf(terminal.error),
    [
      "[=========               ] 37% layers 0/2, 1.5 KiB of 3.9 K",
      "[============            ] 50% layer 1 (sha256:0123456789ab)",
    ].map((line) => line.slice(0, 59)),
  );
  terminal.writeError("");
  display.clear();
  terminal.writeError("oci2rootfs: note: x\n");
  now = 2000;
  display.update({ kind: "layer", layer: layers[1], readBytes: 3000, done: true });
  deepStrictEqual(
    screenOf(terminal.error),
    [
      "oci2rootfs: note: x",
      "[==================      ] 75% layers 1/2, 2.9 KiB of 3.9 Ki",
    ].map((line) => line.slice(0, 59)),
  );
  display.update({ kind: "finish" });
  strictEqual(screenOf(terminal.error).length, 2);
  display.clear();
  display.clear();
  deepStrictEqual(screenOf(terminal.error), ["oci2rootfs: note: x"]);
});

Deno.test("ProgressDisplay shows downloads and conversion in one bar, with rate and time left", () => {
  const terminal = { ...recordedTerminal(), width: () => 120 };
  const layers = [layer(0, 4000), layer(1, 4000)];
  const items = layers.map((it, i) => ({ ...item(it), digest: `sha256:${i}` }));
  let now = 0;
  const display = new ProgressDisplay(terminal, items, () => now);
  const load = (i: number, receivedBytes: number) => {
    const done = receivedBytes === 4000;
    display.update({ kind: "download", digest: `sha256:${i}`, size: 4000, receivedBytes, done });
  };
  // What an earlier run had loaded counts for the bar and not for the rate.
  load(0, 1000);
  now = 1000;
  load(0, 2000);
  deepStrictEqual(screenOf(terminal.error), [
    "[------                  ] 25% layers 0/2, 2.0 KiB of 7.8 KiB loaded, 6 s left, 1000 B/s",
    "[------------            ] 50% layer 0 (sha256:0123456789ab), 3.9 KiB",
  ]);
  now = 2000;
  load(0, 4000);
  now = 3000;
  display.update({ kind: "layer", layer: layers[0], readBytes: 2000, done: false });
  now = 4000;
  load(1, 1000);
  deepStrictEqual(screenOf(terminal.error), [
    "[======---------         ] 25% layers 0/2, 4.9 KiB of 7.8 KiB loaded, 4 s left, 750 B/s",
    "[============------------] 50% layer 0 (sha256:0123456789ab), 3.9 KiB",
    "[------                  ] 25% layer 1 (sha256:0123456789ab), 3.9 KiB",
  ]);
});

Deno.test("ProgressDisplay leaves out what does not fit, and keeps the time left", () => {
  const terminal = { ...recordedTerminal(), width: () => 80 };
  let now = 0;
  const items = [{ name: "layer 0", size: 8000, digest: "sha256:0" }];
  const display = new ProgressDisplay(terminal, items, () => now);
  const event = { kind: "download", digest: "sha256:0", size: 8000, done: false } as const;
  display.update({ ...event, receivedBytes: 0 });
  now = 1000;
  display.update({ ...event, receivedBytes: 2000 });
  strictEqual(
    screenOf(terminal.error)[0],
    "[------                  ] 25% layers 0/1, 2.0 KiB of 7.8 KiB loaded, 3 s left",
  );
});

Deno.test("ProgressDisplay draws at most ten times a second", () => {
  const terminal = recordedTerminal();
  const layers = [layer(0, 1000)];
  let now = 0;
  const display = new ProgressDisplay(terminal, layers.map(item), () => now);
  for (now = 0; now < 1000; now += 10) {
    display.update({ kind: "layer", layer: layers[0], readBytes: now, done: false });
  }
  strictEqual(terminal.error.match(/layers 0\/1/g)?.length, 10);
});

Deno.test("ProgressDisplay copes with empty images and empty layers", () => {
  const terminal = recordedTerminal();
  new ProgressDisplay(terminal, [], () => 0).update({ kind: "finish" });
  const layers = [layer(0, 0)];
  const display = new ProgressDisplay(terminal, layers.map(item), () => 0);
  display.update({ kind: "layer", layer: layers[0], readBytes: 0, done: true });
  strictEqual(terminal.error.includes("NaN"), false);
});

Deno.test("ProgressDisplay has no bar where nobody knows how much there is", () => {
  const terminal = recordedTerminal();
  const directory = layer(0, 0);
  let now = 0;
  const display = new ProgressDisplay(terminal, [item(directory)], () => now);
  now = 1000;
  display.update({ kind: "layer", layer: directory, readBytes: 2048, done: false });
  deepStrictEqual(screenOf(terminal.error), ["layers 0/1, 2.0 KiB, 2.0 KiB/s"]);
});
