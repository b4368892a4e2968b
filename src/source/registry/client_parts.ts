/**
 * Puts the parts of the client together from its options and the machine's settings.
 *
 * @module
 */
import { Authorizer } from "./authorizer.ts";
import { checkToken, type Credential } from "./credential.ts";
import { CredentialFinder } from "./credential_finder.ts";
import { EndpointList } from "./endpoint_list.ts";
import { EndpointWalk } from "./endpoint_walk.ts";
import { processEnvironment } from "./environment.ts";
import { RegistryExchange } from "./exchange.ts";
import { HttpTransport } from "./http_transport.ts";
import { parseMirrorAddress } from "./mirror_address.ts";
import type { RegistryOptions } from "./options.ts";
import { readRegistryRules } from "./registries_file.ts";
import { SchemeProbe } from "./scheme_probe.ts";
import { DEFAULT_TIMING, type RegistryTiming } from "./timing.ts";
import { TlsSettings } from "./tls_settings.ts";

/** What a client works with. */
export interface ClientParts {
  /** Times and limits. */
  readonly timing: RegistryTiming;
  /** Carries requests. */
  readonly transport: HttpTransport;
  /** Adds authorization and follows redirects. */
  readonly exchange: RegistryExchange;
  /** Knows mirrors and registries. */
  readonly walk: EndpointWalk;
  /** Ends what is under way for all. */
  readonly closing: AbortController;
}

/** Throws `ImageError` `CORRUPT` for malformed settings, mirrors or tokens. */
export function createClientParts(options: RegistryOptions): ClientParts {
  const environment = options.environment ?? processEnvironment;
  const timing = { ...DEFAULT_TIMING, ...options.timing };
  const closing = new AbortController();
  const mirrors = new Map(
    Object.entries(options.mirrors ?? {}).map(([prefix, addresses]) => [
      prefix,
      addresses.map(parseMirrorAddress),
    ]),
  );
  const rules = readRegistryRules(environment);
  const authorities = options.authorities ?? [];
  const client = options.clientCertificate ?? null;
  const transport = new HttpTransport(
    new TlsSettings({ authorities, client }, environment),
    timing,
    closing.signal,
  );
  const authorizer = new Authorizer({
    given: givenCredential(options),
    credentials: new CredentialFinder(environment),
    transport,
    timing,
    closing: closing.signal,
  });
  return {
    timing,
    transport,
    exchange: new RegistryExchange(transport, authorizer, new SchemeProbe(transport)),
    walk: new EndpointWalk(new EndpointList(rules, mirrors, options.insecure ?? false), timing),
    closing,
  };
}

function givenCredential(options: RegistryOptions): Credential | null {
  const { login, registryToken } = options;
  if (registryToken !== undefined) {
    checkToken(registryToken, "registry token");
    return { kind: "bearer", token: registryToken };
  }
  return login === undefined ? null : { kind: "password", ...login };
}
