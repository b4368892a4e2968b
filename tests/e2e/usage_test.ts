import { match, ok, strictEqual } from "node:assert/strict";
import { runTool } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { CLI, namesIn, runCli, TINY, withDirectory } from "./cli_process.ts";

Deno.test("wrong arguments end with code 2, one line and a hint", () =>
  withDirectory(async (directory) => {
    const wrong: [string[], RegExp][] = [
      [[], /without an image/],
      [[TINY], /-o OUT is missing/],
      [[TINY, "-o", "x.ext4", "--bogus"], /--bogus/],
      [[TINY, "x.ext4"], /"x\.ext4" behind image/],
      [["lss", TINY], /behind image "lss": expected .* a known command/],
      [["cat", TINY], /at least one "PATH"/],
      [["composefs"], /Expected a command/],
      [["extract", TINY, "-o", "x.ext4"], /that is the name of ext4/],
      [[TINY, "-o", "-"], /format of standard output/],
      [[TINY, "-o", "x.iso"], /format of "x\.iso".*ext4 \(\.ext4, \.img\)/],
      [[TINY, "-o", "-", "--format", "ext4"], /standard output: it is not written in order/],
      [[TINY, "-o", "-", "--format", "directory"], /output: it is many files, expected the name/],
      [[TINY, "-o", "x.ext4", "--size", "1G", "--free", "0"], /exclude each other/],
      [[TINY, "-o", "x.ext4", "-q", "-v"], /exclude each other/],
      [[TINY, "-o", "x.ext4", "--label", "a name of seventeen"], /label/],
    ];
    for (const [args, pattern] of wrong) {
      const result = await runCli(args, { cwd: directory });
      strictEqual(result.code, 2, args.join(" "));
      strictEqual(result.stdout, "");
      const lines = result.stderr.split("\n");
      strictEqual(lines.length, 3, result.stderr);
      match(lines[0], /^oci2rootfs: /);
      match(lines[0], pattern);
      const known = ["cat", "composefs", "extract"].filter((name) => name === args[0]);
      strictEqual(lines[1], `hint: "${["oci2rootfs", ...known, "--help"].join(" ")}" tells more`);
    }
    const epoch = await runCli([TINY, "-o", "x.ext4"], {
      cwd: directory,
      env: { SOURCE_DATE_EPOCH: "yesterday" },
    });
    strictEqual(epoch.code, 2);
    strictEqual(namesIn(directory).length, 0);
  }));

Deno.test("--help and --version answer on standard output and load nothing heavy", async () => {
  const version = await runCli(["--version"]);
  strictEqual(version.code, 0);
  match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  const help = await runCli(["--help"]);
  strictEqual(help.code, 0);
  match(help.stdout, /Examples:/);
  ok(!help.stdout.includes("\x1b"));
  const graph = runTool(Deno.execPath(), ["info", "--json", "src/cli/main.ts"], {
    cwd: new URL("../..", import.meta.url).pathname,
  });
  const main = JSON.parse(graph.stdout).modules;
  strictEqual(
    loadedAtStart(main).some((path) => /format\/ext4|convert\/convert/.test(path)),
    false,
  );
  ok(loadedAtStart(main).some((path) => path.endsWith("src/cli/commands.ts")));
});

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly code?: { readonly specifier: string };
    readonly isDynamic?: boolean;
  }[];
}

/** Modules that are loaded before any dynamic import. */
function loadedAtStart(modules: readonly Module[]): string[] {
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
  const root = modules.find((module) => module.specifier.endsWith("/src/cli/main.ts"))!;
  const seen = new Set([root.specifier]);
  for (const specifier of seen) {
    for (const { code, isDynamic } of bySpecifier.get(specifier)?.dependencies ?? []) {
      if (code !== undefined && !isDynamic) seen.add(code.specifier);
    }
  }
  return [...seen];
}

toolTest("an archive is not written to a terminal", ["script"], async () => {
  for (const args of [`${TINY} --format tar`, `extract ${TINY}`]) {
    const line = `${Deno.execPath()} run -A --no-check ${CLI} ${args} -o -`;
    const { code, stdout } = await new Deno.Command("script", {
      args: ["-qec", line, "/dev/null"],
    }).output();
    strictEqual(code, 2);
    match(new TextDecoder().decode(stdout), /Cannot write tar to a terminal/);
  }
});

toolTest(
  "completion scripts are valid, and complete",
  ["bash"],
  () =>
    withDirectory(async (directory) => {
      const script = await runCli(["completion", "bash"]);
      strictEqual(script.code, 0);
      Deno.writeTextFileSync(`${directory}/completion.bash`, script.stdout);
      strictEqual(runTool("bash", ["-n", `${directory}/completion.bash`]).stderr, "");
      for (const shell of ["zsh", "fish", "pwsh", "nu"]) {
        const other = await runCli(["completion", shell]);
        strictEqual(other.code, 0);
        ok(other.stdout.includes("oci2rootfs"));
      }
      const answer = await runCli(["--completion", "bash", "image", "--symlinked-parents", "f"]);
      match(answer.stdout, /^follow$/m);
    }),
);

Deno.test("NO_COLOR and a pipe leave no escapes in what is written", async () => {
  for (const env of [{ NO_COLOR: "" }, { NO_COLOR: "1" }]) {
    const result = await runCli(["no/such/path", "-o", "x.ext4"], { env });
    ok(!(result.stdout + result.stderr).includes("\x1b"));
  }
});
