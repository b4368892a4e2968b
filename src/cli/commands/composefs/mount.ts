/**
 * `oci2rootfs composefs mount` and `umount`: an image as a directory, by the kernel.
 *
 * @module
 */
import { mountImage, unmountImage } from "../../../composefs/mount/mount_image.ts";
import { variantImage } from "../../../composefs/oci/variant_image.ts";
import { UsageError } from "../../usage_error.ts";
import type { MountArguments, UnmountArguments } from "./image_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs mount` or `umount`. Throws `UsageError` or `ImageError`. */
export async function runMount(
  args: MountArguments | UnmountArguments,
  signal: AbortSignal,
): Promise<void> {
  if (args.action === "umount") return await unmountImage(args.directory);
  const { upperdir, workdir, readWrite } = args;
  if ((upperdir === undefined) !== (workdir === undefined)) {
    throw new UsageError("Cannot mount: --upperdir and --workdir belong together");
  }
  if (readWrite && upperdir === undefined) {
    throw new UsageError("Cannot mount to be changed: --read-write takes --upperdir and --workdir");
  }
  await withRepository(args, { signal }, async (repository) => {
    const id = await variantImage(repository, args.image, {
      isBootable: args.bootable,
      isAsIs: args.asIs,
    });
    await mountImage(repository, id, args.directory, {
      upperDirectory: upperdir,
      workDirectory: workdir,
      isWritable: readWrite,
    });
  });
}
