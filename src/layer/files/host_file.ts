/**
 * One regular file of this machine, opened by its path.
 *
 * @module
 */
import { realpathSync } from "node:fs";
import { basename, dirname } from "node:path";
import { utf8ByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { type HostFiles, openHostFiles } from "../../io/host_files.ts";
import { systemError } from "../../io/system_error.ts";
import type { NoticeListener } from "../../notice.ts";
import { FileKind, kindOfMode } from "../../tree/inode.ts";
import { LayerDirectory } from "../directory/layer_directory.ts";
import { fileAt, type LayerFile } from "../directory/overlay_lookup.ts";

/** An open file. */
export interface OpenedHostFile {
  /** The file, as the readers of directories have it. */
  readonly file: LayerFile;
  /** Gives back what was opened. */
  close(): void;
}

/**
 * Opens the regular file at `path`, symbolic links followed; says by a notice where its extended
 * attributes cannot be read.
 *
 * Throws `ImageError` `NOT_FOUND`, `PERMISSION` or `IO`, and `UNSUPPORTED` for what is no regular file.
 */
export function openHostFile(path: string, onNotice: NoticeListener): OpenedHostFile {
  const realPath = resolve(path);
  const files = openHostFiles();
  let root: LayerDirectory | null = null;
  const close = () => {
    root?.close();
    files.close();
  };
  try {
    root = LayerDirectory.root(0, files.open(dirname(realPath)));
    const file = fileAt(root, utf8ByteString(basename(realPath)));
    if (file === null || kindOfMode(file.stat.mode) !== FileKind.regular) {
      throw new ImageError(
        file === null ? "NOT_FOUND" : "UNSUPPORTED",
        `Cannot read "${path}": ${file === null ? "nothing is there" : "it is no regular file"}, ` +
          "expected a file",
        { where: { source: path } },
      );
    }
    reportLoss(files, path, onNotice);
    return { file, close };
  } catch (error) {
    close();
    throw error;
  }
}

function resolve(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw systemError(error, "read", path);
  }
}

function reportLoss(files: HostFiles, path: string, onNotice: NoticeListener): void {
  if (files.noXattrs === null || files.loss === null) return;
  onNotice({ code: "LOSS", message: files.loss, where: { source: path } });
}
