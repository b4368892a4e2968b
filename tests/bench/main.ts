/**
 * `deno task bench`: whole conversions, by us and by our peers, in the same run.
 *
 * Options: `--runs N` (5), `--rows a,b` (all; names as in bench_inputs.ts), `--columns a,b` (all),
 * `--write FILE` (Markdown), `--work DIR` where images are written: on a tmpfs, writing them is left
 * to the page cache and the disk does not count. The inputs are made once and kept; that takes minutes and some 20 GB
 * below the temporary directory. All programs alternate, so that a busy machine is unkind to each.
 *
 * @module
 */
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { mustRun } from "../run_tool.ts";
import { BENCH_INPUTS, type BenchInput } from "./bench_inputs.ts";
import { type BenchRow, formatBenchTable } from "./bench_table.ts";
import { availableContenders, type Contender, CONTENDER_SETS } from "./contenders.ts";
import { measure, type Measurement, medianOf } from "./measure.ts";

const HELP =
  `deno task bench [--set NAME] [--runs N] [--rows NAME,...] [--columns NAME,...] [--write FILE]

Rows: ${Object.keys(BENCH_INPUTS).join(", ")}
Sets and their columns:
${
    Object.entries(CONTENDER_SETS).map(([name, columns]) =>
      `  ${name}: ${columns.map((it) => it.name).join(", ")}`
    ).join("\n")
  }`;

/** Whoever takes longer than this is run once only. */
const SLOW_SECONDS = 120;

function main(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: {
      set: { type: "string", default: "ext4" },
      runs: { type: "string", default: "5" },
      rows: { type: "string", default: Object.keys(BENCH_INPUTS).join(",") },
      columns: { type: "string" },
      write: { type: "string" },
      work: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) {
    throw new TypeError(`Cannot use --runs "${values.runs}": it is no number, expected 1 or more`);
  }
  const columns = values.columns?.split(",");
  const all = Object.hasOwn(CONTENDER_SETS, values.set) ? CONTENDER_SETS[values.set] : undefined;
  if (all === undefined) {
    const known = Object.keys(CONTENDER_SETS).join(", ");
    throw new TypeError(`Cannot use --set "${values.set}": no such set, expected one of ${known}`);
  }
  const contenders = availableContenders(all)
    .filter(({ name }) => columns === undefined || columns.includes(name));
  const rows: BenchRow[] = [];
  for (const name of values.rows.split(",")) {
    const make = Object.hasOwn(BENCH_INPUTS, name) ? BENCH_INPUTS[name] : undefined;
    if (make === undefined) {
      const known = Object.keys(BENCH_INPUTS).join(", ");
      throw new TypeError(`Cannot use --rows "${name}": no such row, expected some of ${known}`);
    }
    console.error(`${name}: making the input`);
    rows.push(measureRow(make(), contenders, runs, values.work));
    console.log(formatBenchTable(rows.slice(-1)));
  }
  console.log(`\n${formatBenchTable(rows)}`);
  if (values.write !== undefined) {
    writeFileSync(values.write, document(rows));
    mustRun(Deno.execPath(), ["fmt", values.write]);
  }
}

/** All contenders in turn, `runs` times. */
function measureRow(
  input: BenchInput,
  contenders: readonly Contender[],
  runs: number,
  workDirectory: string | undefined,
): BenchRow {
  const measured = new Map<string, Measurement[]>();
  const imageBytes = new Map<string, number | null>();
  for (let run = 0; run < runs; run++) {
    for (const contender of contenders) {
      const { name } = contender;
      const before = measured.get(name);
      if (before !== undefined && before[0].wallSeconds > SLOW_SECONDS) continue;
      const made = measureOnce(input, contender, workDirectory);
      if (made === null) continue;
      const { measurement } = made;
      imageBytes.set(name, made.imageBytes);
      measured.set(name, [...before ?? [], measurement]);
      console.error(`${input.name}: ${name}: ${measurement.wallSeconds.toFixed(2)} s`);
    }
  }
  const cells = [...measured].map(([contender, all]) => ({
    contender,
    median: medianOf(all),
    runs: all.length,
    imageBytes: imageBytes.get(contender)!,
  }));
  return { input: input.name, storedSize: input.storedSize, cells };
}

/** One run in an empty directory that is deleted afterwards, outside the measured time. */
function measureOnce(
  input: BenchInput,
  { command, prepare }: Contender,
  workDirectory: string | undefined,
): { measurement: Measurement; imageBytes: number | null } | null {
  const work = Deno.makeTempDirSync({ prefix: "bench_work_", dir: workDirectory });
  try {
    const line = command(input, work);
    if (line === null) return null;
    if (prepare !== undefined) mustRun("sh", ["-c", prepare(input, work)]);
    // What others wrote before must not be paid by the next one.
    mustRun("sync", []);
    return { measurement: measure(line), imageBytes: imageBytesIn(work) };
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Bytes on the disk of the file `image.…`, `null` for none. */
function imageBytesIn(directory: string): number | null {
  const name = readdirSync(directory).find((name) => name.startsWith("image."));
  return name === undefined ? null : statSync(`${directory}/${name}`).blocks * 512;
}

function document(rows: readonly BenchRow[]): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  return `# Benchmarks

Measured on ${
    new Date().toISOString().slice(0, 10)
  } on a machine with ${cpus().length} cores and ${memory} GiB of memory, by
\`deno task bench\`. Each program is a whole process; all alternate in one run; the times are medians. \`Ratio\` is the
time divided by ours: above 1 is slower than we are. \`gzip -dc\`, \`igzip -dc\`, \`zstd -dc\` and \`cat\` only read
the layers and throw the bytes away: nothing that makes an image can be faster than the best of them on one core.

${formatBenchTable(rows)}
`;
}

if (import.meta.main) {
  main(Deno.args);
}
