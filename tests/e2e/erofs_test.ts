/**
 * EROFS images by the program: made in every way, verified, and made into another image.
 */
import { strictEqual } from "node:assert/strict";
import { mustRun } from "../run_tool.ts";

const CLI = new URL("../../cli.ts", import.meta.url).pathname;
const LAYOUT = "testdata/layouts/tiny";

function run(...args: string[]): string {
  return mustRun(Deno.execPath(), ["run", "-A", CLI, ...args]);
}

Deno.test("an image becomes EROFS in every way, and holds what it should", () => {
  const directory = Deno.makeTempDirSync({ prefix: "erofs_" });
  try {
    const ways = [
      [],
      ["--compression", "zstd:3"],
      ["--compression", "deflate", "--cluster-size", "16K"],
      ["--compression", "lz4", "--block-size", "1K", "--label", "root"],
    ];
    for (const [i, way] of ways.entries()) {
      const image = `${directory}/${i}.erofs`;
      run("-q", LAYOUT, "-o", image, ...way);
      run("verify", image, LAYOUT);
    }
    const described = JSON.parse(run("inspect", "--json", `${directory}/3.erofs`));
    strictEqual(JSON.stringify(described).includes('"root"'), true);
    run("-q", `erofs:${directory}/1.erofs`, "-o", `${directory}/again.erofs`);
    run("verify", `${directory}/again.erofs`, LAYOUT);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
