/**
 * Manifests that refer to others: signatures, lists of what is inside, and the like.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { quote } from "../../oci/quote.ts";
import type { ConditionalRef } from "../repository/gc.ts";
import type { Repository } from "../repository/repository.ts";
import { manifestStream, partsOfReferrerRef, referrerRef } from "./stream_names.ts";

/** Notes that the manifest `artifact` refers to `subject`; both are digests, and the artifact is there. */
export function addReferrer(repository: Repository, subject: string, artifact: string): void {
  const stream = manifestStream(artifact);
  if (repository.streams.objectOf(stream) === null) {
    throw new ImageError(
      "NOT_FOUND",
      `Cannot add referrer ${quote(artifact)}: the repository has no such manifest, expected it`,
      { where: { source: repository.path } },
    );
  }
  repository.streams.putRef(referrerRef(subject, artifact), stream);
}

/** Digests of the manifests that refer to `subject`, sorted. */
export function listReferrers(repository: Repository, subject: string): string[] {
  return referrers(repository)
    .filter((it) => it.subject === subject)
    .map(({ artifact }) => artifact);
}

/** Forgets that `artifact` refers to `subject`; answers whether it did. */
export function removeReferrer(
  repository: Repository,
  subject: string,
  artifact: string,
): boolean {
  return repository.streams.removeRef(referrerRef(subject, artifact));
}

/** The names that keep an artifact only as long as its subject stays, for `collectGarbage`. */
export function referrerConditions(repository: Repository): ConditionalRef[] {
  return referrers(repository).map(({ ref, subject }) => ({
    ref,
    stream: `oci-manifest-${subject}`,
  }));
}

function referrers(repository: Repository): { ref: string; subject: string; artifact: string }[] {
  return repository.streams.refs().flatMap(({ name }) => {
    const parts = partsOfReferrerRef(name);
    return parts === null ? [] : [{ ref: name, ...parts }];
  });
}
