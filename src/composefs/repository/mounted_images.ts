/**
 * The images of a repository that are mounted right now, whoever has mounted them.
 *
 * @module
 */
import { relative } from "node:path";
import { loopFiles } from "../../io/loop_devices.ts";
import { type Mount, readMounts } from "../../io/mount_table.ts";
import { isObjectId, type ObjectId } from "./object_id.ts";
import type { ObjectStore } from "./object_store.ts";

/** What a mount of an image names as its device, in front of the image's own name. */
export const MOUNT_SOURCE = "composefs:";

/**
 * The images that are mounted, as far as this machine shows them: overlays that say which image they
 * are of, and EROFS or loop devices of files that are objects. Elsewhere than on Linux there are none.
 */
export function mountedImages(objects: ObjectStore): Set<ObjectId> {
  return imagesIn(objects, readMounts(), loopFiles());
}

/** The images among these mounts and files behind loop devices. */
export function imagesIn(
  objects: ObjectStore,
  mounts: readonly Mount[],
  files: readonly string[],
): Set<ObjectId> {
  const found = new Set<ObjectId>();
  const directory = realPath(objects.directory);
  const add = (id: string) => {
    if (isObjectId(id, objects.algorithm) && objects.sizeOf(id) !== null) found.add(id);
  };
  const addFile = (path: string) => add(relative(directory, realPath(path)).replace("/", ""));
  for (const { type, source } of mounts) {
    if (type === "overlay" && source.startsWith(MOUNT_SOURCE)) {
      add(source.slice(MOUNT_SOURCE.length));
    } else if (type === "erofs") addFile(source);
  }
  for (const path of files) addFile(path);
  return found;
}

/** The path without symbolic links, where something is there. */
function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}
