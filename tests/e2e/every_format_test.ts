/**
 * What the command line promises for every format: the same bytes however it is asked for, nothing
 * under the output's name before it is whole, and block devices.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type FormatEntry, FORMATS } from "../../src/format/formats.ts";
import { withLoopDevice } from "../loop_device.ts";
import { toolTest } from "../tools.ts";
import { namesIn, resultOf, runCli, startCli, TINY, withDirectory } from "./cli_process.ts";
import { writeSlowImage } from "./slow_image.ts";

/** Directories are real files: see `directory_test.ts` and `archive_outputs_test.ts`. */
const FILE_FORMATS = FORMATS.filter(({ name }) => name !== "directory");

/** Options that let the format take the small image, which has more than some can hold. */
function optionsFor({ name, options }: FormatEntry): string[] {
  const loss = options.includes("onLoss") ? ["--on-loss", "report"] : [];
  return ["--format", name, ...loss];
}

for (const format of FILE_FORMATS) {
  const options = optionsFor(format);
  Deno.test(`${format.name} is the same for any number of workers, dry and piped`, () =>
    withDirectory(async (directory) => {
      const env = { SOURCE_DATE_EPOCH: "1700000000" };
      const reports: string[] = [];
      const ends = [
        ["-o", `${directory}/0`, "--workers", "0"],
        ["-o", `${directory}/4`, "--workers", "4"],
        ["--dry-run"],
      ];
      for (const end of ends) {
        const result = await runCli([TINY, ...options, ...end, "--json"], { env });
        strictEqual(result.code, 0, result.stderr);
        const report = JSON.parse(result.stdout);
        reports.push(JSON.stringify({ ...report, timings: null, output: null }));
      }
      strictEqual(reports[1], reports[0]);
      strictEqual(reports[2], reports[0]);
      const image = Deno.readFileSync(`${directory}/0`);
      ok(image.length > 1000);
      deepStrictEqual(Deno.readFileSync(`${directory}/4`), image);
      deepStrictEqual(namesIn(directory), ["0", "4"]);

      const piped = await startCli([TINY, ...options, "-o", "-", "-q"], { env }).output();
      const streams = ["tar", "cpio", "dump"].includes(format.name);
      strictEqual(piped.code, streams ? 0 : 2, new TextDecoder().decode(piped.stderr));
      deepStrictEqual(piped.stdout, streams ? image : new Uint8Array(0));
    }));
}

Deno.test("a signal in the middle leaves nothing under the name, in any format", () =>
  withDirectory(async (directory) => {
    const image = writeSlowImage(`${directory}/slow`);
    for (const format of FILE_FORMATS) {
      const output = `${directory}/${format.name}`;
      Deno.mkdirSync(output);
      for (const signal of ["SIGINT", "SIGKILL"] as const) {
        const process = startCli([image, ...optionsFor(format), "-o", `${output}/rootfs`]);
        await untilPartial(process, output);
        process.kill(signal);
        const { code, stderr } = await resultOf(process);
        strictEqual(code, signal === "SIGINT" ? 130 : 137, `${format.name}: ${stderr}`);
        const left = namesIn(output);
        if (signal === "SIGINT") deepStrictEqual(left, [], format.name);
        else match(left.join(), /^\.rootfs\.[0-9a-f]{16}\.partial$/);
      }
      const next = await runCli([TINY, ...optionsFor(format), "-o", `${output}/rootfs`]);
      strictEqual(next.code, 0, next.stderr);
      match(next.stderr, /note: Removed ".*\.partial"/);
      deepStrictEqual(namesIn(output), ["rootfs"], format.name);
    }
  }));

/** Waits until the program has begun to write. */
async function untilPartial(process: Deno.ChildProcess, directory: string): Promise<void> {
  let isRunning = true;
  process.status.then(() => isRunning = false);
  while (!namesIn(directory).some((name) => name.endsWith(".partial"))) {
    if (!isRunning) throw new Error((await resultOf(process)).stderr);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

toolTest(
  "every format goes onto a block device",
  ["mount:ext4"],
  () =>
    withDirectory(async (directory) => {
      const disk = `${directory}/disk`;
      Deno.writeFileSync(disk, new Uint8Array(0));
      Deno.truncateSync(disk, 16 * 1024 * 1024);
      for (const format of FILE_FORMATS) {
        const file = `${directory}/file`;
        const options = [TINY, ...optionsFor(format), "-q", "--force"];
        if (format.name === "ext4") options.push("--size", "16M");
        strictEqual((await runCli([...options, "-o", file])).code, 0);
        await withLoopDevice(disk, async (device) => {
          const result = await runCli([...options, "-o", device]);
          strictEqual(result.code, 0, `${format.name}: ${result.stderr}`);
          const image = Deno.readFileSync(file);
          using written = Deno.openSync(device);
          const found = new Uint8Array(image.length);
          for (let at = 0; at < found.length;) at += written.readSync(found.subarray(at))!;
          ok(Buffer.compare(found, image) === 0, `${format.name} is another on ${device}`);
        });
      }
    }),
);
