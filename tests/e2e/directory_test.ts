/**
 * Directories made by users who are not root, without the C library, and by runs that are killed.
 *
 * @module
 */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runTool, type ToolResult } from "../run_tool.ts";
import { toolTest } from "../tools.ts";

const PROGRAM = new URL("./make_directory.ts", import.meta.url).pathname;
const NOBODY = 65534;

/** Calls `use` with a directory of nobody's. */
function withHome(use: (home: string) => void): void {
  const home = Deno.makeTempDirSync({ prefix: "nobody_" });
  try {
    Deno.mkdirSync(`${home}/cache`);
    for (const path of [home, `${home}/cache`]) Deno.chownSync(path, NOBODY, NOBODY);
    use(home);
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
}

function runAsNobody(home: string, permissions: string[], args: string[]): ToolResult {
  const ids = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  const program = ["deno", "run", "--no-check", "--quiet", ...permissions, PROGRAM, ...args];
  return runTool("setpriv", [...ids, ...program], {
    cwd: "/",
    env: { DENO_DIR: `${home}/cache`, HOME: home },
  });
}

const ALL = ["-A"];

toolTest("a directory made by a user lists what only root can make", ["root", "setpriv"], () => {
  withHome((home) => {
    const result = runAsNobody(home, ALL, [`${home}/out`]);
    strictEqual(result.status, 0, result.stderr);
    const messages = (JSON.parse(result.stdout) as string[]).join("\n");
    match(messages, /owner of \d+ files, the first is/);
    match(messages, /set-user-ID and set-group-ID bits of "owned"/);
    match(messages, /attribute security\.capability of "capable"/);
    match(messages, /file type \(character device\) of "device"/);
    const names = [...Deno.readDirSync(`${home}/out`)].map(({ name }) => name).sort();
    deepStrictEqual(names, ["capable", "closed", "fifo", "link", "owned", "owned again"]);
    strictEqual((Deno.statSync(`${home}/out`).mode ?? 0) % 0o10000, 0o555);
    strictEqual((Deno.statSync(`${home}/out/closed/file`).mode ?? 0) % 0o10000, 0o400);
    strictEqual((Deno.statSync(`${home}/out/owned`).mode ?? 0) % 0o10000, 0o755);
    strictEqual(Deno.statSync(`${home}/out/owned`).nlink, 2);
    // Nothing else is left, closed directories or not.
    deepStrictEqual([...Deno.readDirSync(home)].map(({ name }) => name).sort(), ["cache", "out"]);
  });
});

toolTest("a directory made by a user keeps owners in attributes", ["root", "setpriv"], () => {
  withHome((home) => {
    const result = runAsNobody(home, ALL, [`${home}/out`, '{"rootlessXattrs":true}']);
    strictEqual(result.status, 0, result.stderr);
    const shown = runTool("getfattr", [
      "-n",
      "user.rootlesscontainers",
      "-e",
      "hex",
      "--only-values",
      `${home}/out/owned`,
    ]);
    // Field 1 is 1000, field 2 is 100.
    strictEqual(shown.stdout, "\x08\ufffd\x07\x10d", shown.stderr);
  });
});

toolTest(
  "a directory made by a user is refused where losses are errors",
  ["root", "setpriv"],
  () => {
    withHome((home) => {
      const result = runAsNobody(home, ALL, [`${home}/out`, '{"onLoss":"error"}']);
      strictEqual(result.status, 1);
      match(result.stderr, /Cannot write owner of "[^"]*" to directory: only root may/);
      deepStrictEqual([...Deno.readDirSync(home)].map(({ name }) => name), ["cache"]);
    });
  },
);

toolTest("a directory can be made without the C library", ["root", "setpriv"], () => {
  withHome((home) => {
    const permissions = ["-R", "-W", "-E"];
    const result = runAsNobody(home, permissions, [`${home}/out`]);
    strictEqual(result.status, 0, result.stderr);
    match(result.stdout, /--allow-ffi/);
    strictEqual(Deno.readLinkSync(`${home}/out/link`), "/nowhere");
    strictEqual(Deno.statSync(`${home}/out/closed/file`).size, 10);
    strictEqual(Deno.statSync(`${home}/out/owned`).nlink, 2);
  });
});
