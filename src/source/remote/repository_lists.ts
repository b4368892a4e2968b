/**
 * What a registry has beside an image: the tags of its repository, and what refers to it
 * (signatures, attestations, bills of materials).
 *
 * @module
 */
import type { Descriptor } from "../../oci/descriptor.ts";
import { parseRegistryReference, type Repository } from "../../oci/registry_reference.ts";
import { RegistryClient } from "../registry/client.ts";
import type { RegistryOptions } from "../registry/options.ts";

/** Options of {@linkcode listTags} and {@linkcode listReferrers}. */
export interface RepositoryListOptions {
  /** How to talk to registries: logins, certificates, mirrors. */
  readonly registry?: RegistryOptions;
  /** Cancels: the promise is rejected with its reason. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode listReferrers}. */
export interface ReferrerListOptions extends RepositoryListOptions {
  /**
   * Lists what refers to the manifest of this digest.
   *
   * @default that of the manifest or index that the reference names
   */
  readonly digest?: string;
  /** Lists only those of this type. */
  readonly artifactType?: string;
}

/**
 * All tags of the repository that `reference` names, in the registry's order.
 *
 * Throws `RegistryError`, `ImageError` `CORRUPT`, `LIMIT_EXCEEDED`, `PERMISSION`; the signal's
 * reason when cancelled.
 */
export async function listTags(
  reference: string,
  options: RepositoryListOptions = {},
): Promise<string[]> {
  return await atRegistry(
    reference,
    options,
    (client, repository) => client.tags(repository, options.signal),
  );
}

/**
 * Everything in its repository that refers to the manifest or index that `reference` names. Throws
 * like {@linkcode listTags}, and `NOT_FOUND` where the manifest is not there.
 */
export async function listReferrers(
  reference: string,
  options: ReferrerListOptions = {},
): Promise<Descriptor[]> {
  const { artifactType, signal } = options;
  const { digest: named, tag } = parseRegistryReference(reference);
  return await atRegistry(reference, options, async (client, repository) => {
    const digest = options.digest ?? named ??
      (await client.manifest(repository, tag!, signal)).digest;
    return await client.referrers(repository, digest, artifactType, signal);
  });
}

async function atRegistry<T>(
  reference: string,
  options: RepositoryListOptions,
  ask: (client: RegistryClient, repository: Repository) => Promise<T>,
): Promise<T> {
  const { repository } = parseRegistryReference(reference);
  const client = new RegistryClient(options.registry);
  try {
    return await ask(client, repository);
  } finally {
    client.close();
  }
}
