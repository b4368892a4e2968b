/**
 * A whole root filesystem as an image: one layer, and nothing that describes it.
 *
 * @module
 */
import type { Layer } from "../layer/layer.ts";
import type { Image } from "./image.ts";
import type { ImageRequest } from "./open_options.ts";

/** An image of just `layer`; `close` gives back what it is read from. */
export function rootImage(
  { reference, notices }: ImageRequest,
  layer: Layer,
  close: () => void = () => {},
): Image {
  return {
    reference,
    digest: null,
    config: null,
    platform: null,
    layers: [layer],
    annotations: {},
    notices,
    close(): Promise<void> {
      close();
      return Promise.resolve();
    },
  };
}
