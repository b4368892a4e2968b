/**
 * What a container of an image runs, as a file for those who start the machine.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import type { OpenSink } from "../io/byte_sink.ts";
import { fileSink } from "../io/file_sink.ts";
import type { Image } from "../source/image.ts";

/**
 * Writes the configuration of `image` for the file at `path`, which appears with `commit`; it is none of
 * `inputs`. Throws `ImageError` `NOT_FOUND` where there is none, and what `fileSink` throws.
 */
export function openConfigOutput(
  path: string,
  image: Image,
  inputs: readonly string[],
): OpenSink {
  if (image.config === null) {
    throw new ImageError(
      "NOT_FOUND",
      `Cannot write configuration "${path}": the image has none, expected one`,
    );
  }
  const { entrypoint, cmd, env, workingDir, user, labels } = image.config;
  const document = { entrypoint, cmd, env, workingDir, user, labels };
  const output = fileSink(path, { inputs }).open();
  try {
    output.write(new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`), 0);
    return output;
  } catch (error) {
    output.abort();
    throw error;
  }
}
