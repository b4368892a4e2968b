/**
 * Standard output and standard error, as far as the program uses them.
 *
 * @module
 */
import { systemError } from "../io/system_error.ts";

/** Where the program writes. */
export interface Terminal {
  /** Writes to standard output: what was asked for (a report, help, a completion script). */
  writeOutput(text: string): void;
  /** The same for bytes; answers `false` where the reader has gone. */
  writeBytes(bytes: Uint8Array): boolean;
  /** Writes to standard error: everything else. */
  writeError(text: string): void;
  /** Standard error is a terminal that understands cursor movements. */
  readonly isInteractive: boolean;
  /** Standard output is a terminal: what could move its cursor must not be written to it. */
  readonly showsOutput: boolean;
  /** Standard output may be coloured. */
  readonly colorsOutput: boolean;
  /** Standard error may be coloured. */
  readonly colorsError: boolean;
  /** Columns of the terminal. */
  width(): number;
}

const DEFAULT_COLUMNS = 80;

/** The terminal of this process. `NO_COLOR` and `TERM=dumb` are honoured. */
export function processTerminal(): Terminal {
  const encoder = new TextEncoder();
  const isDumb = environment("TERM") === "dumb";
  const wantsColor = (environment("NO_COLOR") ?? "") === "" && !isDumb;
  return {
    writeOutput: (text) => void writeAll(Deno.stdout, encoder.encode(text)),
    writeBytes: (bytes) => writeAll(Deno.stdout, bytes),
    writeError: (text) => void writeAll(Deno.stderr, encoder.encode(text)),
    isInteractive: Deno.stderr.isTerminal() && !isDumb,
    showsOutput: Deno.stdout.isTerminal(),
    colorsOutput: wantsColor && Deno.stdout.isTerminal(),
    colorsError: wantsColor && Deno.stderr.isTerminal(),
    width: columns,
  };
}

/** A variable of the environment; `undefined` where the sandbox does not show it. */
export function environment(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

function writeAll(stream: typeof Deno.stdout, bytes: Uint8Array): boolean {
  try {
    for (let done = 0; done < bytes.length;) done += stream.writeSync(bytes.subarray(done));
    return true;
  } catch (error) {
    // The reader has gone (`| head`): nobody is left to be told.
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw systemError(error, "write", "standard output");
  }
}

function columns(): number {
  try {
    // A pseudo-terminal without a size answers 0.
    return Deno.consoleSize().columns || DEFAULT_COLUMNS;
  } catch {
    return DEFAULT_COLUMNS;
  }
}
