/**
 * `oci2rootfs composefs cat-stream`: what a stream of a repository holds.
 *
 * @module
 */
import { ImageError } from "../../../image_error.ts";
import { readWhole } from "../../../composefs/splitstream/read_whole.ts";
import { Splitstream } from "../../../composefs/splitstream/splitstream_reader.ts";
import { quote } from "../../../oci/quote.ts";
import { OutputStream } from "../../output_stream.ts";
import type { Terminal } from "../../terminal.ts";
import type { CatStreamArguments } from "./keep_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs cat-stream`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runCatStream(
  args: CatStreamArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  await withRepository(args, { signal }, async ({ streams, objects, path }) => {
    const id = streams.objectOf(args.stream);
    if (id === null) {
      throw new ImageError(
        "NOT_FOUND",
        `Cannot find stream ${
          quote(args.stream)
        }: the repository has none of that name, expected ` +
          "one",
        { where: { source: path } },
      );
    }
    const stream = await Splitstream.open(objects, id);
    const output = new OutputStream(terminal, signal);
    await readWhole(stream, objects, (bytes) => {
      output.writeBytes(bytes);
      return output.turn();
    });
    await output.flush();
  });
}
