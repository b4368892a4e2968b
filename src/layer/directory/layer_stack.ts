/**
 * The opened directories of a layer that is not a tar.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { type HostDirectory, type HostFiles, openHostFiles } from "../../io/host_files.ts";
import type { NoticeListener } from "../../notice.ts";
import type { DirectoryLayerJob } from "../layer.ts";
import { LayerDirectory } from "./layer_directory.ts";

/** Directories, newest first, open until `close`. */
export interface LayerStack {
  /** Their roots. */
  readonly roots: readonly LayerDirectory[];
  /** Gives everything back. */
  close(): void;
}

/**
 * Opens the directories of `job`; says by a notice what cannot be seen of their files.
 *
 * Throws `ImageError` `NOT_FOUND`, `PERMISSION` or `IO`, and where overlay markers must be read but
 * cannot be, `PERMISSION` or `UNSUPPORTED`: without them the tree would be another.
 */
export function openLayerStack(job: DirectoryLayerJob, onNotice: NoticeListener): LayerStack {
  const files = openHostFiles();
  const handles: HostDirectory[] = [];
  const close = () => {
    for (const handle of handles) handle.close();
    files.close();
  };
  try {
    for (const path of job.directories) handles.push(files.open(path));
    if (job.markers === "overlay") expectMarkers(files, handles);
    else if (files.loss !== null) onNotice({ code: "LOSS", message: files.loss });
    return { roots: handles.map((handle, layer) => LayerDirectory.root(layer, handle)), close };
  } catch (error) {
    close();
    throw error;
  }
}

function expectMarkers(files: HostFiles, handles: readonly HostDirectory[]): void {
  const path = handles[0].path;
  if (files.noXattrs !== null) {
    throw new ImageError(
      files.noXattrs.includes("--allow-ffi") ? "PERMISSION" : "UNSUPPORTED",
      `Cannot read overlay directory "${path}": its markers are extended attributes, and ` +
        `${files.noXattrs}, expected to be able to read them`,
    );
  }
  // A store of the user's own has markers of the class `user`.
  const foreign = files.seesTrusted
    ? undefined
    : handles.find((handle) => handle.stat("")?.uid !== files.uid);
  if (foreign !== undefined) {
    throw new ImageError(
      "PERMISSION",
      `Cannot read overlay directory "${foreign.path}": only root sees its markers, expected ` +
        "root, or a directory of the user's own",
    );
  }
}
