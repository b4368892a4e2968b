/**
 * Redirects, one hop at a time, so that nothing secret travels along.
 *
 * @module
 */
import { quote } from "../../oci/quote.ts";
import type { HttpResponse } from "./http_message.ts";
import { RegistryError } from "./registry_error.ts";

/** Most redirects of one request. */
export const MOST_REDIRECTS = 5;
const LONGEST_LOCATION = 16 * 1024;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Where an answer redirects to; `null` where it is no redirect.
 *
 * Throws `RegistryError` for a place that must not be followed: none, one with credentials in it,
 * or one from https to plain http.
 */
export function redirectTarget(response: HttpResponse, what: string): URL | null {
  if (!REDIRECTS.has(response.status)) return null;
  const location = response.headers.get("location") ?? "";
  const fits = location !== "" && location.length <= LONGEST_LOCATION;
  const target = fits ? URL.parse(location, response.url) : null;
  const isAllowed = target !== null && target.username === "" && target.password === "" &&
    (target.protocol === "https:" ||
      (target.protocol === "http:" && response.url.protocol === "http:"));
  if (isAllowed) return target;
  throw new RegistryError(
    `Cannot read ${what}: ${quote(response.url.host)} redirects to ` +
      `${target === null ? quote(location) : quote(target.origin)}, expected a place by https`,
    { status: response.status },
  );
}
