/**
 * One request to a registry with all that belongs to it: authorization when it asks for one, and
 * redirects. Nothing is repeated after failures here.
 *
 * @module
 */
import type { Authorizer } from "./authorizer.ts";
import type { Endpoint } from "./endpoint.ts";
import { errorOfAnswer } from "./error_answer.ts";
import { sendFollowing } from "./follow.ts";
import type { HttpResponse } from "./http_message.ts";
import type { HttpTransport } from "./http_transport.ts";
import { dismiss } from "./read_document.ts";
import { RegistryError } from "./registry_error.ts";
import type { SchemeProbe } from "./scheme_probe.ts";

/** What is asked of an endpoint. */
export interface RegistryRequest {
  /** Whom to ask. */
  readonly endpoint: Endpoint;
  /** Path and query below the registry's root, as `/v2/library/nginx/tags/list`. */
  readonly target: string;
  /** Header fields; the authorization is added here. */
  readonly headers: Readonly<Record<string, string>>;
  /** For messages, as `manifest "docker.io/library/nginx:1.27"`. */
  readonly what: string;
  /** Statuses beside 2xx that are an answer and no error. */
  readonly accepted?: readonly number[];
}

/** Talks to endpoints. */
export class RegistryExchange {
  readonly #transport: HttpTransport;
  readonly #authorizer: Authorizer;
  readonly #probe: SchemeProbe;

  /** Joins what carries requests and what authorizes them. */
  constructor(transport: HttpTransport, authorizer: Authorizer, probe: SchemeProbe) {
    this.#transport = transport;
    this.#authorizer = authorizer;
    this.#probe = probe;
  }

  /**
   * Asks once; the body of the answer is for the caller to read or to cancel.
   *
   * Throws `RegistryError`, `ImageError` `PERMISSION`, the signal's reason when cancelled.
   */
  async get(request: RegistryRequest, signal?: AbortSignal): Promise<HttpResponse> {
    const { endpoint } = request;
    const scheme = await this.#probe.schemeOf(endpoint, signal);
    const url = new URL(request.target, `${scheme}://${endpoint.host}/`);
    let authorization = await this.#authorizer.authorization(endpoint, url, signal);
    let response = await this.#follow(request, url, authorization, signal);
    // Some registries answer 400 to credentials that they do not know, instead of a challenge.
    if (response.status === 400 && authorization !== null && isFrom(response, url)) {
      await dismiss(response);
      authorization = null;
      response = await this.#follow(request, url, null, signal);
    }
    if (response.status === 401 && isFrom(response, url)) {
      response = await this.#authorize(request, url, authorization, response, signal);
    }
    if (response.status >= 200 && response.status < 300) return response;
    if (request.accepted?.includes(response.status)) return response;
    throw await this.#errorOf(request, url, response);
  }

  /** Answers the challenge of `refused`, once; where that is impossible, `refused` is the answer. */
  async #authorize(
    request: RegistryRequest,
    url: URL,
    rejected: string | null,
    refused: HttpResponse,
    signal?: AbortSignal,
  ): Promise<HttpResponse> {
    const authorization = await this.#authorizer.answer(
      request.endpoint,
      url,
      refused.headers.get("www-authenticate"),
      rejected,
      signal,
    );
    if (authorization === null) return refused;
    await dismiss(refused);
    return await this.#follow(request, url, authorization, signal);
  }

  #follow(
    request: RegistryRequest,
    url: URL,
    authorization: string | null,
    signal?: AbortSignal,
  ): Promise<HttpResponse> {
    const { endpoint, what } = request;
    return sendFollowing(this.#transport, {
      url,
      headers: {
        // Blobs are wanted as stored: what is compressed for the way would have another digest.
        "accept-encoding": "identity",
        "user-agent": "oci2rootfs",
        ...request.headers,
      },
      authorization,
      isInsecure: endpoint.isInsecure,
      identify: !endpoint.isMirror,
      what,
    }, signal);
  }

  async #errorOf(
    request: RegistryRequest,
    url: URL,
    response: HttpResponse,
  ): Promise<RegistryError> {
    const isRefusal = response.status === 401 || response.status === 403;
    const login = isRefusal ? await this.#authorizer.loginName(request.endpoint) : null;
    const error = await errorOfAnswer(response, request.what, login);
    // A signed address may have run out; asked again, the registry makes a new one.
    const mayBeRenewed = !isFrom(response, url) && [400, 401, 403, 404].includes(response.status);
    return mayBeRenewed
      ? new RegistryError(error.message, {
        code: error.code,
        status: response.status,
        details: error.details,
        isTemporary: true,
      })
      : error;
  }
}

function isFrom(response: HttpResponse, url: URL): boolean {
  return response.url.origin === url.origin;
}
