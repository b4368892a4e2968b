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
