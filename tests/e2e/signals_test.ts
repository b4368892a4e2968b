import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { namesIn, resultOf, runCli, startCli, TINY, withDirectory } from "./cli_process.ts";
import { writeSlowImage } from "./slow_image.ts";

/** Waits until the program has begun to write; throws when it ends before. */
async function untilPartial(process: Deno.ChildProcess, directory: string): Promise<void> {
  let isRunning = true;
  process.status.then(() => isRunning = false);
  while (!namesIn(directory).some((name) => name.endsWith(".partial"))) {
    if (!isRunning) throw new Error(`Cannot interrupt the program: ${await textOf(process)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function textOf(process: Deno.ChildProcess): Promise<string> {
  return (await resultOf(process)).stderr;
}

Deno.test("SIGINT and SIGTERM in the middle leave nothing behind", () =>
  withDirectory(async (directory) => {
    const image = writeSlowImage(`${directory}/slow`);
    const output = `${directory}/out`;
    Deno.mkdirSync(output);
    Deno.writeTextFileSync(`${output}/rootfs.ext4`, "old content");
    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      const process = startCli([image, "-o", `${output}/rootfs.ext4`]);
      await untilPartial(process, output);
      process.kill(signal);
      const result = await resultOf(process);
      strictEqual(result.code, code, result.stderr);
      strictEqual(result.stderr, `oci2rootfs: Stopped by ${signal}\n`);
      deepStrictEqual(namesIn(output), ["rootfs.ext4"]);
      strictEqual(Deno.readTextFileSync(`${output}/rootfs.ext4`), "old content");
    }
  }));

/** Ways to write a lot to standard output. */
const STREAMS: readonly (readonly string[])[] = [
  ["IMAGE", "--format", "tar", "-o", "-"],
  ["IMAGE", "--format", "cpio", "-o", "-"],
  ["extract", "IMAGE", "-o", "-"],
  ["extract", "IMAGE", "/", "-o", "-"],
];

Deno.test("SIGINT ends the program while nobody reads what it writes", () =>
  withDirectory(async (directory) => {
    const image = largeDirectory(directory);
    for (const args of STREAMS) {
      const process = startCli(args.map((arg) => arg === "IMAGE" ? image : arg));
      const reader = process.stdout.getReader();
      // It has begun, and soon the pipe is full.
      await reader.read();
      await untilWaiting(process);
      process.kill("SIGINT");
      const { code } = await process.status;
      strictEqual(code, 130, args.join(" "));
      await reader.cancel();
      const [stderr] = await Array.fromAsync(process.stderr);
      match(new TextDecoder().decode(stderr), /oci2rootfs: Stopped by SIGINT\n$/);
    }
  }));

/** A directory with more than a pipe takes. */
function largeDirectory(directory: string): string {
  Deno.mkdirSync(`${directory}/root`);
  Deno.writeFileSync(`${directory}/root/file`, new Uint8Array(4 * 1024 * 1024).fill(1));
  return `dir:${directory}/root`;
}

/** Waits until the program has written nothing for a while. */
async function untilWaiting(process: Deno.ChildProcess): Promise<void> {
  const written = () => /wchar: (\d+)/.exec(Deno.readTextFileSync(`/proc/${process.pid}/io`))![1];
  for (let before = ""; before !== written();) {
    before = written();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

Deno.test("a reader that goes early ends every output quietly", () =>
  withDirectory(async (directory) => {
    const image = largeDirectory(directory);
    for (const args of STREAMS) {
      const process = startCli([...args.map((arg) => arg === "IMAGE" ? image : arg), "-q"]);
      const reader = process.stdout.getReader();
      await reader.read();
      await reader.cancel();
      const { code } = await process.status;
      const stderr = await new Response(process.stderr).text();
      strictEqual(stderr, "", args.join(" "));
      strictEqual(code, 0, args.join(" "));
    }
  }));

Deno.test("what SIGKILL leaves is removed by the next run, which says so", () =>
  withDirectory(async (directory) => {
    const image = writeSlowImage(`${directory}/slow`);
    const output = `${directory}/out`;
    Deno.mkdirSync(output);
    const process = startCli([image, "-o", `${output}/rootfs.ext4`]);
    await untilPartial(process, output);
    process.kill("SIGKILL");
    await resultOf(process);
    const [leftover] = namesIn(output);
    match(leftover, /^\.rootfs\.ext4\.[0-9a-f]{16}\.partial$/);

    const result = await runCli([TINY, "-o", `${output}/rootfs.ext4`]);
    strictEqual(result.code, 0, result.stderr);
    ok(result.stderr.includes(`note: Removed "${output}/${leftover}"`), result.stderr);
    deepStrictEqual(namesIn(output), ["rootfs.ext4"]);
  }));
