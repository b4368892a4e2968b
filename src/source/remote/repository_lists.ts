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
 * Everything in the repository that `reference` names that refers to the manifest or index of
 * `digest`. Throws like {@linkcode listTags}.
 */
export async function listReferrers(
  reference: string,
  digest: string,
  options: ReferrerListOptions = {},
): Promise<Descriptor[]> {
  return await atRegistry(
    reference,
    options,
    (client, repository) =>
      client.referrers(repository, digest, options.artifactType, options.signal),
  );
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
