/**
 * Opening an image of a known kind at a path.
 *
 * @module
 */
import { openArchive } from "./archive_store.ts";
import { DirectoryStore } from "./directory_store.ts";
import { openDockerStore } from "./docker_archive.ts";
import type { Image } from "./image.ts";
import { createRequest, type OpenOptions } from "./open_options.ts";
import { openOciStore, openStore } from "./open_store.ts";
import { expectKind } from "./path_kind.ts";

/** Options of {@linkcode ociLayout} and {@linkcode ociArchive}. */
export interface OciLayoutOptions extends OpenOptions {
  /** Which image, by its tag or its whole name. */
  readonly tag?: string;
  /** Which image, by the digest of its manifest or index. */
  readonly digest?: string;
}

/**
 * Opens an image of an OCI image layout in a directory.
 *
 * Throws `ImageError`: `NOT_FOUND` (no layout, no such tag, platform or blob), `AMBIGUOUS`,
 * `CORRUPT`, `UNSUPPORTED`, `DIGEST_MISMATCH`, `LIMIT_EXCEEDED`, `PERMISSION`, `IO`; `TypeError` for
 * a malformed platform.
 */
export async function ociLayout(path: string, options: OciLayoutOptions = {}): Promise<Image> {
  const choice = { name: options.tag, digest: options.digest };
  const request = createRequest(referenceText("oci:", path, choice), choice, options);
  const acquire = () => {
    expectKind(path, ["directory"]);
    return new DirectoryStore(path, { confined: false });
  };
  return await openStore(acquire, request, openOciStore);
}

/** Opens an image of an OCI image layout in a tar archive. Throws like {@linkcode ociLayout}. */
export async function ociArchive(path: string, options: OciLayoutOptions = {}): Promise<Image> {
  const choice = { name: options.tag, digest: options.digest };
  const request = createRequest(referenceText("oci-archive:", path, choice), choice, options);
  const acquire = () => {
    expectKind(path, ["file"]);
    return openArchive(path, options.signal);
  };
  return await openStore(acquire, request, openOciStore);
}

/** Options of {@linkcode dockerArchive}. */
export interface DockerArchiveOptions extends OpenOptions {
  /** Which image, by its name as `busybox:latest`, or by its tag alone. */
  readonly name?: string;
  /** Which image, by the digest of its manifest, or of its configuration in old archives. */
  readonly digest?: string;
}

/**
 * Opens an image that `docker save` wrote: the archive, or a directory it was extracted to. Throws
 * like {@linkcode ociLayout}, and `UNSAFE_PATH` when the archive names files outside itself.
 */
export async function dockerArchive(
  path: string,
  options: DockerArchiveOptions = {},
): Promise<Image> {
  const choice = { name: options.name, digest: options.digest };
  const request = createRequest(referenceText("docker-archive:", path, choice), choice, options);
  const acquire = () =>
    expectKind(path, ["file", "directory"]) === "directory"
      ? new DirectoryStore(path, { confined: true })
      : openArchive(path, options.signal);
  return await openStore(acquire, request, openDockerStore);
}

/** The reference that names the same image to `openImage`. */
function referenceText(
  prefix: string,
  path: string,
  { name, digest }: { readonly name?: string; readonly digest?: string },
): string {
  if (digest !== undefined) return `${prefix}${path}@${digest}`;
  return name === undefined ? `${prefix}${path}` : `${prefix}${path}:${name}`;
}
