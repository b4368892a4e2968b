/**
 * Stores whose files have the owners that they have in the image.
 *
 * An engine that runs in a user namespace has files that belong, outside of it, to other users:
 * those of root to who runs the engine, others to a range of `/etc/subuid`.
 *
 * @module
 */
import { statSync } from "node:fs";
import { ImageError } from "../image_error.ts";
import { systemError } from "../io/system_error.ts";
import { quote } from "../oci/quote.ts";

/**
 * Throws `ImageError` `UNSUPPORTED` where the directory with all layers at `path` does not belong to
 * root: then the owners of all files in it are others than those in the image.
 */
export function expectPlainOwners(path: string): void {
  const { uid, gid } = ownerOf(path);
  if (uid === 0 && gid === 0) return;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot read layers in ${quote(path)}: it belongs to user ${uid} and group ${gid}, so that ` +
      "the owners of its files have a meaning in a user namespace only, expected to run in that " +
      "namespace (podman unshare)",
  );
}

function ownerOf(path: string): { readonly uid: number; readonly gid: number } {
  try {
    return statSync(path);
  } catch (error) {
    throw systemError(error, "read layers in", path);
  }
}
