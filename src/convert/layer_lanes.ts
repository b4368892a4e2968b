/**
 * The order in which layers are read: several side by side, so that workers can decode them at the
 * same time, but by turns that depend on the layers alone. So the order in which file bytes arrive,
 * and with it every byte of the image, is the same for any number of workers and any timing.
 *
 * @module
 */
import type { Layer } from "../layer/layer.ts";
import type { LayerReading } from "../layer/layer_reading.ts";

/**
 * Layers that are read side by side. Two keep two workers busy; more would place more bytes of
 * older layers before the newer ones can say that they are dead. The bytes of images depend on it.
 */
const LANE_COUNT = 2;
/** Layers that are open at a time: those behind the lanes are decoded ahead as far as memory goes. */
export const OPEN_COUNT = 4;
/** Uncompressed bytes of one turn; the bytes of images depend on it. */
const TURN_BYTES = 4 * 1024 * 1024;

/**
 * Reads `layers` in the given order, two at a time: one turn of each, again and again; where one is
 * complete, the next takes its place. A turn ends in the middle of a file only where as many files as
 * there are lanes may be open. `onDone` is called as each completes.
 */
export async function readInLanes(
  layers: readonly Layer[],
  openFileCount: number,
  open: (layer: Layer) => LayerReading,
  onDone: (layer: Layer, reading: LayerReading) => void,
): Promise<void> {
  const unopened = [...layers];
  const opened: { layer: Layer; reading: LayerReading }[] = [];
  try {
    for (let turn = 0;;) {
      while (opened.length < OPEN_COUNT && unopened.length > 0) {
        const layer = unopened.shift()!;
        opened.push({ layer, reading: open(layer) });
      }
      if (opened.length === 0) return;
      if (turn >= Math.min(LANE_COUNT, opened.length)) turn = 0;
      const { layer, reading } = opened[turn];
      if (!await reading.advance(TURN_BYTES, openFileCount >= LANE_COUNT)) {
        turn++;
        continue;
      }
      reading.close();
      onDone(layer, reading);
      // The first of those that wait takes the lane.
      opened.splice(turn, 1, ...opened.splice(LANE_COUNT, 1));
      turn++;
    }
  } finally {
    for (const { reading } of opened) reading.close();
  }
}
