/**
 * The container images of a repository.
 *
 * @module
 */
import type { Repository } from "../repository/repository.ts";
import { listTags, openManifestDigest } from "./oci_image.ts";
import { listReferrers } from "./referrers.ts";

/** What a list says of an image. */
export interface ListedOciImage {
  /** Its tag. */
  readonly name: string;
  /** Digest of its manifest. */
  readonly manifestDigest: string;
  /** `false` for an artifact. */
  readonly isContainer: boolean;
  /** Processor, empty where it does not say. */
  readonly architecture: string;
  /** Operating system, empty where it does not say. */
  readonly os: string;
  /** When it was made (RFC 3339); `null` where it does not say. */
  readonly created: string | null;
  /** How many layers it has. */
  readonly layerCount: number;
  /** How many manifests refer to it. */
  readonly referrerCount: number;
}

/** All tagged images, sorted by tag. Rejects with `ImageError` where one cannot be read. */
export async function listOciImages(repository: Repository): Promise<ListedOciImage[]> {
  const listed: ListedOciImage[] = [];
  for (const { tag, manifestDigest } of listTags(repository)) {
    if (manifestDigest === null) continue;
    const { config, manifest } = await openManifestDigest(repository, manifestDigest);
    const createdSeconds = config?.config.createdSeconds ?? null;
    listed.push({
      name: tag,
      manifestDigest,
      isContainer: config !== null,
      architecture: config?.platform?.architecture ?? "",
      os: config?.platform?.os ?? "",
      created: createdSeconds === null ? null : new Date(createdSeconds * 1000).toISOString(),
      layerCount: manifest.layers.length,
      referrerCount: listReferrers(repository, manifestDigest).length,
    });
  }
  return listed;
}
