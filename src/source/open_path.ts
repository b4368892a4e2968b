/**
 * A bare path: what is there decides how it is opened.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import { quote } from "../oci/quote.ts";
import { openArchive } from "./archive_store.ts";
import { ContainerdStore } from "./containerd/containerd_store.ts";
import { containerdImage } from "./containerd/open_containerd.ts";
import { containersStorage } from "./containers_storage/open_containers_storage.ts";
import { STORAGE_DRIVERS } from "./containers_storage/storage_driver.ts";
import { StorageStore } from "./containers_storage/storage_store.ts";
import { DirectoryStore } from "./directory_store.ts";
import { DockerRoot } from "./docker/docker_root.ts";
import { dockerDaemon } from "./docker/open_docker_daemon.ts";
import { openDockerStore } from "./docker_archive.ts";
import type { FileStore } from "./file_store.ts";
import type { Image } from "./image.ts";
import { imageFile, imageFileFormat } from "./image_file.ts";
import { LAYOUT_INDEX } from "./oci_layout.ts";
import { createRequest, type OpenOptions } from "./open_options.ts";
import { openStore } from "./open_store.ts";
import { isOverlay2Layer, overlay2 } from "./overlay2.ts";
import { pathKind } from "./path_kind.ts";
import type { RootDirectoryOptions } from "./root_directory.ts";
import type { SplitReference } from "./split_reference.ts";

/** Opens the image in the directory, archive or filesystem image at `path`, which exists. */
export function openPath(path: string, options: RootDirectoryOptions): Promise<Image> {
  if (pathKind(path) === "directory") {
    if (isOverlay2Layer(path)) return overlay2(path, options);
    // The root of an engine's store: its only image, or an error that lists them.
    if (new DockerRoot(path).exists()) return dockerDaemon("", { ...options, dockerRoot: path });
    if (STORAGE_DRIVERS.some((driver) => new StorageStore(path, driver).exists())) {
      return containersStorage("", { ...options, storageRoot: path });
    }
    if (new ContainerdStore(path).exists()) {
      return containerdImage("", { ...options, containerdRoot: path });
    }
  }
  if (imageFileFormat(path) !== null) return imageFile(path, options);
  const request = createRequest(path, {}, options);
  return openStore(() => storeAt(path, options), request, openDockerStore);
}

/**
 * Opens the image that `split` chooses in the layout or archive at its path, which exists;
 * `reference` is all of it.
 */
export function openChosenImage(
  reference: string,
  split: SplitReference,
  options: OpenOptions,
): Promise<Image> {
  const request = createRequest(reference, split, options);
  return openStore(() => storeAt(split.path, options), request, openDockerStore);
}

function storeAt(path: string, options: OpenOptions): FileStore | Promise<FileStore> {
  const kind = pathKind(path);
  if (kind === "file") return openArchive(path, options.signal);
  if (kind === "directory") {
    const layout = new DirectoryStore(path, { confined: false });
    if (layout.find(LAYOUT_INDEX) !== null) return layout;
    return new DirectoryStore(path, { confined: true });
  }
  throw new ImageError(
    "NOT_FOUND",
    `Cannot open image ${quote(path)}: it is no directory and no regular file, expected one`,
  );
}
