/**
 * What `--debug` tells besides stack traces: the log of the library, on standard error.
 *
 * @module
 */
import { configureSync, getTextFormatter } from "@logtape/logtape";
import type { Terminal } from "./terminal.ts";

/** Sends every record of the project's loggers to `terminal`, one line each. */
export function showDebugLog(terminal: Terminal): void {
  const format = getTextFormatter({ timestamp: "time" });
  configureSync({
    reset: true,
    sinks: { terminal: (record) => terminal.writeError(format(record)) },
    loggers: [
      { category: "oci2rootfs", lowestLevel: "debug", sinks: ["terminal"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["terminal"] },
    ],
  });
}
