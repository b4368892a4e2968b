/**
 * Arguments of which there is at least one.
 *
 * @module
 */
import { message } from "@optique/core/message";
import { multiple } from "@optique/core/modifiers";
import type { Parser } from "@optique/core/parser";

/** `argument` once or more often; what is missing is called `name`. */
export function oneOrMore<Value, State>(argument: Parser<"sync", Value, State>, name: string) {
  const tooFew = message`Expected at least one ${name}, but there is none`;
  return multiple(argument, { min: 1, errors: { tooFew } });
}
