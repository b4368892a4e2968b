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

/**
 * The repository at its registry. A blob that it lacks and that may be kept elsewhere
 * (`descriptor.urls`) is loaded from there only with `allowForeignUrls`.
 */
export function onlineReader(
  client: RegistryClient,
  repository: Repository,
  allowForeignUrls: boolean,
): RepositoryReader {
  return {
    name: formatRepository(repository),
    manifest: (reference, signal) => client.manifest(repository, reference, signal),
    async blob(descriptor, into, signal) {
      try {
        await client.blob(repository, descriptor, into, signal);
      } catch (error) {
        const isMissing = error instanceof ImageError && error.code === "NOT_FOUND";
        if (!isMissing || descriptor.urls.length === 0) throw error;
        if (!allowForeignUrls) throw foreignError(descriptor, error);
        await client.foreignBlob(descriptor, into, signal);
      }
    },
  };
}

function foreignError(descriptor: Descriptor, cause: ImageError): ImageError {
  return new ImageError(
    "NOT_FOUND",
    `Cannot load layer ${quote(descriptor.digest)}: the registry does not have this ` +
      `non-distributable layer, kept at ${quote(descriptor.urls[0])}, expected consent to load ` +
      "it from there (allowForeignUrls, --allow-foreign-urls)",
    { cause },
  );
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
        { subject: "cache" },
      ),
    );
  return {
    name,
    manifest: (reference) => refuse("manifest", reference),
    blob: (descriptor) => refuse("blob", descriptor.digest),
  };
}
