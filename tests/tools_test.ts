import { match, ok, strictEqual } from "node:assert/strict";
import { mustRun, runTool } from "./run_tool.ts";
import { findTool, isMet } from "./tools.ts";

const PROBE = `
import { toolTest } from "${new URL("./tools.ts", import.meta.url).href}";
toolTest("wants what nobody has", ["no-such-tool"], () => {});
toolTest("wants a shell", ["sh"], () => {});
`;

function runProbe(required: string) {
  const file = Deno.makeTempFileSync({ suffix: "_test.ts" });
  try {
    Deno.writeTextFileSync(file, PROBE);
    return runTool(Deno.execPath(), ["test", "-A", "--no-check", file], {
      env: { REQUIRE_TOOLS: required },
    });
  } finally {
    Deno.removeSync(file);
  }
}

Deno.test("findTool() finds programs and isMet() answers for unknown ones", () => {
  ok(findTool("sh") !== null);
  strictEqual(findTool("no-such-tool"), null);
  strictEqual(isMet("no-such-tool"), false);
  strictEqual(mustRun("sh", ["-c", "printf $LC_ALL"]), "C");
});

Deno.test("toolTest() ignores a test by name and sums up when a tool is missing", () => {
  const run = runProbe("0");
  strictEqual(run.status, 0, run.stdout + run.stderr);
  match(run.stdout, /wants what nobody has \(needs no-such-tool\) \.\.\. ignored/);
  match(run.stdout, /wants a shell \.\.\. ok/);
  match(run.stdout, /tests ignored for what this machine lacks: no-such-tool \(1\)/);
});

Deno.test("toolTest() fails with REQUIRE_TOOLS=1 when a tool is missing", () => {
  const run = runProbe("1");
  strictEqual(run.status, 1);
  match(run.stdout + run.stderr, /no-such-tool missing, and REQUIRE_TOOLS=1/);
});
