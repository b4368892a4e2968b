/**
 * Tokens of a registry's token server (distribution "Token Authentication" and "OAuth2").
 *
 * @module
 */
import { Buffer } from "node:buffer";
import * as v from "valibot";
import { ImageError } from "../../image_error.ts";
import { optionalText } from "../../oci/fields.ts";
import { checkDocument, parseJson } from "../../oci/json_document.ts";
import { quote } from "../../oci/quote.ts";
import { type Credential, credentialName } from "./credential.ts";
import { errorOfAnswer } from "./error_answer.ts";
import { sendFollowing } from "./follow.ts";
import type { HttpResponse } from "./http_message.ts";
import type { HttpTransport } from "./http_transport.ts";
import { readDocument } from "./read_document.ts";
import { RegistryError } from "./registry_error.ts";
import type { RegistryTiming } from "./timing.ts";

/** What a token is asked for. */
export interface TokenRequest {
  /** Address of the token server. */
  readonly realm: URL;
  /** The registry's name for itself; empty where it has none. */
  readonly service: string;
  /** What to be allowed to do, as `repository:library/nginx:pull`. */
  readonly scope: string;
  /** Who asks; `null` for an anonymous token. */
  readonly credential: Exclude<Credential, { kind: "bearer" }> | null;
  /** The token server's certificate is not verified. */
  readonly isInsecure: boolean;
}

/** A token and how long it may be used. */
export interface BearerToken {
  /** What stands behind `Bearer`. */
  readonly token: string;
  /** When it runs out by our own clock, in milliseconds since 1970. */
  readonly expiresMilliseconds: number;
}

/** Largest answer of a token server, in bytes. */
const LARGEST_ANSWER = 1024 * 1024;
const LONGEST_TOKEN = 64 * 1024;
/** A token without a lifetime has this one. */
const DEFAULT_LIFETIME_SECONDS = 60;
const LONGEST_LIFETIME_SECONDS = 24 * 3600;
/** A token is renewed this long before its end, or a tenth of its life if that is less. */
const EXPIRY_MARGIN_SECONDS = 10;

const answerSchema = v.object({
  token: optionalText,
  access_token: optionalText,
  expires_in: v.nullish(v.number(), DEFAULT_LIFETIME_SECONDS),
  issued_at: optionalText,
});

/**
 * Asks a token server once.
 *
 * Throws `RegistryError` where it refuses, `ImageError` `CORRUPT` or `LIMIT_EXCEEDED` for a
 * malformed answer.
 */
export async function fetchToken(
  request: TokenRequest,
  transport: HttpTransport,
  timing: RegistryTiming,
  signal?: AbortSignal,
): Promise<BearerToken> {
  const { realm, credential } = request;
  const what = `token of ${quote(realm.host)}`;
  const askedMilliseconds = Date.now();
  const response = credential?.kind === "identity"
    ? await refresh(request, credential.token, transport, signal)
    : await ask(request, transport, what, signal);
  if (response.status < 200 || response.status >= 300) {
    throw await refusal(response, what, credential);
  }
  const limits = {
    limitBytes: LARGEST_ANSWER,
    timeoutMilliseconds: timing.documentTimeoutMilliseconds,
  };
  const bytes = await readDocument(response, what, limits);
  const served = response.headers.get("date");
  return parseToken(bytes, realm.host, askedMilliseconds, served);
}

function ask(
  request: TokenRequest,
  transport: HttpTransport,
  what: string,
  signal?: AbortSignal,
): Promise<HttpResponse> {
  const { realm, service, scope, credential, isInsecure } = request;
  const url = new URL(realm);
  if (service !== "") url.searchParams.set("service", service);
  if (scope !== "") url.searchParams.set("scope", scope);
  const isLogin = credential?.kind === "password";
  if (isLogin) url.searchParams.set("account", credential.username);
  const authorization = isLogin ? basicAuthorization(credential) : null;
  const headers = { "user-agent": "oci2rootfs" };
  const followed = { url, headers, authorization, isInsecure, identify: false, what };
  return sendFollowing(transport, followed, signal);
}

function refresh(
  request: TokenRequest,
  refreshToken: string,
  transport: HttpTransport,
  signal?: AbortSignal,
): Promise<HttpResponse> {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    service: request.service,
    scope: request.scope,
    client_id: "oci2rootfs",
    refresh_token: refreshToken,
  });
  return transport.send({
    url: request.realm,
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "user-agent": "oci2rootfs",
    },
    body: form.toString(),
    verify: !request.isInsecure,
    identify: false,
  }, signal);
}

/** The header field of a user and a password (RFC 7617), in UTF-8. */
export function basicAuthorization(credential: Credential & { kind: "password" }): string {
  const { username, password } = credential;
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

async function refusal(
  response: HttpResponse,
  what: string,
  credential: Credential | null,
): Promise<RegistryError> {
  const login = credential === null ? null : credentialName(credential);
  const error = await errorOfAnswer(response, what, login);
  if (login === null || ![400, 401, 403].includes(error.status ?? 0)) return error;
  const host = quote(response.url.host);
  return new RegistryError(
    `Cannot log in at ${host}: it answered ${error.status} to ${login}, expected a valid login ` +
      "(log in again)",
    { status: response.status, details: error.details },
  );
}

function parseToken(
  bytes: Uint8Array,
  host: string,
  askedMilliseconds: number,
  served: string | null,
): BearerToken {
  const answer = parseAnswer(bytes, host);
  const token = answer.token || answer.access_token;
  // Anything else could not stand in a header field.
  if (token.length > LONGEST_TOKEN || !/^[\x21-\x7e]+$/.test(token)) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read token answer of ${quote(host)}: its token is ` +
        `${token === "" ? "missing" : "malformed"}, expected one`,
    );
  }
  // Only the server's own clock tells how old the token is: ours may differ.
  const age = (Date.parse(served ?? "") - Date.parse(answer.issued_at)) / 1000;
  const lifetime = Math.min(answer.expires_in, LONGEST_LIFETIME_SECONDS) - (age > 0 ? age : 0);
  const usable = lifetime - Math.min(EXPIRY_MARGIN_SECONDS, lifetime / 10);
  return { token, expiresMilliseconds: askedMilliseconds + usable * 1000 };
}

/** A message must not repeat a piece of the answer, as those of other documents do. */
function parseAnswer(bytes: Uint8Array, host: string): v.InferOutput<typeof answerSchema> {
  const document = { kind: "token answer of", name: host };
  try {
    return checkDocument(answerSchema, parseJson(bytes, document), document);
  } catch (error) {
    if (error instanceof ImageError && error.code !== "CORRUPT") throw error;
    throw new ImageError(
      "CORRUPT",
      `Cannot read token answer of ${quote(host)}: it is malformed, expected JSON with a token`,
    );
  }
}
