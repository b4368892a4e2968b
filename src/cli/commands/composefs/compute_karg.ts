/**
 * `oci2rootfs composefs compute-karg`: the kernel argument that a machine boots a directory's image by.
 *
 * @module
 */
import { formatAlgorithm, parseAlgorithm } from "../../../composefs/repository/object_id.ts";
import { writeAnswer } from "../../output_stream.ts";
import type { Terminal } from "../../terminal.ts";
import { directoryId } from "./directory_id.ts";
import type { ComputeKargArguments } from "./image_options.ts";
import { versionOf } from "./init.ts";

/** Runs `composefs compute-karg`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runComputeKarg(
  args: ComputeKargArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const algorithm = parseAlgorithm(args.hash ?? "sha512");
  const version = versionOf(args.erofsVersion ?? "1");
  const { asIs: isAsIs, xattrs, insecure } = args;
  const options = { version, algorithm, xattrs, isBootable: true, isAsIs };
  const id = await directoryId(args.path, options, signal);
  const mark = insecure ? "?" : "";
  // Version 2 is that of the time when there was no other.
  const short = formatAlgorithm(algorithm).replace("fsverity-", "");
  const value = version === 2 ? `=${mark}${id}` : `.digest=${mark}v1-${short}:${id}`;
  await writeAnswer(`composefs${value}\n`, terminal, signal);
}
