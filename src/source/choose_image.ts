/**
 * Which image of an index is meant: by digest, by name, and by platform.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { parseDigest } from "../oci/digest.ts";
import { formatPlatform, platformRank } from "../oci/platform.ts";
import { quote } from "../oci/quote.ts";
import type { BlobStore } from "./blob_store.ts";
import { type Candidate, CandidateWalk } from "./image_candidates.ts";
import { type ListedImage, listImages } from "./image_listing.ts";
import { entriesNamed, imageName } from "./image_names.ts";
import type { ImageRequest } from "./open_options.ts";

/** One image of the outermost index: a manifest, or an index with one for each platform. */
interface Root {
  /** Its entry in the index. */
  readonly entry: Descriptor;
  /** Its names, sorted and joined: what tells images apart. */
  readonly name: string;
  /** Its manifests. */
  readonly candidates: readonly Candidate[];
}

/** Rank of an image that does not say what it is for: the last resort where nothing was asked. */
const UNKNOWN_PLATFORM_RANK = Number.MAX_SAFE_INTEGER;

/**
 * The manifest that the request means among the entries of an outermost index.
 *
 * Throws `ImageError` `NOT_FOUND` when none fits (another platform is never taken instead),
 * `AMBIGUOUS` when several do; both list what there is.
 */
export async function chooseImage(
  entries: readonly Descriptor[],
  blobs: BlobStore,
  request: ImageRequest,
): Promise<Candidate> {
  const walk = new CandidateWalk(blobs, request);
  const wanted = await wantedEntries(entries, walk, request);
  const roots = await collectRoots(wanted, walk);
  if (roots.length === 0 && walk.artifacts.length > 0) return onlyArtifact(walk, request);
  for (const { notice } of walk.artifacts) request.notice(notice);
  if (roots.length === 0) {
    throw walk.firstSkip ?? new ImageError(
      "NOT_FOUND",
      `Cannot find image in ${quote(request.reference)}: its index has no entries, expected one`,
    );
  }
  if (new Set(roots.map((root) => root.name)).size > 1) throw ambiguous(roots, request);
  return choosePlatform(roots, request);
}

/** The artifact that is meant where there is no image: the only one. */
function onlyArtifact({ artifacts }: CandidateWalk, request: ImageRequest): Candidate {
  const byDigest = new Map(artifacts.map(({ descriptor }) => [descriptor.digest, descriptor]));
  const [descriptor] = byDigest.values();
  if (byDigest.size === 1) return { descriptor, platform: null };
  const listed = [...byDigest.values()].map((entry) => ({
    name: imageName(entry),
    platforms: [],
    digest: entry.digest,
  }));
  throw new ImageError(
    "AMBIGUOUS",
    `Cannot choose artifact in ${quote(request.reference)}: it holds ${byDigest.size} artifacts, ` +
      `expected a choice by tag or digest:${listImages(listed)}`,
    { subject: "image" },
  );
}

/** The entries that the request's digest or name stands for; all where it has neither. */
async function wantedEntries(
  entries: readonly Descriptor[],
  walk: CandidateWalk,
  request: ImageRequest,
): Promise<readonly Descriptor[]> {
  const { digest, name } = request;
  if (digest !== null) {
    parseDigest(digest);
    const entry = await walk.find(digest, entries);
    if (entry === null) throw notThere(`digest ${quote(digest)}`, entries, request);
    // The same digest may stand there several times, with several names.
    return [entry];
  }
  if (name === null) return entries;
  const named = entriesNamed(name, entries);
  if (named.length === 0) throw notThere(`tag ${quote(name)}`, entries, request);
  return named;
}

/** One root for each digest; entries of the same digest give it several names. */
async function collectRoots(
  entries: readonly Descriptor[],
  walk: CandidateWalk,
): Promise<Root[]> {
  const byDigest = new Map<string, Descriptor[]>();
  for (const entry of entries) {
    // An entry for another platform with the same digest is not the same entry.
    const key = JSON.stringify([entry.digest, entry.platform]);
    const same = byDigest.get(key);
    if (same === undefined) byDigest.set(key, [entry]);
    else same.push(entry);
  }
  const roots: Root[] = [];
  for (const same of byDigest.values()) {
    const candidates = await walk.collect(same[0]);
    if (candidates.length === 0) continue;
    const names = new Set(same.map(imageName).filter((name) => name !== ""));
    roots.push({ entry: same[0], name: [...names].sort().join(", "), candidates });
  }
  return roots;
}

/** The best manifest for the platform among those of all roots. */
function choosePlatform(roots: readonly Root[], request: ImageRequest): Candidate {
  let best: Ranked | null = null;
  let equals: Root[] = [];
  for (const root of roots) {
    const ranked = bestOf(root, request);
    if (ranked === null || (best !== null && ranked.rank > best.rank)) continue;
    if (best === null || ranked.rank < best.rank) {
      best = ranked;
      equals = [root];
    } else if (ranked.candidate.descriptor.digest !== best.candidate.descriptor.digest) {
      equals.push(root);
    }
  }
  if (best === null) throw noPlatform(roots, request);
  if (equals.length > 1) throw ambiguous(equals, request);
  return best.candidate;
}

/** A manifest and how well it fits; 0 is best. */
interface Ranked {
  readonly candidate: Candidate;
  readonly rank: number;
}

/** Among equals of one index the first is meant (image-spec `image-index.md`). */
function bestOf(root: Root, request: ImageRequest): Ranked | null {
  let best: Ranked | null = null;
  for (const candidate of root.candidates) {
    const rank = rankOf(candidate, request);
    if (rank !== null && (best === null || rank < best.rank)) best = { candidate, rank };
  }
  return best;
}

function rankOf(candidate: Candidate, request: ImageRequest): number | null {
  // Who names a manifest by its digest has chosen already, unless a platform is asked for too.
  if (!request.platformGiven && candidate.descriptor.digest === request.digest) return 0;
  if (candidate.platform === null) return request.platformGiven ? null : UNKNOWN_PLATFORM_RANK;
  return platformRank(request.platform, candidate.platform);
}

function ambiguous(roots: readonly Root[], request: ImageRequest): ImageError {
  return new ImageError(
    "AMBIGUOUS",
    `Cannot choose image in ${quote(request.reference)}: it holds ${roots.length} images, ` +
      `expected a choice by tag or digest:${listImages(roots.map(listedRoot))}`,
    { subject: "image" },
  );
}

function noPlatform(roots: readonly Root[], request: ImageRequest): ImageError {
  const images = roots.flatMap((root) =>
    root.candidates.map((candidate): ListedImage => ({
      name: root.name,
      platforms: [candidate.platform],
      digest: candidate.descriptor.digest,
    }))
  );
  return noPlatformError(images, request);
}

/** The error for images all of which are for other platforms than the wanted one. */
export function noPlatformError(
  images: readonly ListedImage[],
  request: ImageRequest,
): ImageError {
  return new ImageError(
    "NOT_FOUND",
    `Cannot find image for platform "${formatPlatform(request.platform)}" in ` +
      `${quote(request.reference)}: there are only others, expected one of these to be asked ` +
      `for:${listImages(images)}`,
    { subject: "platform" },
  );
}

function notThere(
  choice: string,
  entries: readonly Descriptor[],
  request: ImageRequest,
): ImageError {
  const images = entries.map((entry) => ({
    name: imageName(entry),
    platforms: [entry.platform],
    digest: entry.digest,
  }));
  return new ImageError(
    "NOT_FOUND",
    `Cannot find ${choice} in ${quote(request.reference)}: it is not there, expected one of:` +
      listImages(images),
    { subject: "image" },
  );
}

function listedRoot(root: Root): ListedImage {
  return {
    name: root.name,
    platforms: root.candidates.map((candidate) => candidate.platform),
    digest: root.entry.digest,
  };
}
