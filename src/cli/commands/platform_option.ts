/**
 * Which image of several.
 *
 * @module
 */
import { message } from "@optique/core/message";
import { optional } from "@optique/core/modifiers";
import { option } from "@optique/core/primitives";
import { platformValue } from "../value_parsers.ts";

/** The option `--platform`. */
export function platformOption() {
  return optional(option("--platform", platformValue(), {
    description: message`Which image of several; default: linux on this machine's processor.`,
  }));
}
