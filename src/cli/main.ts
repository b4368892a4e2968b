/**
 * The program: arguments in, exit code out.
 *
 * @module
 */
import { type Command, readCommand } from "./commands.ts";
import { errorText } from "./error_text.ts";
import { type ExitCode, exitCodeOf } from "./exit_code.ts";
import { Interruption, withInterruption } from "./interruption.ts";
import { OutputClosed } from "./standard_output.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

/** Runs the program with the arguments of its command line. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  const terminal = processTerminal();
  let command: Command | null = null;
  try {
    command = await askedCommand(args, terminal);
    if (command === null) return 0;
    return await runCommand(command, terminal);
  } catch (error) {
    // Nobody is left to be told.
    if (error instanceof OutputClosed) return 0;
    const output = outputOf(command);
    const text = errorText(error, {
      command: command === null || command.command === "convert" ? "" : command.command,
      debug: command?.debug ?? args.includes("--debug"),
      isDevice: output !== null && isBlockDevice(output),
      canForce: command !== null && "force" in command,
    });
    if (error instanceof Interruption) await terminal.writeLastError(text);
    else terminal.writeError(text);
    return exitCodeOf(error);
  }
}

/** The command that was asked for; `null` where what was asked for has been written. */
async function askedCommand(args: readonly string[], terminal: Terminal): Promise<Command | null> {
  const read = readCommand(args);
  if (read.success && read.value.command !== "completion") return read.value;
  // Help and what explains errors take long to load.
  return (await import("./arguments.ts")).parseArguments(args, terminal);
}

async function runCommand(command: Command, terminal: Terminal): Promise<ExitCode> {
  return await withInterruption(async (signal) => {
    // The parser knows the command in some 50 ms; what does the work is loaded only now.
    if (command.command === "convert") {
      const { runConvert } = await import("./commands/convert.ts");
      await runConvert(command, terminal, signal);
    } else if (command.command === "pull") {
      const { runPull } = await import("./commands/pull.ts");
      await runPull(command, terminal, signal);
    } else if (command.command === "inspect") {
      const { runInspect } = await import("./commands/inspect.ts");
      await runInspect(command, terminal, signal);
    } else if (command.command === "extract") {
      const { runExtract } = await import("./commands/extract.ts");
      await runExtract(command, terminal, signal);
    } else if (command.command === "diff") {
      const { runDiff } = await import("./commands/diff.ts");
      return await runDiff(command, terminal, signal);
    } else if (command.command === "verify") {
      const { runVerify } = await import("./commands/verify.ts");
      return await runVerify(command, terminal, signal);
    } else if (command.command === "ls") {
      const { runLs } = await import("./commands/ls.ts");
      await runLs(command, terminal, signal);
    } else if (command.command === "cat") {
      const { runCat } = await import("./commands/cat.ts");
      await runCat(command, terminal, signal);
    } else if (command.command === "stat") {
      const { runStat } = await import("./commands/stat.ts");
      await runStat(command, terminal, signal);
    } else if (command.command === "tree") {
      const { runTree } = await import("./commands/tree.ts");
      await runTree(command, terminal, signal);
    } else if (command.command === "dump") {
      const { runDump } = await import("./commands/dump.ts");
      await runDump(command, terminal, signal);
    } else if (command.command === "composefs") {
      const { runComposefs } = await import("./commands/composefs/composefs.ts");
      return await runComposefs(command, terminal, signal);
    } else {
      const { runCache } = await import("./commands/cache.ts");
      await runCache(command, terminal, signal);
    }
    return 0;
  });
}

function outputOf(command: Command | null): string | null {
  return command !== null && "output" in command ? command.output ?? null : null;
}

function isBlockDevice(path: string): boolean {
  try {
    return Deno.statSync(path).isBlockDevice === true;
  } catch {
    return false;
  }
}
