/**
 * The commands, and the quick way from arguments to one of them.
 *
 * @module
 */
import { object } from "@optique/core/constructs";
import { type Message, message } from "@optique/core/message";
import { type InferValue, parseSync } from "@optique/core/parser";
import { argument, command, constant } from "@optique/core/primitives";
import { choice } from "@optique/core/valueparser";
import { type ArgumentsOf, commandOf } from "./command_table.ts";
import { cacheParser } from "./commands/cache_options.ts";
import { diffParser, verifyParser } from "./commands/compare_options.ts";
import { composefsParser } from "./commands/composefs/composefs_options.ts";
import { withOptionsBehind } from "./commands/composefs/oci_options.ts";
import { type ConvertArguments, convertParser } from "./commands/convert_options.ts";
import { withDiskValues } from "./commands/disk_options.ts";
import { extractParser } from "./commands/extract_options.ts";
import { withJournalSize } from "./commands/format_options.ts";
import { inspectParser } from "./commands/inspect_options.ts";
import { pullParser } from "./commands/pull_options.ts";
import {
  catParser,
  dumpParser,
  lsParser,
  statParser,
  treeParser,
} from "./commands/view_options.ts";

const SHELLS = ["bash", "zsh", "fish", "pwsh", "nu"] as const;

/** The commands that do something with images, in the order in which help lists them. */
const IMAGE_COMMANDS = {
  pull: pullParser,
  inspect: inspectParser,
  ls: lsParser,
  cat: catParser,
  stat: statParser,
  tree: treeParser,
  dump: dumpParser,
  extract: extractParser,
  diff: diffParser,
  verify: verifyParser,
  cache: cacheParser,
  composefs: composefsParser,
} as const;

/** All commands with a name. */
export const COMMANDS = { ...IMAGE_COMMANDS, completion: completionParser } as const;

/** A command with its arguments. */
export type Command = ConvertArguments | ArgumentsOf<typeof IMAGE_COMMANDS>;
/** The same, or the wish for the script of a shell. */
export type CommandOrCompletion = Command | InferValue<ReturnType<typeof completionParser>>;

/** What {@linkcode readCommand} found. */
export type CommandRead =
  | { readonly success: true; readonly value: CommandOrCompletion }
  | { readonly success: false; readonly error: Message };

/** Whether `args` are of the form without a command's name: IMAGE -o OUT. */
export function isMainForm([name]: readonly string[]): boolean {
  return name === undefined || !Object.hasOwn(COMMANDS, name);
}

/** `args` with every option in the form and place that its parser reads. */
export function wordsOf(args: readonly string[]): readonly string[] {
  // The main form alone has options that may have a value.
  return withOptionsBehind(isMainForm(args) ? withDiskValues(withJournalSize(args)) : args);
}

/**
 * Reads the arguments of one command, whose parser alone is made: to make and to ask those of all
 * takes longer than many a command does.
 */
export function readCommand(args: readonly string[]): CommandRead {
  const words = wordsOf(args);
  if (isMainForm(words)) return parseSync(convertParser(), words);
  return parseSync(commandOf(COMMANDS, words), words);
}

function completionParser() {
  return command(
    "completion",
    object({
      command: constant("completion"),
      shell: argument(choice(SHELLS, { metavar: "SHELL" })),
    }),
    { description: message`Print a completion script for bash, zsh, fish, pwsh or nu.` },
  );
}
