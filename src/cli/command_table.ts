/**
 * Commands by their names, so that one of many can be made without the others.
 *
 * @module
 */
import { or } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import type { InferValue, Parser } from "@optique/core/parser";

/** What is said where none of several commands is given. */
export const NO_COMMAND = { errors: { noMatch: message`Expected a command, but there is none` } };

/** Makes the parser of a command; `words` are those behind its name. */
type MakeCommand = (words: readonly string[]) => Parser<"sync", unknown>;
/** Makers of the parsers of commands by their names, in the order in which help lists them. */
export type CommandTable = Readonly<Record<string, MakeCommand>>;
/** What the commands of a table take. */
export type ArgumentsOf<Table extends CommandTable> = InferValue<ReturnType<Table[keyof Table]>>;

/**
 * The parser of the command that `words` begin with, which is much sooner made than all; of all
 * commands where they begin with none.
 */
export function commandOf<const Table extends CommandTable>(
  table: Table,
  [name, ...rest]: readonly string[],
): Parser<"sync", ArgumentsOf<Table>> {
  const parser = name !== undefined && Object.hasOwn(table, name)
    ? table[name](rest)
    : or(...Object.values(table).map((make) => make([])), NO_COMMAND);
  return parser as Parser<"sync", ArgumentsOf<Table>>;
}
