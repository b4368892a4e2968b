import { ok, strictEqual } from "node:assert/strict";
import { runTool } from "./run_tool.ts";

const ROOT = new URL("..", import.meta.url).pathname;

/** Modules that are started as workers: no import leads to them. */
function workerModules(folder = "src"): string[] {
  const found: string[] = [];
  for (const entry of Deno.readDirSync(`${ROOT}${folder}`)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...workerModules(path));
    else if (entry.name.endsWith(".ts")) {
      const text = Deno.readTextFileSync(`${ROOT}${path}`);
      for (const [, name] of text.matchAll(/new Worker\(new URL\("\.\/(\w+\.ts)"/g)) {
        found.push(`${folder}/${name}`);
      }
    }
  }
  return found;
}

Deno.test("the compile task embeds all that the program loads while it runs", () => {
  const directory = Deno.makeTempDirSync({ prefix: "oci2rootfs_compile_" });
  try {
    const project = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
    const command: string = project.tasks.compile.command;
    const args = command.replace("out/oci2rootfs", `${directory}/program`).split(" ").slice(1);
    // The list of embedded files needs no runtime: any program in its place saves a download.
    const result = runTool(Deno.execPath(), args, {
      cwd: ROOT,
      env: { DENORT_BIN: Deno.execPath() },
    });
    strictEqual(result.status, 0, result.stderr);
    const listed = result.stdout + result.stderr;
    const workers = workerModules();
    ok(workers.length > 0, "no worker module was found");
    const lazy = ["src/cli/commands/convert.ts", "src/format/ext4/format.ts"];
    for (const path of [...workers, ...lazy]) {
      ok(listed.includes(`── ${path.split("/").at(-1)} (`), `${path} is not embedded`);
    }
    ok(!listed.includes("_test.ts"), "tests are embedded");
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
