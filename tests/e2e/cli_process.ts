/**
 * The program as a process, and places to run it in.
 *
 * @module
 */

/** The program. */
export const CLI = new URL("../../cli.ts", import.meta.url).pathname;
const DENO_DIRECTORY_VARIABLES = ["DENO_DIR", "HOME", "PATH", "DENO_TLS_CA_STORE"];

/** The small image of the repository. */
export const TINY = new URL("../../testdata/layouts/tiny", import.meta.url).pathname;

/** How the program ended. */
export interface CliResult {
  /** Exit code. */
  readonly code: number;
  /** Standard output. */
  readonly stdout: string;
  /** Standard error. */
  readonly stderr: string;
}

/** Options of {@linkcode startCli}. */
export interface CliOptions {
  /** Working directory. */
  readonly cwd?: string;
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** What Deno allows; everything when absent. */
  readonly permissions?: readonly string[];
  /** Programs and arguments in front, as `setpriv --reuid 65534`. */
  readonly wrapper?: readonly string[];
}

/** Starts the program. */
export function startCli(args: readonly string[], options: CliOptions = {}): Deno.ChildProcess {
  const line = [
    ...options.wrapper ?? [],
    Deno.execPath(),
    "run",
    ...options.permissions ?? ["-A"],
    "--no-prompt",
    "--no-check",
    CLI,
    ...args,
  ];
  // Nothing of the environment of the tests may change what the program says.
  const env: Record<string, string> = { LC_ALL: "C", DENO_NO_UPDATE_CHECK: "1" };
  for (const name of DENO_DIRECTORY_VARIABLES) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return new Deno.Command(line[0], {
    args: line.slice(1),
    cwd: options.cwd,
    clearEnv: true,
    env: { ...env, ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Waits for a process of {@linkcode startCli}. */
export async function resultOf(process: Deno.ChildProcess): Promise<CliResult> {
  const { code, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs the program to its end. */
export async function runCli(
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  return await resultOf(startCli(args, options));
}

/** Calls `use` with a new directory, which is removed afterwards. */
export async function withDirectory(
  use: (directory: string) => void | Promise<void>,
): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "oci2rootfs_e2e_" });
  try {
    await use(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Names in a directory, sorted. */
export function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map((entry) => entry.name).sort();
}
