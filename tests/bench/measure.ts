/**
 * Runs a command and answers what it took, as the operating system counts it.
 *
 * @module
 */
import { readFileSync, rmSync } from "node:fs";
import { runTool } from "../run_tool.ts";

/** What one run of a command took. */
export interface Measurement {
  /** From start to end, seconds. */
  readonly wallSeconds: number;
  /** Processor time of the process and its children, user and system, seconds. */
  readonly cpuSeconds: number;
  /** Largest resident memory of any of its processes, bytes. */
  readonly peakBytes: number;
}

/** Where Debian has GNU time; the shell's own word of that name knows no memory. */
const GNU_TIME = "/usr/bin/time";

/** Runs a shell command that must succeed. */
export function measure(command: string): Measurement {
  const report = Deno.makeTempFileSync({ prefix: "bench_time_" });
  try {
    const start = performance.now();
    const result = runTool(GNU_TIME, ["-v", "-o", report, "sh", "-c", command]);
    const wallSeconds = (performance.now() - start) / 1000;
    if (result.status !== 0) {
      throw new Error(
        `Cannot measure ${command}: exit status is ${result.status}, expected 0\n` +
          `${result.stdout}${result.stderr}`,
      );
    }
    return { wallSeconds, ...parseTimeReport(readFileSync(report, "utf8")) };
  } finally {
    rmSync(report);
  }
}

/** Reads what `time -v` wrote. */
export function parseTimeReport(text: string): Omit<Measurement, "wallSeconds"> {
  const field = (name: string): number => {
    const line = text.split("\n").find((line) => line.trim().startsWith(`${name}:`));
    if (line === undefined) throw new Error(`Cannot read report of time: no "${name}" in it`);
    return Number(line.slice(line.lastIndexOf(":") + 1));
  };
  return {
    cpuSeconds: field("User time (seconds)") + field("System time (seconds)"),
    peakBytes: field("Maximum resident set size (kbytes)") * 1024,
  };
}

/** The middle of several runs, field by field. */
export function medianOf(runs: readonly Measurement[]): Measurement {
  const median = (pick: (run: Measurement) => number): number => {
    const sorted = runs.map(pick).sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  };
  return {
    wallSeconds: median((run) => run.wallSeconds),
    cpuSeconds: median((run) => run.cpuSeconds),
    peakBytes: median((run) => run.peakBytes),
  };
}
