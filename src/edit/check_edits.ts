/**
 * Whether edits make sense, before any file is looked at.
 *
 * @module
 */
import { checkOwner, checkPermissions } from "./added_layer.ts";
import { Exclusion } from "./exclusion.ts";
import { parseGuestPath } from "./guest_path.ts";
import { IdMap } from "./id_map.ts";
import type { ImageEdits } from "./image_edits.ts";
import { networkFiles } from "./network_files.ts";

/** Throws `TypeError` or `RangeError` for the first thing in `edits` that cannot be meant. */
export function checkEdits(edits: ImageEdits): void {
  new Exclusion(edits.exclude ?? []);
  for (const { from, to, kind, owner, permissions } of edits.add ?? []) {
    const path = parseGuestPath(to);
    if (owner !== undefined) checkOwner(owner);
    if (permissions !== undefined) checkPermissions(permissions);
    if (typeof from === "string") continue;
    if (kind === "directory") throw new TypeError("Cannot add bytes as a directory");
    if (kind !== "tar" && (path === "" || to.endsWith("/"))) {
      throw new TypeError(`Cannot add bytes to "${to}": it is a directory, expected a file name`);
    }
  }
  if (edits.owner !== undefined) checkOwner(edits.owner);
  new IdMap("user", edits.uidMap ?? []);
  new IdMap("group", edits.gidMap ?? []);
  const seconds = edits.mtime?.seconds;
  if (seconds !== undefined && !Number.isSafeInteger(seconds)) {
    throw new RangeError(`Cannot use time ${seconds}, expected whole seconds since 1970`);
  }
  networkFiles(edits);
}
