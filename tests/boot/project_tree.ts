/**
 * The program as it is here, with all that it needs to run in a machine without a network.
 *
 * @module
 */
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { mustRun } from "../run_tool.ts";
import { copyPrograms } from "./host_programs.ts";

/** The project: at the same path in the machine, so that what was compiled fits. */
const PROJECT = new URL("../../", import.meta.url).pathname;
/** What starts commands of the program in a tree of {@linkcode copyProject}: see `run_commands.ts`. */
export const PROJECT_COMMANDS = "env DENO_DIR=/deno DENO_NO_UPDATE_CHECK=1 NO_COLOR=1 HOME=/ " +
  "PATH=/usr/sbin:/usr/bin:/sbin:/bin " +
  `${Deno.execPath()} run -A --cached-only --no-check ${PROJECT}tests/boot/run_commands.ts`;
/** Modules that are started: that one, and those of threads. */
const STARTED = [
  "tests/boot/run_commands.ts",
  "src/layer/worker/layer_worker.ts",
  "src/composefs/oci/import_worker.ts",
];

/** Copies the runtime, the project and its packages into a tree. */
export function copyProject(tree: string): void {
  copyPrograms(tree, [Deno.execPath()]);
  for (const name of ["src", "cli.ts", "deno.json", "deno.lock", "tests/boot"]) {
    cpSync(join(PROJECT, name), join(tree, PROJECT, name), { recursive: true });
  }
  const here: string = JSON.parse(mustRun(Deno.execPath(), ["info", "--json"])).npmCache;
  const there = join(tree, "deno", "npm");
  const lock = JSON.parse(readFileSync(join(PROJECT, "deno.lock"), "utf8"));
  for (const registry of mustRun("ls", [here]).trim().split("\n")) {
    for (const id of Object.keys(lock.npm)) {
      const name = id.slice(0, id.lastIndexOf("@"));
      const from = join(here, registry, name);
      if (!existsSync(from)) continue;
      const to = join(there, registry, name);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(from, to, { recursive: true });
    }
  }
  // Compiled here, they start sooner there.
  mustRun(Deno.execPath(), ["cache", ...STARTED], {
    cwd: PROJECT,
    env: { DENO_DIR: join(tree, "deno") },
  });
}
