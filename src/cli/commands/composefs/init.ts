/**
 * `oci2rootfs composefs init`: makes a repository.
 *
 * @module
 */
import { IMAGE_VERSIONS, type ImageVersion } from "../../../composefs/image/image_version.ts";
import { initRepository } from "../../../composefs/repository/init_repository.ts";
import { formatAlgorithm, parseAlgorithm } from "../../../composefs/repository/object_id.ts";
import { writeAnswer } from "../../output_stream.ts";
import type { Terminal } from "../../terminal.ts";
import { UsageError } from "../../usage_error.ts";
import { loudnessOf } from "../message_options.ts";
import type { InitArguments } from "./pull_options.ts";
import { repositoryPath } from "./repository_options.ts";

/** Runs `composefs init`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runInit(
  args: InitArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  if (args.path !== undefined && (args.repo !== undefined || args.user || args.system)) {
    throw new UsageError("Cannot make two repositories: expected DIR or --repo, --user, --system");
  }
  const path = args.path ?? repositoryPath(args);
  const { metadata, isSecure, isNew } = await initRepository(path, {
    algorithm: args.algorithm === undefined ? undefined : parseAlgorithm(args.algorithm),
    imageVersions: args.erofsVersion.length > 0 ? args.erofsVersion.map(versionOf) : undefined,
    isInsecure: args.insecure,
    resetMetadata: args.resetMetadata,
    ensure: args.ensure,
  });
  const algorithm = formatAlgorithm(metadata.algorithm);
  const { imageVersions } = metadata;
  if (args.json) {
    const report = { path, algorithm, imageVersions, isSecure, isNew };
    await writeAnswer(`${JSON.stringify(report, null, 2)}\n`, terminal, signal);
  } else if (loudnessOf(args) !== "quiet") {
    const security = isSecure ? "fs-verity" : "no fs-verity";
    terminal.writeError(
      `${path}: ${isNew ? "made" : "is there"}, ${algorithm}, ${security}, images of version ` +
        `${imageVersions.join(", ")}\n`,
    );
  }
}

/** A version as it stands on the command line. */
export function versionOf(text: string): ImageVersion {
  return IMAGE_VERSIONS.find((version) => String(version) === text)!;
}
