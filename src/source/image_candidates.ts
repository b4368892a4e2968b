/**
 * The images below the entries of an index: nested indexes are opened, everything that is no image
 * is left out with a notice.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import type { Notice } from "../notice.ts";
import { parseConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { parseDigest } from "../oci/digest.ts";
import { parseIndex } from "../oci/index.ts";
import { isImageManifest, parseManifest } from "../oci/manifest.ts";
import {
  isConfigMediaType,
  isIndexMediaType,
  isManifestMediaType,
  isSchema1MediaType,
} from "../oci/media_type.ts";
import type { Platform } from "../oci/platform.ts";
import { quote } from "../oci/quote.ts";
import type { BlobStore } from "./blob_store.ts";
import type { ImageRequest } from "./open_options.ts";

/** A manifest that may be the wanted one. */
export interface Candidate {
  /** The manifest. */
  readonly descriptor: Descriptor;
  /** What it is for, from the index or else from its configuration; `null` if neither says. */
  readonly platform: Platform | null;
}

/** A manifest that is not of an image. */
export interface SkippedArtifact {
  /** The manifest. */
  readonly descriptor: Descriptor;
  /** The remark that it was passed over, which is to be made where an image is chosen. */
  readonly notice: Notice;
}

/** Deepest nesting of indexes below the outermost one. */
const DEEPEST_INDEX = 8;
/** Most entries of all indexes together. */
const MOST_ENTRIES = 100_000;

/** Collects the images below index entries. */
export class CandidateWalk {
  /** Why the first of the passed-over entries is no image that can be opened. */
  firstSkip: ImageError | null = null;
  /** What was passed over that may be meant where no image is: manifests of artifacts. */
  readonly artifacts: SkippedArtifact[] = [];
  readonly #blobs: BlobStore;
  readonly #request: ImageRequest;
  #entryCount = 0;

  /** Creates a walk; its bounds hold for all its `collect` calls together. */
  constructor(blobs: BlobStore, request: ImageRequest) {
    this.#blobs = blobs;
    this.#request = request;
  }

  /** The images at and below `entry`, in the order of the indexes, each digest once. */
  async collect(entry: Descriptor): Promise<Candidate[]> {
    const found = new Map<string, Candidate>();
    await this.#visit(entry, [], new Set(), found);
    return [...found.values()];
  }

  /** The entry with this digest at or below `entries`, `null` when there is none. */
  async find(digest: string, entries: readonly Descriptor[]): Promise<Descriptor | null> {
    const queue = entries.map((entry) => ({ entry, depth: 0 }));
    const opened = new Set<string>();
    for (const { entry, depth } of queue) {
      if (entry.digest === digest) return entry;
      this.#count();
      if (!isIndexMediaType(entry.mediaType) || opened.has(entry.digest)) continue;
      opened.add(entry.digest);
      this.#checkDepth(depth + 1, entry);
      const nested = await this.#entriesOf(entry);
      for (const below of nested ?? []) queue.push({ entry: below, depth: depth + 1 });
    }
    return null;
  }

  async #visit(
    entry: Descriptor,
    trail: readonly string[],
    opened: Set<string>,
    found: Map<string, Candidate>,
  ): Promise<void> {
    this.#request.checkCancelled();
    this.#count();
    const reason = noImageReason(entry);
    if (reason !== null) return this.#skip(entry, reason);
    parseDigest(entry.digest);
    if (!isIndexMediaType(entry.mediaType)) {
      const key = JSON.stringify([entry.digest, entry.platform]);
      if (found.has(key)) return;
      const candidate = await this.#inspect(entry);
      if (candidate !== null) found.set(key, candidate);
      return;
    }
    if (trail.includes(entry.digest)) {
      throw new ImageError(
        "CORRUPT",
        `Cannot read image index ${quote(entry.digest)}: it contains itself, expected no loop`,
      );
    }
    if (opened.has(entry.digest)) return;
    opened.add(entry.digest);
    this.#checkDepth(trail.length + 1, entry);
    for (const nested of await this.#entriesOf(entry) ?? []) {
      await this.#visit(nested, [...trail, entry.digest], opened, found);
    }
  }

  async #entriesOf(entry: Descriptor): Promise<readonly Descriptor[] | null> {
    const bytes = await this.#readOrSkip(entry);
    return bytes === null ? null : parseIndex(bytes, entry.digest, entry.mediaType).manifests;
  }

  /** Finds out the platform of a manifest whose index entry does not tell it. */
  async #inspect(descriptor: Descriptor): Promise<Candidate | null> {
    if (descriptor.platform !== null) return { descriptor, platform: descriptor.platform };
    const bytes = await this.#readOrSkip(descriptor);
    if (bytes === null) return null;
    const manifest = parseManifest(bytes, descriptor.digest, descriptor.mediaType);
    if (!isImageManifest(manifest)) {
      this.#skip(descriptor, noImage(descriptor, "its parts are not those of an image"));
      return null;
    }
    const config = await this.#readOrSkip(manifest.config);
    if (config === null) return null;
    return { descriptor, platform: parseConfig(config, manifest.config.digest).platform };
  }

  /** A layout may lack the blobs of images that were not copied into it. */
  async #readOrSkip(descriptor: Descriptor): Promise<Uint8Array | null> {
    try {
      return await this.#blobs.readDocument(descriptor);
    } catch (error) {
      if (!(error instanceof ImageError) || error.code !== "NOT_FOUND") throw error;
      this.#skip(descriptor, error);
      return null;
    }
  }

  #skip(descriptor: Descriptor, reason: ImageError): void {
    this.firstSkip ??= reason;
    const notice: Notice = {
      code: "IMAGE_SKIPPED",
      message: `Passed over ${quote(descriptor.digest)}: ${reason.message}`,
      where: { source: this.#request.reference },
    };
    const isArtifact = reason.code === "UNSUPPORTED" && isManifestMediaType(descriptor.mediaType);
    if (this.#request.withArtifacts && isArtifact) this.artifacts.push({ descriptor, notice });
    else this.#request.notice(notice);
  }

  #count(): void {
    if (++this.#entryCount > MOST_ENTRIES) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read images of ${quote(this.#blobs.name)}: its indexes have more than ` +
          `${MOST_ENTRIES} entries, expected at most that`,
      );
    }
  }

  #checkDepth(depth: number, entry: Descriptor): void {
    if (depth > DEEPEST_INDEX) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read image index ${quote(entry.digest)}: it is nested ${depth} levels deep, ` +
          `expected at most ${DEEPEST_INDEX}`,
      );
    }
  }
}

/** Why an index entry cannot be opened as an image, as far as the entry tells; `null` if it may. */
function noImageReason(entry: Descriptor): ImageError | null {
  const { platform, annotations, mediaType, artifactType } = entry;
  const attested = annotations["vnd.docker.reference.type"] !== undefined;
  if (attested || (platform?.os === "unknown" && platform.architecture === "unknown")) {
    return noImage(entry, "it is an attestation");
  }
  if (isSchema1MediaType(mediaType)) {
    return noImage(entry, "it is a Docker manifest of schema 1");
  }
  if (!isIndexMediaType(mediaType) && !isManifestMediaType(mediaType)) {
    return noImage(entry, `its media type is ${quote(mediaType)}`);
  }
  if (artifactType !== "" && !isConfigMediaType(artifactType)) {
    return noImage(entry, `it is an artifact of type ${quote(artifactType)}`);
  }
  return null;
}

function noImage(entry: Descriptor, observed: string): ImageError {
  return new ImageError(
    "UNSUPPORTED",
    `Cannot open ${quote(entry.digest)}: ${observed}, expected an image manifest or index`,
  );
}
