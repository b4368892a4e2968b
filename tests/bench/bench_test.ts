import { match, strictEqual, throws } from "node:assert/strict";
import { formatBenchTable } from "./bench_table.ts";
import { type Measurement, medianOf, parseTimeReport } from "./measure.ts";

const run = (wallSeconds: number, cpuSeconds: number, peakBytes: number): Measurement => ({
  wallSeconds,
  cpuSeconds,
  peakBytes,
});

Deno.test("parseTimeReport() adds up processor time and answers memory in bytes", () => {
  const report = parseTimeReport(
    '\tCommand being timed: "sh -c x"\n\tUser time (seconds): 1.25\n' +
      "\tSystem time (seconds): 0.50\n\tElapsed (wall clock) time (h:mm:ss or m:ss): 0:01.00\n" +
      "\tMaximum resident set size (kbytes): 2048\n",
  );
  strictEqual(report.cpuSeconds, 1.75);
  strictEqual(report.peakBytes, 2097152);
  throws(() => parseTimeReport("nothing"), /no "User time/);
});

Deno.test("medianOf() takes the middle of each field", () => {
  const median = medianOf([run(3, 10, 5), run(1, 30, 7), run(2, 20, 6)]);
  strictEqual(JSON.stringify(median), JSON.stringify(run(2, 20, 6)));
  strictEqual(medianOf([run(1, 1, 1), run(2, 1, 1)]).wallSeconds, 1.5);
});

Deno.test("formatBenchTable() compares with the first cell", () => {
  const table = formatBenchTable([{
    input: "one",
    storedSize: 5e6,
    cells: [
      { contender: "ours", median: run(2, 2, 100e6), runs: 5, imageBytes: 12_340_000 },
      { contender: "theirs", median: run(5, 4, 30e6), runs: 3, imageBytes: null },
    ],
  }]);
  match(table, /\| one \(5 MB\) \| ours \| 2\.00 \| 1\.00 \| 2\.00 \| 100 \| 12\.3 \| 5 \|/);
  match(table, /\| {2}\| theirs \| 5\.00 \| 2\.50 \| 4\.00 \| 30 \| {2}\| 3 \|/);
});
