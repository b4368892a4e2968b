/**
 * Whether a server that need not be secure speaks https or plain http.
 *
 * @module
 */
import type { Endpoint } from "./endpoint.ts";
import type { HttpTransport } from "./http_transport.ts";
import { isLoopback } from "./loopback.ts";
import { isUntrusted } from "./network_error.ts";
import { dismiss } from "./read_document.ts";
import { RegistryError } from "./registry_error.ts";

/** `https` or `http`. */
export type Scheme = "https" | "http";

/** Finds out, once for each server, without any credentials. */
export class SchemeProbe {
  readonly #transport: HttpTransport;
  readonly #known = new Map<string, Scheme>();

  /** Asks through `transport`. */
  constructor(transport: HttpTransport) {
    this.#transport = transport;
  }

  /**
   * How to talk to `endpoint`: always https, except where it is on this machine or marked insecure;
   * there https is tried first.
   */
  async schemeOf(endpoint: Endpoint, signal?: AbortSignal): Promise<Scheme> {
    if (endpoint.scheme !== null) return endpoint.scheme;
    const mayBePlain = endpoint.isInsecure ||
      isLoopback(new URL(`http://${endpoint.host}/`).hostname);
    if (!mayBePlain) return "https";
    const key = `${endpoint.isInsecure} ${endpoint.host}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const scheme = await this.#probe(endpoint, signal);
    this.#known.set(key, scheme);
    return scheme;
  }

  async #probe(endpoint: Endpoint, signal?: AbortSignal): Promise<Scheme> {
    try {
      await this.#ping("https", endpoint, signal);
      return "https";
    } catch (error) {
      const isNoTls = error instanceof RegistryError && error.isUnreachable && !isUntrusted(error);
      if (!isNoTls) throw error;
      const status = await this.#ping("http", endpoint, signal);
      // What a server for https says to plain http.
      if (status === 400) throw error;
      return "http";
    }
  }

  async #ping(scheme: Scheme, endpoint: Endpoint, signal?: AbortSignal): Promise<number> {
    const response = await this.#transport.send({
      url: new URL(`${scheme}://${endpoint.host}/v2/`),
      method: "GET",
      headers: {},
      verify: !endpoint.isInsecure,
      identify: !endpoint.isMirror,
    }, signal);
    await dismiss(response);
    return response.status;
  }
}
