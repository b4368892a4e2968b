/**
 * The error that a registry's answer stands for (distribution-spec "Error Codes").
 *
 * @module
 */
import { quote, quoteText } from "../../oci/quote.ts";
import type { HttpResponse } from "./http_message.ts";
import { readDocument } from "./read_document.ts";
import { RegistryError, type RegistryErrorDetail } from "./registry_error.ts";
import { parseRetryAfter } from "./retry_after.ts";

/** Largest error text that is read, in bytes; what is larger is not read at all. */
const LARGEST_BODY = 64 * 1024;
const BODY_TIMEOUT_MILLISECONDS = 10_000;
/** Most entries of an error list that are kept. */
const MOST_DETAILS = 4;

/** Answers that may be another one later. */
const TEMPORARY: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504, 520, 522, 524]);

/** Whether the same request may have another answer later. */
export function isTemporaryStatus(status: number): boolean {
  return TEMPORARY.has(status);
}

/** Reads the rest of an answer that is no success and puts the error together. */
export async function errorOfAnswer(
  response: HttpResponse,
  what: string,
  login: string | null,
): Promise<RegistryError> {
  const { status } = response;
  const details = await readDetails(response);
  const reason = details.map(describeDetail).filter((text) => text !== "").join("; ");
  const isMissing = status === 404 || details.some(({ code }) => /_UNKNOWN$/.test(code));
  return new RegistryError(
    `Cannot read ${what}: ${quote(response.url.host)} answered ${status}` +
      `${reason === "" ? "" : ` (${reason})`}, expected ${expectation(status, isMissing, login)}`,
    {
      code: isMissing ? "NOT_FOUND" : "REGISTRY",
      status,
      details,
      isTemporary: isTemporaryStatus(status),
      retryAfterMilliseconds: parseRetryAfter(response.headers.get("retry-after"), Date.now()) ??
        undefined,
    },
  );
}

function expectation(status: number, isMissing: boolean, login: string | null): string {
  if (isMissing) return "it to be there";
  if (status === 401 || status === 403) {
    return login === null
      ? "access: the image may not exist, or it takes a login (no credentials were found)"
      : `access: the image may not exist, or ${login} may not read it`;
  }
  if (status === 429) return "it to accept another request: its limit is reached, log in or wait";
  return "success";
}

async function readDetails(response: HttpResponse): Promise<RegistryErrorDetail[]> {
  try {
    const bytes = await readDocument(response, "error text", {
      limitBytes: LARGEST_BODY,
      timeoutMilliseconds: BODY_TIMEOUT_MILLISECONDS,
    });
    return parseDetails(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    // The status says enough; many proxies answer with a page for people.
    return [];
  }
}

function parseDetails(body: unknown): RegistryErrorDetail[] {
  const { errors, details } = (body ?? {}) as Record<string, unknown>;
  if (!Array.isArray(errors)) return textDetail("", details);
  return errors.slice(0, MOST_DETAILS).flatMap((entry: unknown) => {
    const { code, message } = (entry ?? {}) as Record<string, unknown>;
    return textDetail(typeof code === "string" ? quoteText(code) : "", message);
  });
}

function textDetail(code: string, message: unknown): RegistryErrorDetail[] {
  const text = typeof message === "string" ? quoteText(message) : "";
  return code === "" && text === "" ? [] : [{ code, message: text }];
}

function describeDetail({ code, message }: RegistryErrorDetail): string {
  return code === "" || message === "" ? code + message : `${code}: ${message}`;
}
