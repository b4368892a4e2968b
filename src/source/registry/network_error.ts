/**
 * Why a connection failed, from what the runtime threw.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { quote, quoteText } from "../../oci/quote.ts";
import { RegistryError } from "./registry_error.ts";

/** What `fetch` and `node:https` say where no connection came about. */
const NO_CONNECTION =
  /\(Connect\)|ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EPROTO|received corrupt message/;

/** The error for a request to `url` that had no answer, or whose answer broke off. */
export function networkError(error: unknown, url: URL): ImageError {
  if (error instanceof ImageError) return error;
  const host = quote(url.host);
  if (error instanceof Deno.errors.NotCapable) {
    return new ImageError(
      "PERMISSION",
      `Cannot connect to ${host}: the sandbox refuses it, expected --allow-net`,
      { cause: error },
    );
  }
  const text = causes(error);
  if (/port [0-9]+ (?:is|are) blocked/.test(text)) {
    return new RegistryError(
      `Cannot connect to ${host}: the runtime refuses this port, expected another one`,
      { isUnreachable: true, cause: error },
    );
  }
  if (/invalid peer certificate/.test(text)) {
    return new RegistryError(
      `Cannot connect to ${host}: its certificate is not trusted (${certificateFault(text)}), ` +
        "expected one of a known authority (give the authority's certificate, or mark the " +
        "registry as insecure)",
      { isUnreachable: true, cause: error },
    );
  }
  if (NO_CONNECTION.test(text)) {
    return new RegistryError(
      `Cannot connect to ${host}: ${quoteText(connectFault(text))}, expected a registry`,
      { isTemporary: true, isUnreachable: true, cause: error },
    );
  }
  return new RegistryError(
    `Cannot read from ${host}: the connection broke, expected a whole answer`,
    { isTemporary: true, cause: error },
  );
}

/** Whether the server speaks TLS but not with a certificate that we trust. */
export function isUntrusted(error: unknown): boolean {
  return error instanceof RegistryError && causes(error).includes("invalid peer certificate");
}

function certificateFault(text: string): string {
  if (text.includes("UnknownIssuer")) return "unknown authority";
  if (text.includes("NotValidForName")) return "made for another name";
  if (text.includes("Expired")) return "expired";
  if (text.includes("CaUsedAsEndEntity")) return "self-signed";
  return /invalid peer certificate: (\w+)/.exec(text)?.[1] ?? "invalid";
}

function connectFault(text: string): string {
  if (/dns error|ENOTFOUND/.test(text)) return "its name is not known";
  if (/refused/i.test(text)) return "the connection was refused";
  if (/received corrupt message|EPROTO/.test(text)) return "it does not speak TLS";
  return /client error \(Connect\): (.+)/.exec(text)?.[1] ?? "there is no connection";
}

function causes(error: unknown): string {
  const texts: string[] = [];
  for (let current = error; current instanceof Error && texts.length < 8;) {
    texts.push(`${current.message} ${(current as { code?: unknown }).code ?? ""}`);
    current = current.cause;
  }
  return texts.join("\n");
}
