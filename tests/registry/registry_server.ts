/**
 * A real registry (Debian's `docker-registry`) on this machine, for tests.
 *
 * @module
 */
import { join } from "node:path";
import { mustRun } from "../run_tool.ts";

/** Programs that a test with a registry needs. */
export const REGISTRY_TOOLS: readonly string[] = ["docker-registry", "skopeo"];

/** The repository that {@linkcode startRegistry} fills, and its tag. */
export const TINY_PATH = "test/tiny";
export const TINY_TAG = "1.0";

/** User and password of a registry with `htpasswd`. */
export const USER = "alice";
export const PASSWORD = "secret horse";
// bcrypt of the password, which is the only form that the registry reads.
const HTPASSWD = `${USER}:$2y$05$abcdefghijklmnopqrstuue5IUIvdwmc7EL7ROgXN3bJfkj6euuti\n`;

/** How a registry is guarded. */
export type RegistryGuard =
  | { readonly kind: "open" }
  | { readonly kind: "htpasswd" }
  /** By tokens of an issuer; `certificate` (PEM file) signs them. */
  | {
    readonly kind: "token";
    readonly realm: string;
    readonly service: string;
    readonly issuer: string;
    readonly certificate: string;
  };

/** Options of {@linkcode startRegistry}. */
export interface RegistryServerOptions {
  /** Who may read; everybody when absent. */
  readonly guard?: RegistryGuard;
  /** Folder of its data: registries may share one. */
  readonly data: string;
  /** PEM files for https; plain http when absent. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** A running registry. */
export class RegistryServer implements AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly #process: Deno.ChildProcess;
  readonly #log: Promise<unknown>;
  readonly #folder: string;

  /** See {@linkcode startRegistry}. */
  constructor(host: string, process: Deno.ChildProcess, log: Promise<unknown>, folder: string) {
    this.host = host;
    this.#process = process;
    this.#log = log;
    this.#folder = folder;
  }

  /** Stops it; its data stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#process.status;
    await this.#log;
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Starts a registry and waits until it listens. */
export async function startRegistry(options: RegistryServerOptions): Promise<RegistryServer> {
  const folder = await Deno.makeTempDir({ prefix: "registry_" });
  const config = join(folder, "config.json");
  await Deno.writeTextFile(join(folder, "htpasswd"), HTPASSWD);
  // YAML has JSON in it.
  await Deno.writeTextFile(config, JSON.stringify(configuration(options, folder)));
  const process = new Deno.Command("docker-registry", {
    args: ["serve", config],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { OTEL_TRACES_EXPORTER: "none" },
  }).spawn();
  const reader = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let host: string | null = null;
  while (host === null) {
    const { done, value } = await reader.read();
    if (done) {
      throw new Error(`Cannot start docker-registry: it ended, expected it to listen\n${text}`);
    }
    text += value;
    host = /listening on (127\.0\.0\.1:[0-9]+)/.exec(text)?.[1] ?? null;
  }
  const drained = drain(reader);
  return new RegistryServer(host, process, drained, folder);
}

/** Copies the image of testdata/layouts/tiny, all its platforms, into a registry without guard. */
export function fillRegistry(server: RegistryServer, path = TINY_PATH, tag = TINY_TAG): void {
  const layout = new URL("../../testdata/layouts/tiny", import.meta.url).pathname;
  mustRun("skopeo", [
    "--insecure-policy",
    "copy",
    "--all",
    "--quiet",
    "--preserve-digests",
    "--dest-tls-verify=false",
    `oci:${layout}`,
    `docker://${server.host}/${path}:${tag}`,
  ]);
}

function configuration(options: RegistryServerOptions, folder: string): unknown {
  const { guard = { kind: "open" }, data, tls } = options;
  return {
    version: 0.1,
    log: { level: "info", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: data },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: {
      addr: "127.0.0.1:0",
      secret: "of the tests",
      ...(tls === undefined ? {} : { tls }),
    },
    ...authConfiguration(guard, folder),
  };
}

function authConfiguration(guard: RegistryGuard, folder: string): Record<string, unknown> {
  if (guard.kind === "htpasswd") {
    const path = join(folder, "htpasswd");
    return { auth: { htpasswd: { realm: "a realm, with a comma", path } } };
  }
  if (guard.kind !== "token") return {};
  const { realm, service, issuer, certificate: rootcertbundle } = guard;
  return { auth: { token: { realm, service, issuer, rootcertbundle } } };
}

async function drain(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}
