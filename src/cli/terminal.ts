/**
 * Standard output and standard error, as far as the program uses them.
 *
 * @module
 */
import { pipeSink, type PipeWriter } from "../io/pipe_sink.ts";
import { systemError } from "../io/system_error.ts";
import { outputPipe } from "./standard_output.ts";

/** Where the program writes. */
export interface Terminal {
  /** Standard output, which commands write to as `OutputStream`. */
  readonly outputPipe: PipeWriter;
  /** Writes to standard output before there is a command: help, a completion script. */
  writeOutput(text: string): void;
  /** Writes to standard error: everything else. */
  writeError(text: string): void;
  /** The same, but for a moment only: its reader may be the one that does not read. */
  writeLastError(text: string): Promise<void>;
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
/** How long whoever interrupts a program may wait for its end. */
const PATIENCE_MILLISECONDS = 500;

/** The terminal of this process. `NO_COLOR` and `TERM=dumb` are honoured. */
export function processTerminal(): Terminal {
  const encoder = new TextEncoder();
  const isDumb = environment("TERM") === "dumb";
  const wantsColor = (environment("NO_COLOR") ?? "") === "" && !isDumb;
  const pipe = outputPipe();
  return {
    outputPipe: pipe,
    writeOutput(text) {
      try {
        writeAll(pipe, encoder.encode(text));
      } catch (error) {
        throw systemError(error, "write", "standard output");
      }
    },
    writeError(text) {
      try {
        writeAll(Deno.stderr, encoder.encode(text));
      } catch {
        // Nobody is left to be told; the exit code says how it ended.
      }
    },
    async writeLastError(text) {
      const patience = AbortSignal.timeout(PATIENCE_MILLISECONDS);
      const sink = pipeSink("standard error", Deno.stderr, patience).open();
      sink.write(encoder.encode(text), 0);
      await sink.drain!().catch(() => {});
    },
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

function writeAll(stream: Pick<PipeWriter, "writeSync">, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += stream.writeSync(bytes.subarray(done));
}

function columns(): number {
  try {
    // A pseudo-terminal without a size answers 0.
    return Deno.consoleSize().columns || DEFAULT_COLUMNS;
  } catch {
    return DEFAULT_COLUMNS;
  }
}
