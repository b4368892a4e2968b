import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { parseArguments } from "../src/cli/arguments.ts";
import { diskFileName } from "../src/cli/disk_format.ts";
import { EXIT_CODES } from "../src/cli/exit_code.ts";
import { recordedTerminal } from "../src/cli/terminal_fixture.ts";
import { formatOfFileName, FORMATS } from "../src/format/formats.ts";
import { blocksOf, documents, headingsOf, linksIn, readDocument, shownCalls } from "./documents.ts";
import { runTool } from "./run_tool.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const DOCUMENTS = documents();
const [README] = DOCUMENTS;

/**
 * A directory that looks like a checkout, so that a command may write into it, with an `oci2rootfs`,
 * a `deno` and an `npx` that are the Deno that runs the tests, and `image.tar`, a small image.
 */
function withCheckout(use: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync({ prefix: "oci2rootfs_readme_" });
  try {
    const names = ["cli.ts", "mod.ts", "deno.json", "deno.lock", "src", "testdata", "LICENSE"];
    for (const name of names) Deno.symlinkSync(`${ROOT}${name}`, `${directory}/${name}`);
    Deno.symlinkSync("testdata/archives/tiny.oci.tar", `${directory}/image.tar`);
    Deno.mkdirSync(`${directory}/bin`);
    const deno = `exec '${Deno.execPath()}'`;
    const programs = {
      deno: `${deno} "$@"`,
      npx: `[ "$1 $2" = "--yes deno@2.9" ] || exit 1\nshift 2\n${deno} "$@"`,
      oci2rootfs: `${deno} run -A --no-check '${ROOT}cli.ts' "$@"`,
    };
    for (const [name, script] of Object.entries(programs)) {
      Deno.writeTextFileSync(`${directory}/bin/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    use(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

for (const document of DOCUMENTS.filter((it) => blocksOf(it, "sh").length > 0)) {
  Deno.test(`every shell block of ${document.path} works as it stands`, () =>
    withCheckout((directory) => {
      const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
      const PATH = `${directory}/bin:${Deno.env.get("PATH")}`;
      for (const block of blocksOf(document, "sh")) {
        const task = /^(?:npx --yes deno@2\.9|deno) task (\w+)$/.exec(block);
        if (task !== null) {
          // Running the tests from a test would not end.
          ok(Object.hasOwn(tasks, task[1]), block);
          continue;
        }
        const result = runTool("sh", ["-euxc", block], { cwd: directory, env: { PATH } });
        strictEqual(result.status, 0, `${block}\n${result.stderr}`);
        const output = / -o (rootfs\.\w+)$/.exec(block)?.[1];
        if (output === undefined) continue;
        ok(Deno.statSync(`${directory}/${output}`).size > 0, block);
        Deno.removeSync(`${directory}/${output}`);
      }
    }));
}

Deno.test("the quick start is two commands, by npm alone and by Deno", () => {
  const [first, second, third, fourth] = blocksOf(README, "sh");
  strictEqual(first, "npx --yes deno@2.9 run -A cli.ts testdata/layouts/tiny -o rootfs.ext4");
  strictEqual(second, "npx --yes deno@2.9 task test");
  strictEqual(third, first.replace("npx --yes deno@2.9", "deno"));
  strictEqual(fourth, second.replace("npx --yes deno@2.9", "deno"));
});

Deno.test("the arguments that are shown and not run are arguments of the program", () => {
  let count = 0;
  for (const document of DOCUMENTS) {
    for (const call of shownCalls(document)) {
      const terminal = recordedTerminal();
      const what = `${document.path}: ${call.join(" ")}`;
      const isWritten = call[0] === "completion";
      const args = parseArguments(call, terminal);
      strictEqual(args === null, isWritten, what);
      if (args?.command === "convert" && args.format === undefined && args.output !== undefined) {
        const { name, implied } = diskFileName(args.output);
        ok(implied !== null || formatOfFileName(name) !== null, `${what}: no format`);
      }
      count++;
    }
  }
  ok(count > 20, `${count}`);
});

Deno.test("every link of the documentation leads somewhere", () => {
  const folders = ["squashfs", "erofs", "ext4", "tar", "cpio", "directory", "dump"];
  const others = ["CONTRIBUTING.md", ...folders.map((name) => `src/format/${name}/README.md`)];
  for (const document of [...DOCUMENTS, ...others.map(readDocument)]) {
    for (const { file, heading } of linksIn(document)) {
      const what = `${document.path} links to ${file}#${heading}`;
      const path = Deno.statSync(`${ROOT}${file}`).isDirectory ? `${file}/README.md` : file;
      const found = heading === null ? [] : headingsOf(readDocument(path));
      ok(heading === null || found.includes(heading), what);
    }
  }
});

Deno.test("the README lists the exit codes as they are", () => {
  const rows = [...README.text.matchAll(/^\| (\d+)\s+\| (.*?)\s+\|$/gm)]
    .map((match) => [match[1], match[2]]);
  deepStrictEqual(rows, Object.entries(EXIT_CODES));
});

Deno.test("the documentation names every dependency, format, source and option", () => {
  const project = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
  for (const name of Object.keys(project.imports)) {
    const [, packageName] = /^((?:@[^/]+\/)?[^/]+)/.exec(name)!;
    ok(README.text.includes(`\`${packageName}\``), packageName);
  }
  const text = DOCUMENTS.map((document) => document.text).join("");
  for (const path of Object.values<string>(project.exports)) {
    const name = Object.keys(project.exports).find((it) => project.exports[it] === path)!;
    ok(text.includes(name === "." ? "`@x/oci2rootfs`" : name.slice(1)), name);
  }
  for (const { name, extensions } of FORMATS) {
    ok(README.text.includes(`| ${name === "erofs" ? "EROFS" : name} `), name);
    for (const extension of extensions) ok(README.text.includes(`\`${extension}\``), extension);
  }
  const sources = Deno.readTextFileSync(`${ROOT}src/transport/open_image.ts`);
  const prefixes = [...sources.matchAll(/ prefix: "([a-z0-9-]+:)/g)].map(([, prefix]) => prefix);
  ok(prefixes.length > 8);
  for (const prefix of prefixes) ok(README.text.includes(`\`${prefix}`), prefix);
  for (const option of optionsOfProgram()) {
    ok(new RegExp(`${option}(?![a-z-])`).test(text), option);
  }
});

/** Names of all options, from the sources. */
function optionsOfProgram(folder = "src/cli/commands"): string[] {
  const found: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(`${ROOT}${folder}`)) {
    if (isDirectory) found.push(...optionsOfProgram(`${folder}/${name}`));
    else if (name.endsWith("_options.ts")) {
      const text = Deno.readTextFileSync(`${ROOT}${folder}/${name}`);
      found.push(...[...text.matchAll(/"(--[a-z-]+)"/g)].map(([, option]) => option));
    }
  }
  return found;
}
