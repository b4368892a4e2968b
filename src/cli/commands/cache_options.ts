/**
 * The options of `oci2rootfs cache`.
 *
 * @module
 */
import { merge, object, or } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { optional } from "@optique/core/modifiers";
import { command, constant, option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { path } from "@optique/run/valueparser";
import { NO_COMMAND } from "../command_table.ts";
import { sizeValue } from "../value_parsers.ts";
import { messageOptions } from "./message_options.ts";

/** What `cache ls`, `cache prune` and `cache verify` take. */
export type CacheArguments = InferValue<ReturnType<typeof cacheParser>>;

/** The parser of `cache`. */
export function cacheParser() {
  const action = or(
    command(
      "ls",
      merge(object({ command: constant("cache ls") }), cacheOptions(), messageOptions()),
      { description: message`List the images of the cache and what it takes.` },
    ),
    command(
      "prune",
      merge(
        object({
          command: constant("cache prune"),
          cacheSize: optional(option("--cache-size", sizeValue(), {
            description: message`What may stay, the last used first; default: nothing.`,
          })),
        }),
        cacheOptions(),
        messageOptions(),
      ),
      { description: message`Remove what was not used for the longest time.` },
    ),
    command(
      "verify",
      merge(object({ command: constant("cache verify") }), cacheOptions(), messageOptions()),
      { description: message`Compare every blob with its digest and remove the damaged.` },
    ),
    NO_COMMAND,
  );
  return command("cache", action, {
    description: message`Look after the cache of downloaded blobs.`,
  });
}

function cacheOptions() {
  return object({
    cache: optional(option("--cache", path({ metavar: "DIR" }), {
      description: message`The cache directory; default: ~/.cache/oci2rootfs.`,
    })),
    json: option("--json", { description: message`Print the result as JSON.` }),
  });
}
