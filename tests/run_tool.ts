/**
 * Runs a program of the machine and waits for it.
 *
 * @module
 */
import { spawnSync } from "node:child_process";

/** How a program ended. */
export interface ToolResult {
  /** Exit status; 127 where it could not be started, 128 + n where signal n ended it. */
  readonly status: number;
  /** Standard output, decoded as UTF-8. */
  readonly stdout: string;
  /** Standard error, decoded as UTF-8. */
  readonly stderr: string;
}

/** Options of {@linkcode runTool}. */
export interface RunToolOptions {
  /** Working directory. */
  readonly cwd?: string;
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input; empty when absent. */
  readonly input?: string | Uint8Array;
}

/** Runs a program in the C locale, without colour, with the folders of the administrator in its path. */
export function runTool(
  program: string,
  args: readonly string[],
  options: RunToolOptions = {},
): ToolResult {
  const result = spawnSync(program, args, {
    cwd: options.cwd,
    input: options.input ?? "",
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    env: {
      ...Deno.env.toObject(),
      PATH: `${Deno.env.get("PATH") ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`,
      LC_ALL: "C",
      NO_COLOR: "1",
      ...options.env,
    },
  });
  if (result.error !== undefined) {
    return { status: 127, stdout: "", stderr: String(result.error) };
  }
  return { status: result.status ?? 128, stdout: result.stdout, stderr: result.stderr };
}

/** Runs a program that must succeed and answers its standard output. */
export function mustRun(
  program: string,
  args: readonly string[],
  options: RunToolOptions = {},
): string {
  const result = runTool(program, args, options);
  if (result.status !== 0) {
    throw new Error(
      `Cannot run ${[program, ...args].join(" ")}: exit status is ${result.status}, expected 0\n` +
        `${result.stdout}${result.stderr}`,
    );
  }
  return result.stdout;
}
