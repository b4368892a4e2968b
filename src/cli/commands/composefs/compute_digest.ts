/**
 * `oci2rootfs composefs compute-digest`: the fs-verity digest of files.
 *
 * @module
 */
import { digestOfSource, objectSource } from "../../../composefs/repository/object_source.ts";
import { writeAnswer } from "../../output_stream.ts";
import type { Terminal } from "../../terminal.ts";
import type { ComputeDigestArguments } from "./image_file_options.ts";

/** Runs the command. Throws `ImageError`, or the reason of `signal`. */
export async function runComputeDigest(
  args: ComputeDigestArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  for (const path of args.files) {
    const source = objectSource(path);
    try {
      await writeAnswer(`${digestOfSource(source, args.algorithm)}\n`, terminal, signal);
    } finally {
      source.close();
    }
  }
}
