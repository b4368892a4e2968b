/**
 * The tags of a repository (distribution-spec "Listing Tags").
 *
 * @module
 */
import * as v from "valibot";
import { ImageError } from "../../image_error.ts";
import { optionalTexts } from "../../oci/fields.ts";
import { checkDocument, parseJson } from "../../oci/json_document.ts";
import type { Page } from "./paged_list.ts";

/** Most tags that are kept. */
const MOST_TAGS = 1_000_000;

const pageSchema = v.object({ tags: optionalTexts });

/**
 * All tags, each once, sorted: not every registry does that. `name` is the repository's.
 *
 * Throws `ImageError` `CORRUPT` or `LIMIT_EXCEEDED`.
 */
export async function collectTags(pages: AsyncIterable<Page>, name: string): Promise<string[]> {
  const tags = new Set<string>();
  const document = { kind: "tags of", name };
  for await (const { bytes } of pages) {
    for (const tag of checkDocument(pageSchema, parseJson(bytes, document), document).tags) {
      tags.add(tag);
    }
    if (tags.size > MOST_TAGS) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read tags of "${name}": there are more than ${MOST_TAGS}, expected at most that`,
      );
    }
  }
  return [...tags].sort();
}
