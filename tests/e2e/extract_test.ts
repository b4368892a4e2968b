import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runTool } from "../run_tool.ts";
import { namesIn, runCli, startCli, TINY, withDirectory } from "./cli_process.ts";

const IS_ROOT = Deno.build.os === "linux" && Deno.uid() === 0;

/** Calls `use` with layers and a filesystem image of them. */
async function withImages(use: (references: string[], directory: string) => Promise<void>) {
  await withDirectory(async (directory) => {
    strictEqual((await runCli([TINY, "-o", `${directory}/x.ext4`])).code, 0);
    await use([TINY, `${directory}/x.ext4`], directory);
  });
}

Deno.test({
  name: "extract makes a directory that is no different from the image",
  ignore: !IS_ROOT,
  async fn() {
    await withImages(async (references, directory) => {
      for (const [i, reference] of references.entries()) {
        const made = await runCli(["extract", reference, "-o", `${directory}/${i}`]);
        strictEqual(made.code, 0, made.stderr);
        const { code, stdout } = await runCli(["diff", reference, `dir:${directory}/${i}`]);
        deepStrictEqual({ code, stdout }, { code: 0, stdout: "" });
        const again = await runCli(["extract", reference, "-o", `${directory}/${i}`]);
        strictEqual(again.code, 6, "what is there stays");
        const forced = await runCli([
          ...["extract", reference, "/usr", "-o", `${directory}/${i}`, "--force", "--json"],
        ]);
        strictEqual(forced.code, 0, forced.stderr);
        strictEqual(JSON.parse(forced.stdout).format, "directory");
        deepStrictEqual(namesIn(`${directory}/${i}`), ["bin", "lib", "share"]);
      }
    });
  },
});

Deno.test("extract writes the same tar of layers and of a filesystem image", async () => {
  await withImages(async (references, directory) => {
    for (const path of ["/", "/usr", "/usr/bin/hello-linked", "lib/libtiny.so", "lib/"]) {
      const archives = await Promise.all(references.map(async (reference) => {
        const process = startCli(["extract", reference, path, "-o", "-", "-q"]);
        const { code, stdout, stderr } = await process.output();
        strictEqual(code, 0, new TextDecoder().decode(stderr));
        return stdout;
      }));
      deepStrictEqual(archives[0], archives[1], path);
      Deno.writeFileSync(`${directory}/x.tar`, archives[0]);
      const names = runTool("tar", ["-tf", `${directory}/x.tar`]).stdout.trim().split("\n");
      strictEqual(names[0], "./");
      if (path === "/usr/bin/hello-linked") deepStrictEqual(names, ["./", "hello-linked"]);
      if (path === "lib/libtiny.so") deepStrictEqual(names, ["./", "libtiny.so"]);
      if (path === "lib/") deepStrictEqual(names.slice(1, 2), ["libtiny.so"]);
    }
    // All of it is the image again.
    const tar = `${directory}/all.tar.gz`;
    strictEqual((await runCli(["extract", references[1], "-o", tar])).code, 0);
    const { code, stdout } = await runCli(["diff", references[0], `tar:${tar}`]);
    deepStrictEqual({ code, stdout }, { code: 0, stdout: "" });
  });
});

Deno.test("extract leaves nothing behind where it fails, and says what is meant", async () => {
  await withImages(async ([layers], directory) => {
    const before = namesIn(directory);
    const missing = await runCli(["extract", layers, "/nope", "-o", `${directory}/out`]);
    strictEqual(missing.code, 5);
    const other = await runCli(["extract", layers, "-o", `${directory}/y.ext4`]);
    strictEqual(other.code, 2);
    match(other.stderr, /that is the name of ext4/);
    const both = await runCli(["extract", layers, "-o", "-", "--json"]);
    strictEqual(both.code, 2);
    deepStrictEqual(namesIn(directory), before);
    const input = await runCli(["extract", `${directory}/x.ext4`, "-o", `${directory}/x.ext4`]);
    strictEqual(input.code, 2);
  });
});
