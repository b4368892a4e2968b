/**
 * The parser of `oci2rootfs composefs` with all that can be done to repositories and images.
 *
 * @module
 */
import { message } from "@optique/core/message";
import type { InferValue } from "@optique/core/parser";
import { command } from "@optique/core/primitives";
import { commandOf } from "../../command_table.ts";
import { IMAGE_FILE_COMMANDS } from "./image_file_options.ts";
import { IMAGE_COMMANDS } from "./image_options.ts";
import { KEEP_COMMANDS } from "./keep_options.ts";
import { ociCommand } from "./oci_options.ts";
import { PULL_COMMANDS } from "./pull_options.ts";

const COMPOSEFS_COMMANDS = {
  ...PULL_COMMANDS,
  ...IMAGE_COMMANDS,
  ...KEEP_COMMANDS,
  ...IMAGE_FILE_COMMANDS,
  oci: ociCommand,
} as const;

/** What `composefs` takes. */
export type ComposefsArguments = InferValue<ReturnType<typeof composefsParser>>;

/** The parser of `composefs`, or of the one command of it that `words` begin with. */
export function composefsParser(words: readonly string[]) {
  return command("composefs", commandOf(COMPOSEFS_COMMANDS, words), {
    description: message`Keep images in a repository that has every file once, and mount them.`,
  });
}
