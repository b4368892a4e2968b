/**
 * Options of the registry client.
 *
 * @module
 */
import type { ClientCertificate } from "./tls_settings.ts";
import type { Environment } from "./environment.ts";
import type { RegistryTiming } from "./timing.ts";

/** Options of `RegistryClient`; without any, it does what the machine's settings say. */
export interface RegistryOptions {
  /** A login for the registries that references name; never sent to mirrors. */
  readonly login?: { readonly username: string; readonly password: string };
  /** A token for the registries that references name, sent as it is instead of a login. */
  readonly registryToken?: string;
  /**
   * For the registries that references name: certificates are not verified, and where there is no
   * https, plain http is used. Unverified connections do not go through a proxy.
   */
  readonly insecure?: boolean;
  /** Authorities to trust besides those of the system, each a text in PEM. */
  readonly authorities?: readonly string[];
  /** By which we identify ourselves to the registries that references name. */
  readonly clientCertificate?: ClientCertificate;
  /**
   * Mirrors by the registry (`docker.io`) or the beginning of the repository's name, in the order
   * in which they are tried before it: `https://HOST[/PATH]`, or `http://…` for plain http.
   */
  readonly mirrors?: Readonly<Record<string, readonly string[]>>;
  /** Times and limits. */
  readonly timing?: Partial<RegistryTiming>;
  /** Variables and files; those of this process when absent. */
  readonly environment?: Environment;
}
