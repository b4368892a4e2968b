/**
 * The options of `oci2rootfs inspect`.
 *
 * @module
 */
import { merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { argument, command, constant, option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { imageValue } from "./convert_options.ts";
import { messageOptions } from "./message_options.ts";
import { platformOption } from "./platform_option.ts";
import { downloadOptions, registryOptions } from "./registry_options.ts";
import { storeOptions } from "./store_options.ts";

/** What `inspect` takes. */
export type InspectArguments = InferValue<ReturnType<typeof inspectParser>>;

/** The parser of `inspect`. */
export function inspectParser() {
  return command(
    "inspect",
    merge(
      object({
        command: constant("inspect"),
        image: argument(imageValue(), {
          description: message`The image, as in the main form; or a filesystem image.`,
        }),
        platform: platformOption(),
        json: option("--json", { description: message`Print all of it as JSON.` }),
        tags: option("--tags", { description: message`List the tags of the repository too.` }),
        referrers: option("--referrers", {
          description: message`List what refers to the image too: signatures, attestations.`,
        }),
      }),
      storeOptions(),
      registryOptions(),
      downloadOptions(),
      messageOptions(),
    ),
    {
      description:
        message`Show what an image is, without its layers; of a filesystem image features, sizes, label and UUID.`,
    },
  );
}
