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
  return {
    output: "",
    error: "",
    writeOutput(text) {
      this.output += text;
    },
    writeBytes(bytes) {
      this.output += new TextDecoder().decode(bytes);
      return true;
    },
    writeError(text) {
      this.error += text;
    },
    isInteractive: true,
    showsOutput: false,
    colorsOutput: false,
    colorsError: false,
    width: () => 60,
  };
}
