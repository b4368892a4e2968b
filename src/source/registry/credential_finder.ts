/**
 * All places where a login may be, in order.
 *
 * @module
 */
import type { Credential, CredentialSource } from "./credential.ts";
import { askCredentialProgram } from "./credential_program.ts";
import type { Environment } from "./environment.ts";
import { type LoginFile, loginNames, parseLoginFile } from "./stored_login.ts";

/**
 * Finds logins in the files of podman and Docker and in the programs that they name:
 * `$REGISTRY_AUTH_FILE` alone where it is set, else `$XDG_RUNTIME_DIR/containers/auth.json`,
 * `$XDG_CONFIG_HOME/containers/auth.json` (`~/.config`), `$DOCKER_CONFIG/config.json`
 * (`~/.docker`).
 */
export class CredentialFinder implements CredentialSource {
  readonly #environment: Environment;
  readonly #found = new Map<string, Promise<Credential | null>>();
  #files: LoginFile[] | null = null;

  /** Reads nothing before the first question. */
  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** See {@linkcode CredentialSource.find}. */
  async find(name: string, signal?: AbortSignal): Promise<Credential | null> {
    let found = this.#found.get(name);
    if (found === undefined) {
      found = this.#search(name, signal);
      this.#found.set(name, found);
      // What failed may succeed the next time.
      found.then(undefined, () => this.#found.delete(name));
    }
    return await found;
  }

  async #search(name: string, signal?: AbortSignal): Promise<Credential | null> {
    const registry = name.split("/", 1)[0];
    this.#files ??= this.#readFiles();
    for (const file of this.#files) {
      const program = file.programs.get(registry);
      const asked = program ?? file.program;
      if (asked !== null) {
        const credential = await askCredentialProgram(asked, registry, signal);
        if (credential !== null) return credential;
      }
      for (const key of loginNames(name)) {
        const credential = file.logins.get(key);
        if (credential !== undefined) return credential;
      }
    }
    return null;
  }

  #readFiles(): LoginFile[] {
    return this.#paths().flatMap((path) => {
      const bytes = this.#environment.readFile(path);
      return bytes === null || bytes.length === 0 ? [] : [parseLoginFile(bytes, path)];
    });
  }

  #paths(): string[] {
    const variable = (name: string) => this.#environment.variable(name);
    const chosen = variable("REGISTRY_AUTH_FILE");
    if (chosen !== undefined) return [chosen];
    const home = variable("HOME");
    const runtime = variable("XDG_RUNTIME_DIR");
    const config = variable("XDG_CONFIG_HOME") ?? (home === undefined ? null : `${home}/.config`);
    const docker = variable("DOCKER_CONFIG") ?? (home === undefined ? null : `${home}/.docker`);
    return [
      ...(runtime === undefined ? [] : [`${runtime}/containers/auth.json`]),
      ...(config === null ? [] : [`${config}/containers/auth.json`]),
      ...(docker === null ? [] : [`${docker}/config.json`]),
    ];
  }
}
