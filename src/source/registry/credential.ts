/**
 * By what somebody is known to a registry.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";

/** A user's password, a token that stands for a login, or a ready-made token of the registry. */
export type Credential =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token ("identity token"). */
  | { readonly kind: "identity"; readonly token: string }
  /** What is sent to the registry as it is. */
  | { readonly kind: "bearer"; readonly token: string };

/** Finds credentials. */
export interface CredentialSource {
  /** The credential for `registry/path`, `null` where there is none. */
  find(name: string, signal?: AbortSignal): Promise<Credential | null>;
}

/** A credential as a message may show it. */
export function credentialName(credential: Credential): string {
  return credential.kind === "password"
    ? `user ${JSON.stringify(credential.username.slice(0, 80))}`
    : credential.kind === "identity"
    ? "the stored login"
    : "the given token";
}

/**
 * Throws `ImageError` `CORRUPT` unless a token can stand in a header field; `what` names it, and its
 * text is not repeated.
 */
export function checkToken(token: string, what: string): void {
  if (/^[\x21-\x7e]+$/.test(token)) return;
  throw new ImageError(
    "CORRUPT",
    `Cannot use ${what}: it is ${token === "" ? "empty" : "malformed"}, expected visible ASCII ` +
      "characters without spaces",
  );
}
