/**
 * tar, cpio and directories by the command line.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { mustRun, runTool } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { namesIn, resultOf, runCli, startCli, TINY, withDirectory } from "./cli_process.ts";
import { writeSlowImage } from "./slow_image.ts";

toolTest("a tar is the same on standard output and in a file, plain and compressed", [
  "tar",
  "gzip",
  "zstd",
], () =>
  withDirectory(async (directory) => {
    const outputs = ["a.tar", "a.tar.gz", "a.tgz", "a.tar.zst"].map((it) => `${directory}/${it}`);
    for (const output of outputs) {
      const result = await runCli([TINY, "-o", output, "-q"]);
      strictEqual(result.code, 0, result.stderr);
    }
    const plain = Deno.readFileSync(outputs[0]);
    const piped = startCli([TINY, "--format", "tar", "-o", "-", "-q"]);
    const { stdout, code } = await piped.output();
    strictEqual(code, 0);
    deepStrictEqual(stdout, plain);
    for (const [program, output] of [["gzip", 1], ["gzip", 2], ["zstd", 3]] as const) {
      const listed = mustRun("sh", ["-c", `${program} -dcq "$1" | tar -t`, "sh", outputs[output]]);
      strictEqual(listed, mustRun("tar", ["-tf", outputs[0]]));
    }
    // What is in a tar goes into the next one unchanged.
    const again = await runCli([`tar:${outputs[0]}`, "-o", `${directory}/b.tar`, "-q"]);
    strictEqual(again.code, 0, again.stderr);
    deepStrictEqual(Deno.readFileSync(`${directory}/b.tar`), plain);
    deepStrictEqual(namesIn(directory).length, 5);
  }));

Deno.test("a report and an image on standard output exclude each other", async () => {
  const result = await runCli([TINY, "--format", "tar", "-o", "-", "--json"]);
  strictEqual(result.code, 2);
  match(result.stderr, /--json and -o - exclude each other/);
});

Deno.test("a cpio without attributes takes consent", () =>
  withDirectory(async (directory) => {
    const refused = await runCli([TINY, "-o", `${directory}/a.cpio`]);
    strictEqual(refused.code, 4, refused.stderr);
    match(refused.stderr, /Cannot write extended attributes of ".*" to cpio/);
    const report = await runCli([TINY, "-o", `${directory}/a.cpio.gz`, "--on-loss", "report"]);
    strictEqual(report.code, 0, report.stderr);
    match(report.stderr, /Left out of cpio: extended attributes of \d+ files/);
    deepStrictEqual(namesIn(directory), ["a.cpio.gz"]);
  }));

toolTest(
  "a directory is made, and replaced only with consent",
  ["root"],
  () =>
    withDirectory(async (directory) => {
      const output = `${directory}/out/`;
      for (const [args, code] of [[[], 0], [[], 6], [["--force"], 0]] as const) {
        const result = await runCli([TINY, "-o", output, "-q", ...args]);
        strictEqual(result.code, code, result.stderr);
      }
      ok(Deno.lstatSync(`${output}lib`).isSymlink);
      deepStrictEqual(namesIn(directory), ["out"]);
      const inside = await runCli([`dir:${output}`, "-o", `${output}copy/`]);
      strictEqual(inside.code, 6, inside.stderr);
      const dry = await runCli([TINY, "-o", `${directory}/dry/`, "--dry-run"]);
      strictEqual(dry.code, 0, dry.stderr);
      deepStrictEqual(namesIn(directory), ["out"]);
    }),
);

Deno.test("what SIGKILL leaves of a directory is removed by the next run", () =>
  withDirectory(async (directory) => {
    const image = writeSlowImage(`${directory}/slow`);
    const output = `${directory}/out`;
    Deno.mkdirSync(output);
    const process = startCli([image, "-o", `${output}/rootfs/`]);
    while (!namesIn(output).some((name) => name.endsWith(".partial"))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    process.kill("SIGKILL");
    await resultOf(process);
    match(namesIn(output).join(), /^\.rootfs\.[0-9a-f]{16}\.partial$/);
    const args = [TINY, "-o", `${output}/rootfs/`, "--on-loss", "report"];
    const result = await runCli(args);
    strictEqual(result.code, 0, result.stderr);
    match(result.stderr, /note: Removed ".*\.partial", an unfinished output/);
    deepStrictEqual(namesIn(output), ["rootfs"]);
  }));

Deno.test("SIGKILL leaves no temporary file of a tar that was going to standard output", () =>
  withDirectory(async (directory) => {
    const image = writeSlowImage(`${directory}/slow`);
    const scratch = `${directory}/scratch`;
    Deno.mkdirSync(scratch);
    const args = [image, "--format", "tar", "-o", "-"];
    const process = startCli(args, { env: { TMPDIR: scratch } });
    const hasScratch = () =>
      runTool("sh", [
        "-c",
        `ls -l /proc/${process.pid}/fd 2>/dev/null | grep -c "$1"`,
        "sh",
        scratch,
      ])
        .stdout.trim() !== "0";
    let isRunning = true;
    process.status.then(() => isRunning = false);
    while (isRunning && !hasScratch()) await new Promise((resolve) => setTimeout(resolve, 5));
    if (isRunning) process.kill("SIGKILL");
    await resultOf(process);
    deepStrictEqual(namesIn(scratch), []);
  }));
