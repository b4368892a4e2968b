/**
 * The order in which layers are read: several side by side, so that workers can decode them at the
 * same time, but by turns that depend on the layers alone. So the order in which file bytes arrive,
 * and with it every byte of the image, is the same for any number of workers and any timing.
 *
 * @module
 */
import type { Layer } from "../layer/layer.ts";
import type { LayerReading } from "../layer/layer_reading.ts";

/** Layers that are read side by side. The bytes of images depend on it: never derive it. */
export const LANE_COUNT = 4;
/** Uncompressed bytes of one turn; the bytes of images depend on it. */
const TURN_BYTES = 4 * 1024 * 1024;

/**
 * Reads `layers` in the given order, {@linkcode LANE_COUNT} at a time: one turn of each, again and
 * again; where one is complete, the next takes its place. `onDone` is called as each completes.
 */
export async function readInLanes(
  layers: readonly Layer[],
  open: (layer: Layer) => LayerReading,
  onDone: (layer: Layer, reading: LayerReading) => void,
): Promise<void> {
  const waiting = [...layers];
  const lanes: { layer: Layer; reading: LayerReading }[] = [];
  const start = () => {
    const layer = waiting.shift();
    return layer === undefined ? [] : [{ layer, reading: open(layer) }];
  };
  try {
    while (lanes.length < LANE_COUNT && waiting.length > 0) lanes.push(...start());
    for (let turn = 0; lanes.length > 0;) {
      const { layer, reading } = lanes[turn];
      if (await reading.advance(TURN_BYTES)) {
        reading.close();
        onDone(layer, reading);
        lanes.splice(turn, 1, ...start());
        // Where the queue is empty, the lane is gone and its neighbour stands at this place.
      } else {
        turn++;
      }
      if (turn >= lanes.length) turn = 0;
    }
  } finally {
    for (const { reading } of lanes) reading.close();
  }
}
