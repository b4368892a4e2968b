/**
 * An image as a container engine shows it: each layer unpacked into its own directory by
 * containers/storage (whiteouts as devices 0:0, opaque directories as attributes), and these
 * directories mounted over each other by the kernel's overlayfs.
 *
 * @module
 */
import { readFileSync, rmSync } from "node:fs";
import { unmount } from "../loop_mount.ts";
import { mustRun } from "../run_tool.ts";

/** What {@linkcode withStorageMount} needs. */
export const STORAGE_MOUNT_NEEDS = ["root", "skopeo", "buildah", "mount:overlay"] as const;

/** Mounts the image `tag` of `layout`, calls `use` with the directory, and removes everything. */
export async function withStorageMount<T>(
  layout: string,
  tag: string,
  use: (directory: string) => T | Promise<T>,
): Promise<T> {
  const work = Deno.makeTempDirSync({ prefix: "storage_mount_" });
  const root = `${work}/root`;
  const run = `${work}/run`;
  const name = "localhost/image:1";
  try {
    const destination = `containers-storage:[overlay@${root}+${run}]${name}`;
    mustRun("skopeo", ["copy", "-q", `oci:${layout}:${tag}`, destination]);
    const storage = ["--root", root, "--runroot", run, "--storage-driver", "overlay"];
    const container = mustRun("buildah", [...storage, "from", "--pull=never", name]).trim();
    return await use(mustRun("buildah", [...storage, "mount", container]).trim());
  } finally {
    unmountBelow(work);
    rmSync(work, { recursive: true });
  }
}

/** Unmounts all that is mounted below `directory`, innermost first: nothing is deleted through it. */
function unmountBelow(directory: string): void {
  const places = readFileSync("/proc/mounts", "utf8").split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((place) => place.startsWith(`${directory}/`));
  for (const place of places.sort().reverse()) unmount(place);
}
