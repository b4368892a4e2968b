/**
 * A bare path: what is there decides how it is opened.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import { quote } from "../oci/quote.ts";
import { openArchive } from "./archive_store.ts";
import { DirectoryStore } from "./directory_store.ts";
import { openDockerStore } from "./docker_archive.ts";
import type { Image } from "./image.ts";
import { LAYOUT_INDEX } from "./oci_layout.ts";
import { createRequest, type OpenOptions } from "./open_options.ts";
import { openStore } from "./open_store.ts";
import { pathKind } from "./path_kind.ts";

/** Opens the image in the directory or archive at `path`, which exists. */
export async function openPath(path: string, options: OpenOptions): Promise<Image> {
  const request = createRequest(path, {}, options);
  const kind = pathKind(path);
  if (kind === "directory") {
    const isLayout = new DirectoryStore(path, { confined: false }).find(LAYOUT_INDEX) !== null;
    return await openStore(
      new DirectoryStore(path, { confined: !isLayout }),
      request,
      openDockerStore,
    );
  }
  if (kind === "file") {
    return await openStore(await openArchive(path, options.signal), request, openDockerStore);
  }
  throw new ImageError(
    "NOT_FOUND",
    `Cannot open image ${quote(path)}: it is no directory and no regular file, expected one`,
    { where: { source: path } },
  );
}
