/**
 * The objects of a repository, with what it does to new ones.
 *
 * @module
 */
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { directoriesOf } from "../../io/host_files.ts";
import type { Linux } from "../../io/linux.ts";
import { ObjectStore } from "./object_store.ts";
import { protectFile } from "./protection.ts";

/** Opens the objects of the repository at `path`, secure or not; `linux` where there is one. */
export function openObjects(
  path: string,
  algorithm: VerityAlgorithm,
  isSecure: boolean,
  linux: Linux | null,
): ObjectStore {
  return new ObjectStore(path, algorithm, directoriesOf(linux), (file) => {
    if (isSecure) protectFile(linux, file, algorithm);
    // Without a call for the whole file system each file is brought to the disk by itself.
    if (linux === null) syncFile(file);
  });
}

function syncFile(path: string): void {
  using file = Deno.openSync(path, { read: true });
  file.syncSync();
}
