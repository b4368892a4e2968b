import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runTool } from "../run_tool.ts";
import { CLI, runCli, TINY, withDirectory } from "./cli_process.ts";

const VECTOR = new URL("../../testdata/composefs/random-16.dump", import.meta.url).pathname;

Deno.test("composefs create-image makes an image of layers, and dump says what is in it", async () => {
  await withDirectory(async (directory) => {
    const image = `${directory}/image`;
    const made = await runCli([
      "composefs",
      "create-image",
      "--print-digest",
      "--digest-store",
      `${directory}/objects`,
      `oci:${TINY}`,
      image,
    ]);
    strictEqual(made.code, 0, made.stderr);
    ok(/^\/.*image: composefs, /m.test(made.stderr), made.stderr);
    strictEqual((await runCli(["composefs", "compute-digest", image])).stdout, made.stdout);
    const again = ["composefs", "create-image", "--print-digest-only", `oci:${TINY}`];
    for (const workers of ["0", "2"]) {
      strictEqual((await runCli([...again, "--workers", workers])).stdout, made.stdout);
    }
    const missing = ["composefs", "missing-objects", "--basedir", `${directory}/objects`, image];
    deepStrictEqual(await runCli(missing), { code: 0, stdout: "", stderr: "" });
    // Paths, modes, owners and times are those that the layers have.
    const metadata = (text: string) =>
      text.trim().split("\n").map((line) => line.split(" ").slice(0, 8).join(" "));
    const dump = await runCli(["composefs", "dump", image]);
    const expected = await runCli(["dump", `oci:${TINY}`]);
    deepStrictEqual(metadata(dump.stdout), metadata(expected.stdout));
    ok(metadata(dump.stdout).length > 3);
  });
});

Deno.test("composefs create-image reads standard input and writes standard output", () => {
  const run = (args: readonly string[], input: Uint8Array | string) =>
    runTool(Deno.execPath(), ["run", "-A", "--no-check", CLI, "composefs", ...args], { input });
  const dump = Deno.readFileSync(VECTOR);
  const piped = run(["create-image", "-q", "--from-file", "-", "-"], dump);
  strictEqual(piped.status, 0, piped.stderr);
  ok(piped.stdout.length > 4096);
  const digest = run(["create-image", "--from-file", "--print-digest-only", "-"], dump);
  const fromFile = run(["create-image", "--from-file", "--print-digest-only", VECTOR], "");
  strictEqual(digest.stdout, fromFile.stdout);
  strictEqual(digest.stdout.length, 65);
  const broken = run(["create-image", "--from-file", "--print-digest-only", "-"], "/ x\n");
  strictEqual(broken.status, 3);
  ok(broken.stderr.includes("Cannot read line 1 of dump file: it has 2 fields"), broken.stderr);
});
