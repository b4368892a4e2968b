/**
 * The options of the commands that look after a repository.
 *
 * @module
 */
import { merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { multiple, optional } from "@optique/core/modifiers";
import { argument, command, constant, option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { string } from "@optique/core/valueparser";
import { imageArgument } from "./image_options.ts";
import { repositoryOptions } from "./repository_options.ts";

/** What `composefs gc` takes. */
export type GcArguments = InferValue<ReturnType<typeof gcCommand>>;
/** What `composefs fsck` takes. */
export type FsckArguments = InferValue<ReturnType<typeof fsckCommand>>;
/** What `composefs cat-stream` takes. */
export type CatStreamArguments = InferValue<ReturnType<typeof catStreamCommand>>;
/** What `composefs referrers` takes. */
export type ReferrersArguments = InferValue<ReturnType<typeof referrersCommand>>;

/** These commands. */
export const KEEP_COMMANDS = {
  gc: gcCommand,
  fsck: fsckCommand,
  "cat-stream": catStreamCommand,
  referrers: referrersCommand,
} as const;

function gcCommand() {
  return command(
    "gc",
    merge(
      object({
        command: constant("composefs"),
        action: constant("gc"),
        root: multiple(option("-r", "--root", string({ metavar: "NAME" }), {
          description: message`An image or stream to keep besides what has a name.`,
        })),
        dryRun: option("-n", "--dry-run", { description: message`Count and remove nothing.` }),
        json: option("--json", { description: message`Report what was removed as JSON.` }),
      }),
      repositoryOptions(),
    ),
    { description: message`Remove what no tag and no name leads to.` },
  );
}

/** The parser of `fsck`. */
export function fsckCommand() {
  return command(
    "fsck",
    merge(
      object({
        command: constant("composefs"),
        action: constant("fsck"),
        image: optional(argument(string({ metavar: "IMAGE" }), {
          description: message`Check the container image of this name only.`,
        })),
        json: option("--json", { description: message`Report as JSON.` }),
        metadataOnly: option("--metadata-only", {
          description: message`Do not read the objects.`,
        }),
      }),
      repositoryOptions(),
    ),
    { description: message`Check a repository; the exit code is 1 where something is wrong.` },
  );
}

function catStreamCommand() {
  return command(
    "cat-stream",
    merge(
      object({
        command: constant("composefs"),
        action: constant("cat-stream"),
        stream: argument(string({ metavar: "STREAM" }), {
          description: message`Name of the stream, as oci-config-sha256:….`,
        }),
      }),
      repositoryOptions(),
    ),
    { description: message`Write what a stream holds to standard output.` },
  );
}

function referrersCommand() {
  return command(
    "referrers",
    merge(
      object({
        command: constant("composefs"),
        action: constant("referrers"),
        image: imageArgument(),
        add: optional(option("--add", string({ metavar: "DIGEST" }), {
          description: message`Note that this manifest of the repository refers to it.`,
        })),
        remove: optional(option("--remove", string({ metavar: "DIGEST" }), {
          description: message`Forget that this manifest refers to it.`,
        })),
      }),
      repositoryOptions(),
    ),
    { description: message`List, add or remove manifests that refer to an image.` },
  );
}
