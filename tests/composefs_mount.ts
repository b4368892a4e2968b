/**
 * composefs images mounted by the kernel, with the objects that they name.
 *
 * @module
 */
import { mustRun } from "./run_tool.ts";
import { unmount, withMountedImage } from "./loop_mount.ts";

/** Mounts `image` over the objects in `objects` and calls `use` with the directory. */
export function withMountedComposefs<T>(
  image: string,
  objects: string,
  use: (directory: string) => T,
): T {
  const mountOver = (metadata: string) => {
    const directory = Deno.makeTempDirSync({ prefix: "mounted_composefs_" });
    try {
      const options = `ro,metacopy=on,redirect_dir=on,lowerdir=${metadata}::${objects}`;
      mustRun("mount", ["-t", "overlay", "-o", options, "overlay", directory]);
      try {
        return use(directory);
      } finally {
        unmount(directory);
      }
    } finally {
      Deno.removeSync(directory);
    }
  };
  return withMountedImage(image, mountOver, { type: "erofs" });
}
