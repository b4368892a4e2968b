/**
 * The parser of `oci2rootfs composefs` with all that can be done to repositories and images.
 *
 * @module
 */
import { or } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import type { InferValue } from "@optique/core/parser";
import { command } from "@optique/core/primitives";
import { imageFileParser } from "./image_file_options.ts";
import { imageParser } from "./image_options.ts";
import { keepParser } from "./keep_options.ts";
import { ociParser } from "./oci_options.ts";
import { pullParser } from "./pull_options.ts";

/** What `composefs` takes. */
export type ComposefsArguments = InferValue<ReturnType<typeof composefsParser>>;

/** The parser of `composefs`. */
export function composefsParser() {
  const commands = or(
    pullParser(),
    imageParser(),
    keepParser(),
    imageFileParser(),
    ociParser(),
  );
  return command("composefs", commands, {
    description: message`Keep images in a repository that has every file once, and mount them.`,
  });
}
