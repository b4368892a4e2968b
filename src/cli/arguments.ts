/**
 * The command line as a whole: all commands, help, version, completion, and what is wrong.
 *
 * @module
 */
import { group, merge, object, or } from "@optique/core/constructs";
import { runParserSync } from "@optique/core/facade";
import {
  commandLine,
  formatMessage,
  lineBreak,
  type Message,
  message,
} from "@optique/core/message";
import { multiple } from "@optique/core/modifiers";
import { parseSync } from "@optique/core/parser";
import { argument } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import { commandOf } from "./command_table.ts";
import {
  type Command,
  type CommandOrCompletion,
  COMMANDS,
  isMainForm,
  readCommand,
  wordsOf,
} from "./commands.ts";
import { convertParser } from "./commands/convert_options.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";
import { commandIn, mainUsage, withShortLines } from "./usage_line.ts";
import { VERSION } from "./version.ts";

const PROGRAM = "oci2rootfs";
/** What the scripts of `completion` call; not meant to be typed. */
const COMPLETION_OPTION = "--completion";

/**
 * Reads the arguments. `null` when they asked for help, the version or completion, which has been
 * written then. Throws `UsageError` where they make no sense.
 */
export function parseArguments(args: readonly string[], terminal: Terminal): Command | null {
  if (args.length === 0) {
    throw new UsageError(`Cannot convert without an image: usage is ${PROGRAM} IMAGE -o OUT`);
  }
  const alone = readCommand(args);
  if (!alone.success && isMainForm(args)) refuseSecondImage(wordsOf(args));
  // A command knows best what is wrong with it: all together propose options of others.
  const parsed = alone.success
    ? alone.value
    : parseAmongAll(wordsOf(args), terminal, isMainForm(args) ? null : alone.error);
  if (parsed?.command !== "completion") return parsed;
  return parseArguments([COMPLETION_OPTION, parsed.shell], terminal);
}

/** Refuses what stands behind the image: another one, or the first was meant to be a command. */
function refuseSecondImage(words: readonly string[]): void {
  const others = object({ others: multiple(argument(string())) });
  const read = parseSync(merge(convertParser(), others), words);
  if (!read.success || read.value.others.length === 0) return;
  throw new UsageError(
    `Cannot take "${
      read.value.others[0]
    }" behind image "${read.value.image}": expected -o OUT, a ` +
      "known command, or an option with its value, as --verity=FILE",
  );
}

/**
 * Reads the arguments where they ask for help, the version or completion, or make no sense; `known`
 * is what is wrong with them then, as far as it is known.
 */
function parseAmongAll(
  words: readonly string[],
  terminal: Terminal,
  known: Message | null,
): CommandOrCompletion | null {
  const isCompletion = words[0] === COMPLETION_OPTION;
  let isAnswered = false;
  const answered = () => {
    isAnswered = true;
    return null;
  };
  const commands = or(
    group("Commands", commandOf(COMMANDS, [])),
    convertParser(),
  );
  const parser = { ...commands, usage: withShortLines(commands.usage) };
  const parsed = runParserSync(parser, PROGRAM, words, {
    brief: message`Turn a container image into a root filesystem image.`,
    examples: examples(),
    help: { option: true, onShow: answered },
    version: { value: VERSION, option: true, onShow: answered },
    // Listed under its own command, and only understood where a script calls it.
    completion: isCompletion ? { option: { hidden: true }, onShow: answered } : undefined,
    usageLine: mainUsage(),
    aboveError: "none",
    termWidth: "auto",
    showDefault: true,
    showChoices: true,
    colors: terminal.colorsOutput,
    maxWidth: terminal.width(),
    stdout: (text) => terminal.writeOutput(`${text}\n`),
    stderr: () => {},
    onError(_exitCode: number, error: Message): never {
      const text = sentence(formatMessage(known ?? error, { quotes: true }));
      throw new UsageError(text, { command: commandIn(commands.usage, words) });
    },
  });
  return isAnswered ? null : parsed;
}

function examples(): Message {
  const lines = [
    "oci2rootfs ./layout -o rootfs.ext4",
    "oci2rootfs oci-archive:image.tar:v1 -o rootfs.ext4 --size 2G --label root",
    "oci2rootfs image.tar -o rootfs.img --platform linux/arm64 --free 20%",
    "oci2rootfs nginx:1.27 -o rootfs.squashfs --on-loss report",
    "oci2rootfs nginx:1.27 -o vm.erofs.qcow2 --partition gpt --verity",
    "oci2rootfs rootfs.ext4 -o ./rootfs/",
    "oci2rootfs ls -lR rootfs.ext4 /etc",
    "oci2rootfs cat nginx:1.27 /etc/os-release",
    "oci2rootfs extract image.tar /usr/share/doc -o ./doc",
    "oci2rootfs verify rootfs.ext4 nginx:1.27",
    "oci2rootfs pull registry.example/NAME:TAG -o ./layout --all-platforms",
    "oci2rootfs composefs pull nginx:1.27 web --repo ./repo",
    "oci2rootfs oci:./layout@sha256:DIGEST -o /dev/loop0 --format ext4 --force",
    "oci2rootfs ls --help",
    "oci2rootfs completion bash > ~/.local/share/bash-completion/completions/oci2rootfs",
  ];
  return lines.flatMap((line, i) => [...(i === 0 ? [] : [lineBreak()]), commandLine(line)]);
}

/** One line without a final period. */
function sentence(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, " ").replace(/\.$/, "");
}
