/**
 * Sends a request and follows its redirects.
 *
 * @module
 */
import type { HttpResponse } from "./http_message.ts";
import type { HttpTransport } from "./http_transport.ts";
import { MOST_REDIRECTS, redirectTarget } from "./redirect.ts";
import { dismiss } from "./read_document.ts";
import { RegistryError } from "./registry_error.ts";

/** A `GET` that may be redirected. */
export interface FollowedRequest {
  /** Where it begins. */
  readonly url: URL;
  /** Header fields for every hop. */
  readonly headers: Readonly<Record<string, string>>;
  /** `Authorization` for the origin of `url`, and for no other. */
  readonly authorization: string | null;
  /** The certificate of the origin of `url` is not verified; that of every other is. */
  readonly isInsecure: boolean;
  /** The given client certificate is for the origin of `url`. */
  readonly identify: boolean;
  /** For messages, as `manifest "x"`. */
  readonly what: string;
}

/** Sends `request`, hop by hop, and answers the first response that is no redirect. */
export async function sendFollowing(
  transport: HttpTransport,
  request: FollowedRequest,
  signal?: AbortSignal,
): Promise<HttpResponse> {
  const start = request.url;
  let url = start;
  let { authorization } = request;
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const isOwn = url.origin === start.origin;
    // Once another origin had a say in the way, the secret does not come back.
    if (!isOwn) authorization = null;
    const response = await transport.send({
      url,
      method: "GET",
      headers: {
        ...request.headers,
        ...(authorization === null ? {} : { authorization }),
      },
      verify: !(isOwn && request.isInsecure),
      identify: isOwn && request.identify,
    }, signal);
    try {
      const target = redirectTarget(response, request.what);
      if (target === null) return response;
      url = target;
    } catch (error) {
      response.cancel();
      throw error;
    }
    await dismiss(response);
  }
  throw new RegistryError(
    `Cannot read ${request.what}: "${start.host}" redirects more than ${MOST_REDIRECTS} times, ` +
      "expected fewer",
  );
}
