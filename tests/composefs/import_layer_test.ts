import { match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { BASE_LAYER, layerOf } from "../../src/composefs/oci/oci_fixture.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { type CliResult, namesIn, runCli, withDirectory } from "../e2e/cli_process.ts";

Deno.test("a layer is imported from a file and from standard input, and only if it is the one", async () => {
  await withDirectory(async (directory) => {
    const repository = join(directory, "repository");
    const tar = layerOf(BASE_LAYER);
    const file = join(directory, "layer.tar");
    Deno.writeFileSync(file, tar);
    const run = (...args: string[]): Promise<CliResult> =>
      runCli(["composefs", ...args, "--repo", repository], {
        wrapper: ["sh", "-c", `exec "$@" < "${file}"`, "sh"],
      });
    match(
      (await runCli(["composefs", "import-layer", "--help"])).stdout,
      /^Usage: oci2rootfs composefs import-layer DIGEST \[FILE\]/,
    );
    await run("init", "--insecure");
    const wrong = await run("import-layer", digestOf(new Uint8Array(1)));
    match(wrong.stderr, /its digest is/);
    const ids = new Set<string>();
    for (const place of [[], ["-"], [file]]) {
      const { code, stdout, stderr } = await run("import-layer", digestOf(tar), ...place);
      strictEqual(code, 0, stderr);
      ids.add(stdout);
    }
    strictEqual(ids.size, 1);
    match([...ids][0], /^[0-9a-f]{128}\n$/);
    strictEqual(namesIn(join(repository, "streams")).join(), `oci-layer-${digestOf(tar)},refs`);
  });
});
