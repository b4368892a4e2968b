import { deepStrictEqual, rejects } from "node:assert/strict";
import type { Layer } from "../layer/layer.ts";
import type { LayerReading } from "../layer/layer_reading.ts";
import { readInLanes } from "./layer_lanes.ts";

/** Layers that take so many turns each, and a log of what happens to them. */
function layersOf(...turns: number[]) {
  const log: string[] = [];
  const left = [...turns];
  const layers = turns.map((_, index) => ({ index }) as Layer);
  const open = ({ index }: Layer) => {
    log.push(`open ${index}`);
    return {
      advance: (_: number, mayStopInFile: boolean) => {
        log.push(`${index}${mayStopInFile ? " anywhere" : ""}`);
        if (left[index] < 0) throw new Error(`layer ${index}`);
        return Promise.resolve(--left[index] === 0);
      },
      close: () => void log.push(`close ${index}`),
    } as unknown as LayerReading;
  };
  return { log, layers, open };
}

Deno.test("readInLanes() reads two layers by turns and opens two more ahead", async () => {
  const { log, layers, open } = layersOf(2, 1, 3, 1, 1, 1);
  const done: number[] = [];
  await readInLanes(layers, 1, open, ({ index }) => done.push(index));
  deepStrictEqual(log.slice(0, 4), ["open 0", "open 1", "open 2", "open 3"]);
  deepStrictEqual(log.filter((event) => /^\d/.test(event)), "0 1 0 2 3 2 4 2 5".split(" "));
  deepStrictEqual(done, [1, 0, 3, 4, 2, 5]);
  deepStrictEqual(log.filter((event) => event.startsWith("close")).length, 6);
});

Deno.test("readInLanes() ends turns inside files where two may be open", async () => {
  const { log, layers, open } = layersOf(1, 1);
  await readInLanes(layers, 2, open, () => {});
  deepStrictEqual(log.filter((event) => /^\d/.test(event)), ["0 anywhere", "1 anywhere"]);
});

Deno.test("readInLanes() closes what it opened when a layer fails", async () => {
  const { log, layers, open } = layersOf(2, -1, 1, 1, 1);
  await rejects(readInLanes(layers, 1, open, () => {}), /layer 1/);
  deepStrictEqual(log.filter((event) => event.startsWith("close")).sort(), [
    "close 0",
    "close 1",
    "close 2",
    "close 3",
  ]);
});
