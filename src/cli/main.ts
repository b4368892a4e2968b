/**
 * The program: arguments in, exit code out.
 *
 * @module
 */
import { type Command, parseArguments } from "./arguments.ts";
import { errorText } from "./error_text.ts";
import { type ExitCode, exitCodeOf } from "./exit_code.ts";
import { withInterruption } from "./interruption.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

/** Runs the program with the arguments of its command line. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  const terminal = processTerminal();
  let command: Command | null = null;
  try {
    command = parseArguments(args, terminal);
    if (command === null) return 0;
    await runCommand(command, terminal);
    return 0;
  } catch (error) {
    const output = command?.output ?? null;
    terminal.writeError(errorText(error, {
      debug: command?.debug ?? args.includes("--debug"),
      output,
      isDevice: output !== null && isBlockDevice(output),
      force: command?.force ?? false,
    }));
    return exitCodeOf(error);
  }
}

async function runCommand(command: Command, terminal: Terminal): Promise<void> {
  // The parser knows the command in some 50 ms; what does the work is loaded only now.
  const { runConvert } = await import("./commands/convert.ts");
  await withInterruption((signal) => runConvert(command, terminal, signal));
}

function isBlockDevice(path: string): boolean {
  try {
    return Deno.statSync(path).isBlockDevice === true;
  } catch {
    return false;
  }
}
