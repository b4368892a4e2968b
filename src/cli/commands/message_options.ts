/**
 * How much a command tells.
 *
 * @module
 */
import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { option } from "@optique/core/primitives";
import type { Loudness } from "../notices.ts";
import { UsageError } from "../usage_error.ts";

/** Options of all commands. */
export function messageOptions() {
  return object("Messages", {
    quiet: option("-q", "--quiet", { description: message`Say nothing but errors.` }),
    verbose: option("-v", "--verbose", { description: message`Show every remark.` }),
    debug: option("--debug", { description: message`Show stack traces with errors.` }),
  });
}

/** What the options of a command say. Throws `UsageError` where they contradict each other. */
export function loudnessOf(args: { readonly quiet: boolean; readonly verbose: boolean }): Loudness {
  if (args.quiet && args.verbose) {
    throw new UsageError("Cannot be quiet and verbose: -q and -v exclude each other");
  }
  if (args.quiet) return "quiet";
  return args.verbose ? "verbose" : "normal";
}
