/**
 * The options of `oci2rootfs extract`.
 *
 * @module
 */
import { merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { optional } from "@optique/core/modifiers";
import { argument, command, constant, option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { choice, string } from "@optique/core/valueparser";
import { path } from "@optique/run/valueparser";
import { anyImage, viewOptions } from "./view_options.ts";

/** What `extract` takes. */
export type ExtractArguments = InferValue<ReturnType<typeof extractParser>>;

/** The parser of `extract`. */
export function extractParser() {
  return command(
    "extract",
    merge(
      object({
        command: constant("extract"),
        image: anyImage(),
        path: optional(argument(string({ metavar: "PATH" }), {
          description:
            message`A directory, whose content is extracted, or a single file; default: everything.`,
        })),
        output: option("-o", "--output", path({ metavar: "OUT" }), {
          description:
            message`A directory, which must not be there or be empty; a file that ends with .tar, .tar.gz, .tgz or .tar.zst; - for a tar on standard output.`,
        }),
        force: option("--force", {
          description: message`Replace a directory that has something in it, all of it.`,
        }),
        onLoss: optional(option("--on-loss", choice(["error", "report"], { metavar: "WHAT" }), {
          description:
            message`What cannot be in the output: an error, or left out and reported; default: error, of a directory whose maker is not root report.`,
        })),
        json: option("--json", { description: message`Report what was made as JSON.` }),
      }),
      viewOptions(),
    ),
    { description: message`Extract files of an image into a directory or a tar archive.` },
  );
}
