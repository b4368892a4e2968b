/**
 * Blobs that are kept outside the registry, at the `urls` of their descriptors (image-spec
 * `descriptor.md`).
 *
 * @module
 */
import { quote } from "../../oci/quote.ts";
import { errorOfAnswer } from "./error_answer.ts";
import { sendFollowing } from "./follow.ts";
import type { HttpResponse } from "./http_message.ts";
import type { HttpTransport } from "./http_transport.ts";
import { isLoopback } from "./loopback.ts";
import { RegistryError } from "./registry_error.ts";

/** Asks for it once, without credentials. Throws `RegistryError` for another address than https. */
export async function requestForeignBlob(
  transport: HttpTransport,
  address: string,
  headers: Readonly<Record<string, string>>,
  what: string,
  signal?: AbortSignal,
): Promise<HttpResponse> {
  const url = URL.parse(address);
  const isAllowed = url !== null && url.username === "" && url.password === "" &&
    (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)));
  if (!isAllowed) {
    throw new RegistryError(
      `Cannot read ${what}: its descriptor sends to ${quote(address)}, expected a place by https`,
    );
  }
  const response = await sendFollowing(transport, {
    url,
    headers: { "accept-encoding": "identity", "user-agent": "oci2rootfs", ...headers },
    authorization: null,
    isInsecure: false,
    identify: false,
    what,
  }, signal);
  const isAnswer = (response.status >= 200 && response.status < 300) || response.status === 416;
  if (isAnswer) return response;
  throw await errorOfAnswer(response, what, null);
}
