/**
 * The result of the benchmark as Markdown.
 *
 * @module
 */
import type { Measurement } from "./measure.ts";

/** What a column did in a row. */
export interface BenchCell {
  /** Name of the column. */
  readonly contender: string;
  /** Median of its runs. */
  readonly median: Measurement;
  /** How many runs there were. */
  readonly runs: number;
  /** Bytes that the image takes on the disk, `null` where there is none. */
  readonly imageBytes: number | null;
}

/** One row: an input and what everybody did with it; the first cell is the one compared with. */
export interface BenchRow {
  /** Name of the input. */
  readonly input: string;
  /** Bytes of its layers as stored. */
  readonly storedSize: number;
  /** What was measured. */
  readonly cells: readonly BenchCell[];
}

/** The table, one line for each cell. Times are medians; `ratio` is the time to the first cell's. */
export function formatBenchTable(rows: readonly BenchRow[]): string {
  const lines = [
    "| Input | Program | Wall s | Ratio | CPU s | Peak MB | Image MB | Runs |",
    "|---|---|--:|--:|--:|--:|--:|--:|",
  ];
  for (const { input, storedSize, cells } of rows) {
    const label = `${input} (${Math.round(storedSize / 1e6)} MB)`;
    cells.forEach(({ contender, median, runs, imageBytes }, i) => {
      const ratio = median.wallSeconds / cells[0].median.wallSeconds;
      const columns = [
        i === 0 ? label : "",
        contender,
        median.wallSeconds.toFixed(2),
        ratio.toFixed(2),
        median.cpuSeconds.toFixed(2),
        String(Math.round(median.peakBytes / 1e6)),
        imageBytes === null ? "" : (imageBytes / 1e6).toFixed(1),
        String(runs),
      ];
      lines.push(`| ${columns.join(" | ")} |`);
    });
  }
  return lines.join("\n");
}
