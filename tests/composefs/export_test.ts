import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { TWO_LAYERS } from "../../src/composefs/oci/oci_fixture.ts";
import { layoutOf } from "../../src/source/layout_fixture.ts";
import { runCli, withDirectory } from "../e2e/cli_process.ts";

Deno.test("an image of a repository converts to the same bytes as the one that was pulled", async () => {
  await withDirectory(async (directory) => {
    const run = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCli(args);
      strictEqual(code, 0, stderr);
      return stdout;
    };
    const layout = layoutOf(TWO_LAYERS).writeDirectory(join(directory, "layout"));
    const repository = join(directory, "repository");
    const place = ["--repo", repository];
    const platform = ["--platform", "linux/amd64"];
    await run("composefs", "init", "--insecure", ...place);
    await run("composefs", "pull", `oci:${layout}`, "a/b:1", ...place, ...platform);
    const tars = await Promise.all(
      [`composefs:${repository}:a/b:1`, `oci:${layout}`].map(async (reference, i) => {
        const output = join(directory, `${i}.tar`);
        await run(reference, "-o", output, "--quiet", ...platform);
        return Deno.readFileSync(output);
      }),
    );
    deepStrictEqual(tars[0], tars[1]);
    const id = (await run("composefs", "compute-id", "a/b:1", ...place)).trim();
    const listed = await run("ls", "-R", `composefs:${repository}:${id}`, "/");
    strictEqual(listed.includes("medium"), true);
    const lost = await runCli([`composefs:${repository}:none`, "-o", join(directory, "x.tar")]);
    strictEqual(lost.code, 5);
  });
});
