/**
 * A token server of the tests, for a `docker-registry` that is guarded by tokens.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createSign, X509Certificate } from "node:crypto";
import type { CertificateFiles } from "./certificates.ts";
import { PASSWORD, USER } from "./registry_server.ts";

/** What it calls itself. */
export const ISSUER = "issuer of the tests";
/** What it calls the registry. */
export const SERVICE = "registry of the tests";
/** The refresh token that it takes. */
export const REFRESH_TOKEN = "a-token-to-refresh";

/** A request that it got. */
export interface TokenAsked {
  readonly method: string;
  readonly scope: string;
  readonly service: string;
  /** `anonymous`, `basic`, `refresh` or `wrong`. */
  readonly who: "anonymous" | "basic" | "refresh" | "wrong";
}

/** How it behaves; may be changed between requests. */
export interface IssuerSettings {
  /** Whether anonymous requests get a token that allows anything. */
  allowsAnonymous: boolean;
  /** Seconds that a token is valid. */
  lifetimeSeconds: number;
  /** What it says the lifetime is; the true one when `null`. */
  statedSeconds: number | null;
  /** Tokens that it makes are wrong as long as this is above 0. */
  wrongTokens: number;
  /** Answers with this status as long as `failures` is above 0. */
  failures: number;
}

/** A running token server. */
export class TokenIssuer implements AsyncDisposable {
  /** Where tokens are. */
  readonly realm: string;
  /** Every request so far. */
  readonly asked: TokenAsked[] = [];
  readonly settings: IssuerSettings = {
    allowsAnonymous: true,
    lifetimeSeconds: 300,
    statedSeconds: null,
    wrongTokens: 0,
    failures: 0,
  };
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #key: string;
  readonly #certificate: string;

  /** Starts it; `files` sign the tokens. */
  constructor(files: CertificateFiles) {
    this.#key = Deno.readTextFileSync(files.key);
    this.#certificate = new X509Certificate(Deno.readTextFileSync(files.certificate)).raw
      .toString("base64");
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
    this.realm = `http://127.0.0.1:${this.#server.addr.port}/token`;
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const isPost = request.method === "POST";
    const fields = isPost
      ? new URLSearchParams(await request.text())
      : new URL(request.url).searchParams;
    const who = identify(request, fields, isPost);
    const scope = fields.get("scope") ?? "";
    const service = fields.get("service") ?? "";
    this.asked.push({ method: request.method, scope, service, who });
    if (this.settings.failures > 0) {
      this.settings.failures--;
      return new Response("no", { status: 503 });
    }
    const isAllowed = who === "basic" || who === "refresh" ||
      (who === "anonymous" && this.settings.allowsAnonymous);
    if (!isAllowed) return new Response('{"details":"no such user"}', { status: 401 });
    const { lifetimeSeconds, statedSeconds } = this.settings;
    return Response.json({
      [isPost ? "access_token" : "token"]: this.#token(scope),
      expires_in: statedSeconds ?? lifetimeSeconds,
      issued_at: new Date().toISOString(),
    });
  }

  /** A JSON web token in the registry's dialect. */
  #token(scope: string): string {
    const now = Math.floor(Date.now() / 1000);
    const match = /^repository:(.+):([^:]+)$/.exec(scope);
    const access = match === null
      ? []
      : [{ type: "repository", name: match[1], actions: match[2].split(",") }];
    const wrong = this.settings.wrongTokens > 0;
    if (wrong) this.settings.wrongTokens--;
    const head = encode({ typ: "JWT", alg: "ES256", x5c: [this.#certificate] });
    const body = encode({
      iss: ISSUER,
      sub: "",
      aud: wrong ? "somebody else" : SERVICE,
      exp: now + this.settings.lifetimeSeconds,
      nbf: now - 10,
      iat: now,
      jti: crypto.randomUUID(),
      access,
    });
    const signer = createSign("SHA256").update(`${head}.${body}`);
    const signature = signer.sign({ key: this.#key, dsaEncoding: "ieee-p1363" });
    return `${head}.${body}.${signature.toString("base64url")}`;
  }
}

function identify(
  request: Request,
  fields: URLSearchParams,
  isPost: boolean,
): TokenAsked["who"] {
  if (isPost) {
    const isRight = fields.get("grant_type") === "refresh_token" &&
      fields.get("refresh_token") === REFRESH_TOKEN && fields.get("client_id") !== null;
    return isRight ? "refresh" : "wrong";
  }
  const authorization = request.headers.get("authorization");
  if (authorization === null) return "anonymous";
  const expected = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");
  const isRight = authorization === `Basic ${expected}` && fields.get("account") === USER;
  return isRight ? "basic" : "wrong";
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
