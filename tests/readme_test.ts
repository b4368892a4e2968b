import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { EXIT_CODES } from "../src/cli/exit_code.ts";
import { runTool } from "./run_tool.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const README = Deno.readTextFileSync(`${ROOT}README.md`);

/** The code blocks of a language, in order. */
function blocksOf(language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms");
  return [...README.matchAll(pattern)].map((match) => match[1].trim());
}

/**
 * A directory that looks like a checkout, so that a command may write into it, with a `deno` and an
 * `npx` that are the Deno that runs the tests.
 */
async function withCheckout(use: (directory: string) => Promise<void> | void): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "oci2rootfs_readme_" });
  try {
    for (const name of ["cli.ts", "mod.ts", "deno.json", "deno.lock", "src", "testdata"]) {
      Deno.symlinkSync(`${ROOT}${name}`, `${directory}/${name}`);
    }
    Deno.mkdirSync(`${directory}/bin`);
    const deno = `exec '${Deno.execPath()}' "$@"\n`;
    Deno.writeTextFileSync(`${directory}/bin/deno`, `#!/bin/sh\n${deno}`, { mode: 0o755 });
    const npx = '#!/bin/sh\n[ "$1 $2" = "--yes deno@2.9" ] || exit 1\nshift 2\n';
    Deno.writeTextFileSync(`${directory}/bin/npx`, npx + deno, { mode: 0o755 });
    await use(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("every shell block of the README works as it stands", () =>
  withCheckout((directory) => {
    const project = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
    const commands = blocksOf("sh");
    ok(commands.length >= 2);
    let converted = 0;
    for (const command of commands) {
      const task = /^(?:npx --yes deno@2\.9|deno) task (\w+)$/.exec(command);
      if (task !== null) {
        // Running the tests from a test would not end.
        ok(Object.hasOwn(project.tasks, task[1]), command);
        continue;
      }
      const PATH = `${directory}/bin:${Deno.env.get("PATH")}`;
      const result = runTool("sh", ["-ec", command], { cwd: directory, env: { PATH } });
      strictEqual(result.status, 0, `${command}\n${result.stderr}`);
      ok(Deno.statSync(`${directory}/rootfs.ext4`).size > 0, command);
      Deno.removeSync(`${directory}/rootfs.ext4`);
      converted++;
    }
    strictEqual(converted, 2);
  }));

Deno.test("the README lists the exit codes as they are", () => {
  const rows = [...README.matchAll(/^\| (\d+)\s+\| (.*?)\s+\|$/gm)]
    .map((match) => [match[1], match[2]]);
  deepStrictEqual(rows, Object.entries(EXIT_CODES));
});

Deno.test("the README names every dependency and every option", () => {
  const project = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
  for (const name of Object.keys(project.imports)) {
    const [, packageName] = /^((?:@[^/]+\/)?[^/]+)/.exec(name)!;
    ok(README.includes(`\`${packageName}\``), packageName);
  }
  const options = ["convert_options", "edit_options", "registry_options"]
    .map((name) => Deno.readTextFileSync(`${ROOT}src/cli/commands/${name}.ts`)).join("")
    .matchAll(/"(--[a-z-]+)"/g);
  for (const [, option] of options) {
    if (["--quiet", "--verbose", "--force"].includes(option)) continue;
    ok(README.includes(`\`${option}`), option);
  }
});
