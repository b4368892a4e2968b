/**
 * Credential helpers: programs that keep logins (`docker-credential-NAME`, protocol of
 * docker-credential-helpers).
 *
 * @module
 */
import * as v from "valibot";
import { ImageError } from "../../image_error.ts";
import { quote, quoteText } from "../../oci/quote.ts";
import type { Credential } from "./credential.ts";
import { RegistryError } from "./registry_error.ts";
import { DOCKER_HUB_KEY, passwordOrToken } from "./stored_login.ts";

/** Longest answer of a program, in bytes. */
const LARGEST_ANSWER = 256 * 1024;
const TIMEOUT_MILLISECONDS = 30_000;
const NOT_FOUND = /credentials not found/i;

const answerSchema = v.object({ Username: v.string(), Secret: v.string() });

/**
 * Asks `docker-credential-NAME` for the login of `registry`; `null` where it has none.
 *
 * Throws `RegistryError` where the program fails, `ImageError` `PERMISSION` where the sandbox
 * refuses to run it, the signal's reason when cancelled. No message repeats a secret.
 */
export async function askCredentialProgram(
  name: string,
  registry: string,
  signal?: AbortSignal,
): Promise<Credential | null> {
  const program = `docker-credential-${name}`;
  const fail = (observed: string, cause?: unknown) =>
    new RegistryError(
      `Cannot get login for ${quote(registry)} from ${quote(program)}: ${observed}, expected a ` +
        "login (install or repair the program, or log in again)",
      { cause },
    );
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) throw fail("it has no name of a program");
  const server = registry === "docker.io" ? DOCKER_HUB_KEY : registry;
  const { isSuccess, text } = await run(program, server, fail, signal);
  if (NOT_FOUND.test(text)) return null;
  // What failed has put its reason, and no secret, on its standard output.
  if (!isSuccess) throw fail(text === "" ? "it failed" : `it failed (${quoteText(text.trim())})`);
  const answer = v.safeParse(answerSchema, parsed(text));
  if (!answer.success) throw fail("its answer is malformed");
  return passwordOrToken(answer.output.Username, answer.output.Secret);
}

async function run(
  program: string,
  input: string,
  fail: (observed: string, cause?: unknown) => RegistryError,
  signal?: AbortSignal,
): Promise<{ isSuccess: boolean; text: string }> {
  const timeout = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
  const ending = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      args: ["get"],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      signal: ending,
    }).spawn();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Deno.errors.NotCapable) {
      throw new ImageError(
        "PERMISSION",
        `Cannot run ${quote(program)}: the sandbox refuses it, expected --allow-run`,
        { cause: error },
      );
    }
    const isMissing = error instanceof Deno.errors.NotFound;
    throw fail(isMissing ? "it is not installed" : "it cannot be started", error);
  }
  const [text, status] = await Promise.all([
    readText(child.stdout, ending),
    child.status,
    give(child.stdin, input),
  ]);
  signal?.throwIfAborted();
  if (timeout.aborted) throw fail(`no answer came in ${TIMEOUT_MILLISECONDS / 1000} s`);
  if (text === null) {
    throw fail(`its answer has more than ${LARGEST_ANSWER} bytes`);
  }
  return { isSuccess: status.success, text };
}

async function give(stdin: WritableStream<Uint8Array>, input: string): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch {
    // It ended without reading; its answer says why.
  }
}

/** The output until its end or that of `ending`; `null` where it is too long. */
async function readText(
  stdout: ReadableStream<Uint8Array>,
  ending: AbortSignal,
): Promise<string | null> {
  const reader = stdout.getReader();
  // What the program has started may keep its output open when it is gone.
  const stop = () => void reader.cancel().catch(() => {});
  ending.addEventListener("abort", stop);
  try {
    const decoder = new TextDecoder();
    let text = "";
    for (let it = await reader.read(); !it.done; it = await reader.read()) {
      text += decoder.decode(it.value, { stream: true });
      if (text.length > LARGEST_ANSWER) return null;
    }
    return text;
  } finally {
    ending.removeEventListener("abort", stop);
    stop();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
