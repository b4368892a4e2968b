/**
 * What the command line says of registries, as options of the library.
 *
 * @module
 */
import { systemError } from "../io/system_error.ts";
import type { RegistryOptions } from "../source/registry/options.ts";
import type { RemoteOptions } from "../source/remote/remote_options.ts";
import type { DownloadArguments, RegistryArguments } from "./commands/registry_options.ts";
import { UsageError } from "./usage_error.ts";

/** Longest password that is read, in bytes. */
const LONGEST_PASSWORD = 64 * 1024;

/**
 * Reads the files and the password that the arguments name.
 *
 * Throws `UsageError` where arguments contradict each other or the password cannot be, `ImageError`
 * where a file cannot be read.
 */
export async function registrySettings(args: RegistryArguments): Promise<RegistryOptions> {
  const { username, passwordStdin, registryToken, clientCert, clientKey } = args;
  if ((username === undefined) === passwordStdin) {
    throw new UsageError(
      "Cannot log in: --username and --password-stdin belong together, expected both or neither",
    );
  }
  if (username !== undefined && registryToken !== undefined) {
    throw new UsageError("Cannot log in twice: --username and --registry-token exclude each other");
  }
  if ((clientCert === undefined) !== (clientKey === undefined)) {
    throw new UsageError(
      "Cannot use client certificate: --client-cert and --client-key belong together, expected " +
        "both or neither",
    );
  }
  const authorities = await Promise.all(args.caCert.map(readText));
  return {
    ...(username === undefined ? {} : { login: { username, password: await readPassword() } }),
    ...(registryToken === undefined ? {} : { registryToken }),
    ...(clientCert === undefined || clientKey === undefined ? {} : {
      clientCertificate: {
        certificate: await readText(clientCert),
        key: await readText(clientKey),
      },
    }),
    insecure: args.insecure,
    authorities,
    mirrors: mirrorsByRegistry(args.registryMirror),
  };
}

/** Where downloads go. Throws `UsageError` where arguments contradict each other. */
export function downloadSettings(args: DownloadArguments): RemoteOptions {
  if (args.noCache && (args.cache !== undefined || args.offline)) {
    const other = args.offline ? "--offline" : "--cache";
    throw new UsageError(`Cannot do without cache: --no-cache and ${other} exclude each other`);
  }
  return {
    cache: args.noCache ? null : args.cache,
    cacheBytes: args.cacheSize,
    offline: args.offline,
    jobs: args.jobs,
    allowForeignUrls: args.allowForeignUrls,
  };
}

function mirrorsByRegistry(
  mirrors: readonly { readonly registry: string; readonly url: string }[],
): Record<string, string[]> {
  const byRegistry: Record<string, string[]> = {};
  for (const { registry, url } of mirrors) (byRegistry[registry] ??= []).push(url);
  return byRegistry;
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw systemError(error, "read certificate", path);
  }
}

/** The first line of standard input. */
async function readPassword(): Promise<string> {
  const bytes = new Uint8Array(LONGEST_PASSWORD);
  let size = 0;
  while (size < bytes.length) {
    const count = await Deno.stdin.read(bytes.subarray(size));
    if (count === null) break;
    size += count;
  }
  if (size === bytes.length) {
    throw new UsageError(`Cannot read password: it has more than ${size - 1} bytes`);
  }
  const password = new TextDecoder().decode(bytes.subarray(0, size)).split(/\r?\n/, 1)[0];
  if (password === "") {
    throw new UsageError("Cannot read password: standard input is empty, expected it there");
  }
  return password;
}
