/**
 * `oci2rootfs composefs referrers`: manifests that refer to an image.
 *
 * @module
 */
import { resolveName } from "../../../composefs/oci/oci_image.ts";
import { addReferrer, listReferrers, removeReferrer } from "../../../composefs/oci/referrers.ts";
import { ImageError } from "../../../image_error.ts";
import { writeAnswer } from "../../output_stream.ts";
import type { Terminal } from "../../terminal.ts";
import type { ReferrersArguments } from "./keep_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs referrers`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runReferrers(
  args: ReferrersArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { add, remove } = args;
  const access = add === undefined && remove === undefined ? "read" : "write";
  await withRepository(args, { access, signal }, async (repository) => {
    const subject = resolveName(repository, args.image);
    if (add !== undefined) addReferrer(repository, subject, add);
    if (remove !== undefined && !removeReferrer(repository, subject, remove)) {
      throw new ImageError(
        "NOT_FOUND",
        `Cannot remove referrer "${remove}": it does not refer to ${subject}, expected one that does`,
      );
    }
    const digests = listReferrers(repository, subject);
    await writeAnswer(digests.map((digest) => `${digest}\n`).join(""), terminal, signal);
  });
}
