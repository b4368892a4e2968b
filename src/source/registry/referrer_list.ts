/**
 * What refers to a manifest: signatures, bills of material (distribution-spec "Listing Referrers").
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { parseDigest } from "../../oci/digest.ts";
import { parseIndex } from "../../oci/index.ts";
import type { Page } from "./paged_list.ts";

/** Most referrers that are kept. */
const MOST_REFERRERS = 100_000;

/** Path and query of the first page. */
export function referrersTarget(path: string, digest: string, artifactType: string | null): string {
  const query = artifactType === null ? "" : `?${new URLSearchParams({ artifactType })}`;
  return `/v2/${path}/referrers/${digest}${query}`;
}

/** The tag under which registries without the referrers API keep the same list. */
export function referrersTag(digest: string): string {
  const { algorithm, hex } = parseDigest(digest);
  return `${algorithm}-${hex}`;
}

/**
 * All referrers of all pages, of one type where `artifactType` is given: a registry may leave the
 * choice to us.
 *
 * Throws `ImageError` `CORRUPT`, `UNSUPPORTED` or `LIMIT_EXCEEDED`.
 */
export async function collectReferrers(
  pages: AsyncIterable<Pick<Page, "bytes">> | Iterable<Pick<Page, "bytes">>,
  digest: string,
  artifactType: string | null,
): Promise<Descriptor[]> {
  const found: Descriptor[] = [];
  for await (const { bytes } of pages) {
    for (const descriptor of parseIndex(bytes, `referrers of ${digest}`, "").manifests) {
      if (artifactType === null || descriptor.artifactType === artifactType) found.push(descriptor);
    }
    if (found.length > MOST_REFERRERS) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read referrers of "${digest}": there are more than ${MOST_REFERRERS}, expected at ` +
          "most that",
      );
    }
  }
  return found;
}
