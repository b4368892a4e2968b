import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { runCli, TINY, withDirectory } from "./cli_process.ts";

toolTest("a filesystem image is an image: by its path and by its format", ["cmp"], async () => {
  await withDirectory(async (work) => {
    const convert = async (...args: string[]) => {
      const result = await runCli([...args, "--json", "-q"], { cwd: work });
      strictEqual(result.code, 0, result.stderr);
      return JSON.parse(result.stdout);
    };
    const first = await convert(TINY, "-o", "first.ext4", "--label", "first");
    const second = await convert("first.ext4", "-o", "second.ext4");
    await convert("ext4:first.ext4", "-o", "third.ext4");
    deepStrictEqual(second.counts, first.counts);
    match(second.digest, /^sha256:/);
    mustRun("cmp", [`${work}/second.ext4`, `${work}/third.ext4`]);
    // Never over itself.
    const over = await runCli(["ext4:first.ext4", "-o", "first.ext4", "--force"], { cwd: work });
    strictEqual(over.code === 0, false);
    match(over.stderr, /first\.ext4/);
    const wrong = await runCli(["ext4:third.ext4x", "-o", "out.ext4"], { cwd: work });
    strictEqual(wrong.code === 0, false);
  });
});
