/**
 * squashfs images by the command line.
 *
 * @module
 */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { namesIn, runCli, TINY, withDirectory } from "./cli_process.ts";

Deno.test("a squashfs image is made, checked, converted and the same again", () =>
  withDirectory(async (directory) => {
    const run = async (...args: string[]) => {
      const result = await runCli(args);
      strictEqual(result.code, 0, result.stderr);
      return result.stdout;
    };
    const [a, b, c] = ["a.squashfs", "b.sqfs", "c.ext4"].map((it) => `${directory}/${it}`);
    const refused = await runCli([TINY, "-o", a]);
    strictEqual(refused.code, 4, refused.stderr);
    match(refused.stderr, /Cannot write extended attribute system\.posix_acl_access of/);
    await run(TINY, "-o", a, "-q", "--on-loss", "report");
    await run("verify", a);
    match(await run("inspect", a), /squashfs/);
    const options = ["--compression", "gzip:1", "--block-size", "64K", "--no-fragments"];
    await run(a, "-o", b, "-q", ...options);
    await run("diff", a, b);
    await run(b, "-o", c, "-q", "--free", "0");
    await run("diff", b, c);
    await run(c, "-o", `${directory}/d.squashfs`, "-q", "--exclude", "/lost+found");
    await run("diff", a, `${directory}/d.squashfs`);
  }));

Deno.test("options that squashfs does not know are refused, and values it cannot have", () =>
  withDirectory(async (directory) => {
    const refusals: [args: string[], message: RegExp][] = [
      [["--journal"], /Cannot use --journal for squashfs/],
      [["--compression", "xz"], /"xz", expected zstd, gzip, lz4, none/],
      [["--block-size", "2K"], /block size 2048, expected a power of two from 4096/],
    ];
    for (const [args, message] of refusals) {
      const result = await runCli([TINY, "-o", `${directory}/a.squashfs`, ...args]);
      strictEqual(result.code, 2, result.stderr);
      match(result.stderr, message);
    }
    deepStrictEqual(namesIn(directory), []);
  }));
