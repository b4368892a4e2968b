/**
 * `oci2rootfs composefs compute-digest`: the fs-verity digest of files.
 *
 * @module
 */
import { digestOfSource, objectSource } from "../../../composefs/repository/object_source.ts";
import type { Terminal } from "../../terminal.ts";
import type { ComputeDigestArguments } from "./image_file_options.ts";

/** Runs the command. Throws `ImageError`. */
export function runComputeDigest(args: ComputeDigestArguments, terminal: Terminal): void {
  for (const path of args.files) {
    const source = objectSource(path);
    try {
      terminal.writeOutput(`${digestOfSource(source, args.algorithm)}\n`);
    } finally {
      source.close();
    }
  }
}
