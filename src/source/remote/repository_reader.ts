/**
 * One repository, as a registry's client or the cache alone shows it.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { quote } from "../../oci/quote.ts";
import { formatRepository, type Repository } from "../../oci/registry_reference.ts";
import type { BlobReceiver } from "../registry/blob_receiver.ts";
import type { RegistryClient } from "../registry/client.ts";
import type { RegistryManifest } from "../registry/manifest_answer.ts";

/** Reads what one repository has. */
export interface RepositoryReader {
  /** Its full name, as `docker.io/library/nginx`. */
  readonly name: string;
  /** A manifest or index by tag or digest; throws like `RegistryClient.manifest`. */
  manifest(reference: string, signal?: AbortSignal): Promise<RegistryManifest>;
  /** A blob, verified at its end; throws like `RegistryClient.blob`. */
  blob(descriptor: Descriptor, into: BlobReceiver, signal: AbortSignal): Promise<void>;
}

/** The repository at its registry. */
export function onlineReader(client: RegistryClient, repository: Repository): RepositoryReader {
  return {
    name: formatRepository(repository),
    manifest: (reference, signal) => client.manifest(repository, reference, signal),
    blob: (descriptor, into, signal) => client.blob(repository, descriptor, into, signal),
  };
}

/** The repository without any network: whatever is asked for here is not in the cache. */
export function offlineReader(repository: Repository): RepositoryReader {
  const name = formatRepository(repository);
  const refuse = (what: string, wanted: string) =>
    Promise.reject(
      new ImageError(
        "NOT_FOUND",
        `Cannot load ${what} ${quote(wanted)} of ${quote(name)} without network: it is not in ` +
          "the cache, expected an earlier run to have left it there",
      ),
    );
  return {
    name,
    manifest: (reference) => refuse("manifest", reference),
    blob: (descriptor) => refuse("blob", descriptor.digest),
  };
}
