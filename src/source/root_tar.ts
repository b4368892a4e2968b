/**
 * A tar archive of a root filesystem as an image of one layer, as `docker export` writes it.
 *
 * @module
 */
import { statSync } from "node:fs";
import { ImageError } from "../image_error.ts";
import { systemError } from "../io/system_error.ts";
import { quote } from "../oci/quote.ts";
import type { Layer } from "../layer/layer.ts";
import type { Image } from "./image.ts";
import { createRequest, type OpenOptions } from "./open_options.ts";
import { expectKind, pathKind } from "./path_kind.ts";
import { rootImage } from "./root_image.ts";
import { type SpooledArchive, spoolStream } from "./spooled_archive.ts";

/** Means standard input in place of a path. */
const STANDARD_INPUT = "-";

/**
 * Opens the tar archive at `path` as a root filesystem, plain or compressed (gzip, zstd, xz, bzip2);
 * `-` is standard input. What comes through a pipe is written to a temporary file, which `close`
 * deletes. It has neither configuration nor digest; names that mean whiteouts in layers are names.
 *
 * Throws `ImageError` `NOT_FOUND`, `OUT_OF_SPACE`, `PERMISSION` or `IO`; the signal's reason when
 * cancelled. Whether it is a tar shows when its layer is read.
 */
export async function rootTar(path: string, options: OpenOptions = {}): Promise<Image> {
  const request = createRequest(`tar:${path}`, {}, options);
  request.checkCancelled();
  const { signal } = options;
  try {
    if (path === STANDARD_INPUT) {
      return spooledImage(await spoolStream(Deno.stdin.readable, signal));
    }
    if (isPipe(path)) {
      const file = await Deno.open(path);
      return spooledImage(await spoolStream(file.readable, signal));
    }
    expectKind(path, ["file"]);
    return rootImage(request, tarLayer(path));
  } catch (error) {
    throw error instanceof ImageError ? error.at({ source: request.reference }) : error;
  }

  function spooledImage(spooled: SpooledArchive): Image {
    try {
      const name = path === STANDARD_INPUT ? "standard input" : path;
      return rootImage(request, tarLayer(spooled.path, name), () => spooled.remove());
    } catch (error) {
      spooled.remove();
      throw error;
    }
  }
}

function isPipe(path: string): boolean {
  if (pathKind(path) !== "other") return false;
  try {
    return statSync(path).isFIFO();
  } catch (error) {
    throw systemError(error, "open", path);
  }
}

function tarLayer(path: string, name = path): Layer {
  const { size } = statSync(path);
  if (size === 0) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read ${quote(name)}: it is empty, expected a tar archive`,
    );
  }
  return {
    index: 0,
    name: "0 (tar)",
    size,
    job: {
      kind: "tar",
      location: { kind: "file", path, offset: 0 },
      size,
      declaredCompression: null,
      digest: null,
      diffId: null,
      hasPlainNames: true,
    },
  };
}
