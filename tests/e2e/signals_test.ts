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

/** Ways to write a lot to standard output, and the code where the reader goes early. */
const STREAMS: readonly (readonly [string, number])[] = [
  ["IMAGE --format tar -o -", 0],
  ["IMAGE --format cpio -o -", 0],
  ["extract IMAGE -o -", 0],
  ["extract IMAGE / -o -", 0],
  ["ls -R IMAGE", 0],
  ["ls -R --json IMAGE", 0],
  ["cat IMAGE /file", 0],
  ["cat --json IMAGE /file", 0],
  ["cat FILE /file", 0],
  ["cat FILE /file /file", 0],
  ["stat FILE NAMES", 0],
  ["tree FILE", 0],
  ["dump FILE", 0],
  ["diff FILE TINY", 1],
  ["diff --json FILE TINY", 1],
  ["composefs ls COMPOSEFS", 0],
  ["composefs dump COMPOSEFS", 0],
  ["composefs cat COMPOSEFS /file --basedir OBJECTS", 0],
  ["composefs layer LAYER --repo REPO", 0],
  ["composefs layer --dumpfile LAYER --repo REPO", 0],
  ["composefs cat-stream oci-layer-LAYER --repo REPO", 0],
  ["composefs oci dump app --repo REPO", 0],
];

/** What the words in capitals of {@linkcode STREAMS} stand for: images with more than a pipe takes. */
async function largeImages(directory: string): Promise<Record<string, readonly string[]>> {
  Deno.mkdirSync(`${directory}/root/usr`, { recursive: true });
  Deno.writeFileSync(`${directory}/root/file`, new Uint8Array(4 * 1024 * 1024).fill(1));
  const names = Array.from({ length: 800 }, (_, i) => `usr/${`${i}`.padStart(200, "x")}`);
  for (const name of names) Deno.writeTextFileSync(`${directory}/root/${name}`, "");
  const image = `dir:${directory}/root`;
  const [file, composefs, objects, repository] = ["file.ext4", "composefs", "objects", "repository"]
    .map((name) => `${directory}/${name}`);
  for (
    const args of [
      [image, "-o", file],
      ["composefs", "create-image", image, composefs, "--digest-store", objects],
      ["composefs", "init", "--insecure", repository],
      ["composefs", "pull", image, "app", "--repo", repository],
    ]
  ) {
    const { code, stderr } = await runCli(args);
    strictEqual(code, 0, stderr);
  }
  const streams = namesIn(`${repository}/streams`);
  const layer = streams.find((name) => name.startsWith("oci-layer-"))!;
  return {
    IMAGE: [image],
    FILE: [file],
    TINY: [TINY],
    NAMES: names,
    COMPOSEFS: [composefs],
    OBJECTS: [objects],
    REPO: [repository],
    LAYER: [layer.slice("oci-layer-".length)],
    "oci-layer-LAYER": [layer],
  };
}

Deno.test("SIGINT ends the program while nobody reads what it writes", () =>
  withDirectory(async (directory) => {
    const images = await largeImages(directory);
    for (const [line] of STREAMS) {
      const process = startCli(line.split(" ").flatMap((word) => images[word] ?? [word]));
      const reader = process.stdout.getReader();
      // It has begun, and soon the pipe is full.
      await reader.read();
      await untilWaiting(process);
      process.kill("SIGINT");
      const { code } = await process.status;
      strictEqual(code, 130, line);
      await reader.cancel();
      const stderr = await new Response(process.stderr).text();
      match(stderr, /oci2rootfs: Stopped by SIGINT\n$/, line);
    }
  }));

/** Waits until the program has written nothing for a while. */
async function untilWaiting(process: Deno.ChildProcess): Promise<void> {
  const written = () => /wchar: (\d+)/.exec(Deno.readTextFileSync(`/proc/${process.pid}/io`))![1];
  for (let before = ""; before !== written();) {
    before = written();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

Deno.test("SIGINT ends the program while nobody reads its messages either", () =>
  withDirectory(async (directory) => {
    const images = await largeImages(directory);
    const [image] = images.IMAGE;
    const process = startCli(["ls", "-R", image], {
      wrapper: ["sh", "-c", 'exec "$@" 2>&1', "sh"],
    });
    const reader = process.stdout.getReader();
    await reader.read();
    await untilWaiting(process);
    process.kill("SIGINT");
    const { code } = await process.status;
    strictEqual(code, 130);
    await reader.cancel();
    await process.stderr.cancel();
  }));

Deno.test("a reader that goes early ends every output quietly", () =>
  withDirectory(async (directory) => {
    const images = await largeImages(directory);
    for (const [line, expected] of STREAMS) {
      const args = line.split(" ").flatMap((word) => images[word] ?? [word]);
      const process = startCli(/^composefs (ls|dump|cat) /.test(line) ? args : [...args, "-q"]);
      const reader = process.stdout.getReader();
      await reader.read();
      await reader.cancel();
      const { code } = await process.status;
      const stderr = await new Response(process.stderr).text();
      strictEqual(stderr, "", line);
      strictEqual(code, expected, line);
    }
  }));

Deno.test("a slow reader gets everything", () =>
  withDirectory(async (directory) => {
    const images = await largeImages(directory);
    for (const line of ["cat FILE /file", "ls -R IMAGE", "composefs layer LAYER --repo REPO"]) {
      const args = line.split(" ").flatMap((word) => images[word] ?? [word]);
      const { stdout } = await runCli(args);
      const process = startCli(args);
      let text = "";
      const decoder = new TextDecoder();
      for await (const piece of process.stdout) {
        text += decoder.decode(piece, { stream: true });
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      strictEqual(text === stdout, true, line);
      strictEqual((await process.status).code, 0, line);
      await process.stderr.cancel();
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
