/**
 * Authorization of requests: what a registry asks for, and the tokens that it gave.
 *
 * @module
 */
import { quote } from "../../oci/quote.ts";
import {
  basicAuthorization,
  type BearerToken,
  fetchToken,
  type TokenRequest,
} from "./bearer_token.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { type Credential, credentialName, type CredentialSource } from "./credential.ts";
import { type Endpoint, endpointName } from "./endpoint.ts";
import type { HttpTransport } from "./http_transport.ts";
import { isLoopback } from "./loopback.ts";
import { RegistryError } from "./registry_error.ts";
import { Retry } from "./retry.ts";
import type { RegistryTiming } from "./timing.ts";

/** What is known to open a repository. */
type Access =
  | { readonly kind: "fixed"; readonly authorization: string }
  | { readonly kind: "token"; readonly request: TokenRequest; readonly token: BearerToken };

/** What the authorizer works with. */
export interface AuthorizerParts {
  /** For the registries that references name, instead of what is stored. */
  readonly given: Credential | null;
  /** Where other credentials come from. */
  readonly credentials: CredentialSource;
  /** Carries the requests to token servers. */
  readonly transport: HttpTransport;
  /** Times of those requests. */
  readonly timing: RegistryTiming;
  /** Ends them when the client is closed. */
  readonly closing: AbortSignal;
}

/** Answers challenges, and remembers the answers for each repository. */
export class Authorizer {
  readonly #parts: AuthorizerParts;
  readonly #accesses = new Map<string, Access>();
  /** Requests under way: downloads side by side share one token. */
  readonly #pending = new Map<string, Promise<Access>>();

  /** Looks nothing up before the first challenge. */
  constructor(parts: AuthorizerParts) {
    this.#parts = parts;
  }

  /** What to send with a first request; `null` as long as the registry asked for nothing. */
  async authorization(
    endpoint: Endpoint,
    url: URL,
    signal?: AbortSignal,
  ): Promise<string | null> {
    const access = this.#accesses.get(endpointName(endpoint));
    if (access === undefined || !maySend(endpoint, url)) return null;
    if (access.kind === "fixed") return access.authorization;
    if (Date.now() < access.token.expiresMilliseconds) return bearer(access.token);
    return authorizationOf(await this.#renew(endpoint, access.request, signal));
  }

  /**
   * What to send instead of `rejected`, which the registry refused with the challenges in `field`;
   * `null` where there is nothing better.
   *
   * Throws `RegistryError` where the token server refuses, and what reading credentials throws.
   */
  async answer(
    endpoint: Endpoint,
    url: URL,
    field: string | null,
    rejected: string | null,
    signal?: AbortSignal,
  ): Promise<string | null> {
    if (!maySend(endpoint, url)) return null;
    const name = endpointName(endpoint);
    const known = this.#accesses.get(name);
    // Another request has found something better meanwhile.
    if (known !== undefined && rejected !== null && authorizationOf(known) !== rejected) {
      return authorizationOf(known);
    }
    const challenges = parseChallenges(field);
    const credential = await unlessAborted(this.#find(endpoint), signal);
    const token = challenges.find(({ scheme, parameters }) =>
      scheme === "bearer" && parameters.has("realm")
    );
    if (token !== undefined && credential?.kind !== "bearer") {
      const request = tokenRequest(endpoint, url, token, credential);
      return authorizationOf(await this.#renew(endpoint, request, signal));
    }
    const authorization = fixedAuthorization(challenges, credential);
    if (authorization === null || authorization === rejected) return null;
    this.#accesses.set(name, { kind: "fixed", authorization });
    return authorization;
  }

  /** Who is known to the registry, for messages; `null` for nobody. */
  async loginName(endpoint: Endpoint): Promise<string | null> {
    const credential = await this.#find(endpoint);
    return credential === null ? null : credentialName(credential);
  }

  /** Answers are for all requests: one caller's signal does not end them. */
  #find({ credentialName, isMirror }: Endpoint): Promise<Credential | null> {
    const { given, credentials, closing } = this.#parts;
    if (given !== null && !isMirror) return Promise.resolve(given);
    return credentials.find(credentialName, closing);
  }

  /** A new token; whoever asks meanwhile gets the same one. */
  async #renew(endpoint: Endpoint, request: TokenRequest, signal?: AbortSignal): Promise<Access> {
    const name = endpointName(endpoint);
    let pending = this.#pending.get(name);
    if (pending === undefined) {
      // The token is for all, so that it does not end with one caller's signal.
      pending = this.#fetch(request).finally(() => this.#pending.delete(name));
      pending.then((access) => this.#accesses.set(name, access), () => {});
      this.#pending.set(name, pending);
    }
    return await unlessAborted(pending, signal);
  }

  async #fetch(request: TokenRequest): Promise<Access> {
    const { transport, timing, closing } = this.#parts;
    const retry = new Retry(timing);
    while (true) {
      try {
        const token = await fetchToken(request, transport, timing, closing);
        return { kind: "token", request, token };
      } catch (error) {
        await retry.pause(error, closing);
      }
    }
  }
}

/** Secrets travel by https, or where nobody else listens, or where the caller said so. */
function maySend(endpoint: Endpoint, url: URL): boolean {
  return url.protocol === "https:" || isLoopback(url.hostname) || endpoint.isInsecure;
}

function tokenRequest(
  endpoint: Endpoint,
  url: URL,
  challenge: Challenge,
  credential: Exclude<Credential, { kind: "bearer" }> | null,
): TokenRequest {
  const text = challenge.parameters.get("realm") ?? "";
  const realm = URL.parse(text);
  const isSameHost = realm?.hostname === url.hostname;
  const mayBePlain = (url.protocol === "http:" || endpoint.isInsecure) &&
    (isSameHost || isLoopback(realm?.hostname ?? ""));
  const isAllowed = realm !== null && realm.username === "" && realm.password === "" &&
    (realm.protocol === "https:" || (realm.protocol === "http:" && mayBePlain));
  if (!isAllowed) {
    throw new RegistryError(
      `Cannot log in at ${quote(endpoint.host)}: its token server is ${quote(text)}, expected ` +
        "one by https",
      { status: 401 },
    );
  }
  return {
    realm,
    service: challenge.parameters.get("service") ?? "",
    scope: challenge.parameters.get("scope") || `repository:${endpoint.path}:pull`,
    credential,
    isInsecure: endpoint.isInsecure && realm.host === url.host,
  };
}

function fixedAuthorization(
  challenges: readonly Challenge[],
  credential: Credential | null,
): string | null {
  if (credential?.kind === "bearer") return `Bearer ${credential.token}`;
  const isBasic = challenges.some(({ scheme }) => scheme === "basic");
  return isBasic && credential?.kind === "password" ? basicAuthorization(credential) : null;
}

function authorizationOf(access: Access): string {
  return access.kind === "fixed" ? access.authorization : bearer(access.token);
}

function bearer({ token }: BearerToken): string {
  return `Bearer ${token}`;
}

async function unlessAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return await promise;
  signal.throwIfAborted();
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
