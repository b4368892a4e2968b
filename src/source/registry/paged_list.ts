/**
 * Lists that come in pages (distribution-spec "Listing Tags", "Listing Referrers").
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { LARGEST_DOCUMENT_BYTES } from "../../oci/json_document.ts";
import { quote } from "../../oci/quote.ts";
import type { HttpResponse } from "./http_message.ts";
import { nextLink } from "./link_header.ts";
import { readDocument } from "./read_document.ts";
import { RegistryError } from "./registry_error.ts";

/** One page: its bytes, and what came with them. */
export interface Page {
  /** The body. */
  readonly bytes: Uint8Array;
  /** Header fields. */
  readonly headers: Headers;
}

/** How pages are asked for. */
export interface PageRequests {
  /** For messages, as `tags of "docker.io/library/nginx"`. */
  readonly what: string;
  /** Path and query of the first page. */
  readonly first: string;
  /** Milliseconds for each page. */
  readonly timeoutMilliseconds: number;
  /** Asks for one page; `null` where there is no such list. */
  get(target: string): Promise<HttpResponse | null>;
}

/** Most pages of one list. */
const MOST_PAGES = 1000;

/**
 * The pages one after another, by their `Link` fields.
 *
 * Throws `ImageError` `LIMIT_EXCEEDED` where they do not end, `RegistryError` for a next page
 * elsewhere.
 */
export async function* readPages(requests: PageRequests): AsyncGenerator<Page> {
  const seen = new Set<string>();
  let target: string | null = requests.first;
  while (target !== null) {
    if (seen.size === MOST_PAGES || seen.has(target)) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read ${requests.what}: its pages do not end, expected at most ${MOST_PAGES}`,
      );
    }
    seen.add(target);
    const response = await requests.get(target);
    if (response === null) return;
    const bytes = await readDocument(response, requests.what, {
      limitBytes: LARGEST_DOCUMENT_BYTES,
      timeoutMilliseconds: requests.timeoutMilliseconds,
    });
    yield { bytes, headers: response.headers };
    target = nextTarget(response, requests.what);
  }
}

/** Only path and query count, and only on the same server. */
function nextTarget(response: HttpResponse, what: string): string | null {
  const link = nextLink(response.headers.get("link"));
  if (link === null) return null;
  const url = URL.parse(link, response.url);
  // Behind a proxy, registries often write another scheme or port than they are reached by.
  if (url !== null && url.hostname === response.url.hostname) return url.pathname + url.search;
  throw new RegistryError(
    `Cannot read ${what}: its next page is at ${quote(link)}, expected it at ` +
      `${quote(response.url.host)}`,
  );
}
