/**
 * Carries requests: `fetch` for all but unverified TLS, which only `node:https` can do for one host
 * alone (the switch of `fetch` is one for the whole process, given at its start).
 *
 * @module
 */
import { Agent, request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { ImageError } from "../../image_error.ts";
import { quote } from "../../oci/quote.ts";
import type { HttpRequest, HttpResponse } from "./http_message.ts";
import { RegistryError } from "./registry_error.ts";
import { type RawResponse, RequestLifetime, TimedResponse } from "./timed_response.ts";
import type { RegistryTiming } from "./timing.ts";
import type { TlsIdentity, TlsSettings } from "./tls_settings.ts";

/** Sends single requests; follows no redirect and repeats nothing. */
export class HttpTransport {
  readonly #tls: TlsSettings;
  readonly #timing: RegistryTiming;
  readonly #closing: AbortSignal;
  readonly #clients = new Map<TlsIdentity, Deno.HttpClient>();
  // Connections to servers that are not verified are not kept.
  readonly #unverifiedAgent = new Agent({ keepAlive: false });

  /** Opens nothing before the first request; `closing` ends all that are under way. */
  constructor(tls: TlsSettings, timing: RegistryTiming, closing: AbortSignal) {
    this.#tls = tls;
    this.#timing = timing;
    this.#closing = closing;
  }

  /**
   * Sends `request` and waits for the head of the answer. Proxies are taken from the environment
   * (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`), except for servers that are not verified.
   *
   * Throws `RegistryError` where no answer comes, `ImageError` `PERMISSION` where the sandbox
   * refuses, the signal's reason when cancelled.
   */
  async send(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    const lifetime = new RequestLifetime(signal, this.#closing);
    const { headersTimeoutMilliseconds, stallTimeoutMilliseconds } = this.#timing;
    const timer = setTimeout(() => {
      lifetime.abort(
        new RegistryError(
          `Cannot read from ${quote(request.url.host)}: no answer came in ` +
            `${headersTimeoutMilliseconds / 1000} s, expected one`,
          { isTemporary: true, isUnreachable: true },
        ),
      );
    }, headersTimeoutMilliseconds);
    try {
      const unverified = !request.verify && request.url.protocol === "https:";
      const raw = await lifetime.race(
        unverified
          ? this.#sendUnverified(request, lifetime.signal)
          : this.#fetch(request, lifetime.signal),
      );
      return new TimedResponse(request.url, raw, lifetime, stallTimeoutMilliseconds);
    } catch (error) {
      lifetime.close();
      throw lifetime.reason(error, request.url);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the connections that are kept. */
  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
    this.#unverifiedAgent.destroy();
  }

  async #fetch(request: HttpRequest, signal: AbortSignal): Promise<RawResponse> {
    const { url, method, headers, body, identify } = request;
    const response = await fetch(url, {
      method,
      headers,
      body,
      redirect: "manual",
      credentials: "omit",
      signal,
      client: this.#clientFor(url, identify),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: response.body?.values() ?? null,
    };
  }

  /** Hosts with the same certificates share one client, so that hostile redirects cannot add more. */
  #clientFor(url: URL, identify: boolean): Deno.HttpClient {
    const identity = this.#tls.identityFor(url.host, identify);
    const known = this.#clients.get(identity);
    if (known !== undefined) return known;
    const client = createClient(identity, url);
    this.#clients.set(identity, client);
    return client;
  }

  #sendUnverified(request: HttpRequest, signal: AbortSignal): Promise<RawResponse> {
    const { url, method, headers, body, identify } = request;
    const { client } = this.#tls.identityFor(url.host, identify);
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest(url, {
        method,
        headers: { ...headers },
        agent: this.#unverifiedAgent,
        rejectUnauthorized: false,
        ...(client === null ? {} : { cert: client.certificate, key: client.key }),
      }, (incoming) => {
        try {
          resolve(rawResponse(incoming));
        } catch (error) {
          outgoing.destroy();
          reject(error);
        }
      });
      outgoing.on("error", reject);
      signal.addEventListener("abort", () => outgoing.destroy(), { once: true });
      outgoing.end(body);
    });
  }
}

function createClient(identity: TlsIdentity, url: URL): Deno.HttpClient {
  const { system, authorities, client } = identity;
  const pair = client === null ? {} : { cert: client.certificate, key: client.key };
  try {
    return Deno.createHttpClient({ caCerts: [...system, ...authorities], ...pair });
  } catch {
    // One old certificate among those of the system must not shut out all others.
    try {
      const usable = system.filter(isUsable);
      return Deno.createHttpClient({ caCerts: [...usable, ...authorities], ...pair });
    } catch (cause) {
      throw new ImageError(
        "CORRUPT",
        `Cannot connect to ${quote(url.host)}: the given certificates cannot be used, expected PEM`,
        { cause },
      );
    }
  }
}

function isUsable(authority: string): boolean {
  try {
    Deno.createHttpClient({ caCerts: [authority] }).close();
    return true;
  } catch {
    return false;
  }
}

function rawResponse(incoming: IncomingMessage): RawResponse {
  const headers = new Headers();
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i], incoming.rawHeaders[i + 1]);
  }
  return {
    status: incoming.statusCode ?? 0,
    headers,
    body: incoming[Symbol.asyncIterator](),
  };
}
