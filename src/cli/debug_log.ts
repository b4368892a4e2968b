/**
 * What `--debug` and `--verbose` tell of the library's log, on standard error.
 *
 * @module
 */
import { configureSync, getTextFormatter, type LogRecord } from "@logtape/logtape";
import { oneLine } from "./error_text.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Sends the log to `terminal`: every record with `debug`; with `verbose` what registries and mirrors
 * did. Nothing else is ever logged.
 */
export function showLog(
  terminal: Terminal,
  { debug, verbose }: { readonly debug: boolean; readonly verbose: boolean },
): void {
  if (!debug && !verbose) return;
  const format = debug ? getTextFormatter({ timestamp: "time" }) : noteOf;
  configureSync({
    reset: true,
    sinks: { terminal: (record) => terminal.writeError(format(record)) },
    loggers: [
      debug
        ? { category: "oci2rootfs", lowestLevel: "debug", sinks: ["terminal"] }
        : { category: ["oci2rootfs", "registry"], lowestLevel: "info", sinks: ["terminal"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["terminal"] },
    ],
  });
}

function noteOf(record: LogRecord): string {
  return `oci2rootfs: note: ${oneLine(record.message.map(String).join(""))}\n`;
}
