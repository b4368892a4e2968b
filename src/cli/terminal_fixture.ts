/**
 * A terminal that keeps what is written, for tests.
 *
 * @module
 */
import type { Terminal } from "./terminal.ts";

/** A terminal with what was written to it. */
export interface RecordedTerminal extends Terminal {
  /** What went to standard output. */
  output: string;
  /** What went to standard error. */
  error: string;
}

/** A terminal of 60 columns without colours. */
export function recordedTerminal(): RecordedTerminal {
  const decoder = new TextDecoder();
  const terminal: RecordedTerminal = {
    output: "",
    error: "",
    outputPipe: {
      writeSync(bytes) {
        terminal.output += decoder.decode(bytes, { stream: true });
        return bytes.length;
      },
      write: (bytes) => Promise.resolve(terminal.outputPipe.writeSync(bytes)),
    },
    writeOutput(text) {
      this.output += text;
    },
    writeError(text) {
      this.error += text;
    },
    writeLastError(text) {
      this.error += text;
      return Promise.resolve();
    },
    isInteractive: true,
    showsOutput: false,
    colorsOutput: false,
    colorsError: false,
    width: () => 60,
  };
  return terminal;
}
