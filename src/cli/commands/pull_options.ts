/**
 * The options of `oci2rootfs pull`.
 *
 * @module
 */
import { merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { argument, command, constant, option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { string } from "@optique/core/valueparser";
import { path } from "@optique/run/valueparser";
import { messageOptions } from "./message_options.ts";
import { platformOption } from "./platform_option.ts";
import { downloadOptions, registryOptions } from "./registry_options.ts";

/** What `pull` takes. */
export type PullArguments = InferValue<ReturnType<typeof pullParser>>;

/** The parser of `pull`. */
export function pullParser() {
  return command(
    "pull",
    merge(
      object({
        command: constant("pull"),
        image: argument(string({ metavar: "IMAGE" }), {
          description: message`The image in a registry, as nginx:1.27 or HOST/NAME@DIGEST.`,
        }),
        output: option("-o", "--output", path({ metavar: "DIR|FILE.tar" }), {
          description: message`The OCI layout to write: a directory, or an archive (.tar).`,
        }),
        platform: platformOption(),
        allPlatforms: option("--all-platforms", {
          description: message`Copy the images for all platforms and all else in the index.`,
        }),
        json: option("--json", { description: message`Report what was copied as JSON.` }),
      }),
      registryOptions(),
      downloadOptions(),
      messageOptions(),
    ),
    { description: message`Copy an image from a registry into an OCI layout or archive.` },
  );
}
