/**
 * Image files mounted by the kernel for the time of a function.
 *
 * @module
 */
import { readFileSync, rmdirSync } from "node:fs";
import { mustRun, runTool } from "./run_tool.ts";

/** Options of {@linkcode withMountedImage}. */
export interface MountOptions {
  /** Filesystem type; `ext4` when absent. */
  readonly type?: string;
  /** Mount options besides `loop`; `ro` when absent. */
  readonly options?: string;
}

/** Mounts `image` at a new directory, calls `use` with it, and unmounts whatever happens. */
export function withMountedImage<T>(
  image: string,
  use: (directory: string) => T,
  options: MountOptions = {},
): T {
  const directory = Deno.makeTempDirSync({ prefix: "mounted_image_" });
  try {
    const flags = `loop,${options.options ?? "ro"}`;
    mustRun("mount", ["-t", options.type ?? "ext4", "-o", flags, image, directory]);
    try {
      return use(directory);
    } finally {
      unmount(directory);
    }
  } finally {
    rmdirSync(directory);
  }
}

/**
 * Unmounts a directory. Throws where something still uses it; then it is unmounted as soon as
 * that ends.
 */
export function unmount(directory: string): void {
  const { status, stderr } = runTool("umount", [directory]);
  if (status === 0) return;
  mustRun("umount", ["--lazy", directory]);
  throw new Error(`Cannot unmount "${directory}": ${stderr.trim()}`);
}

/** The loop device (`loop0`) that is mounted at a directory. */
export function loopDeviceOf(directory: string): string {
  for (const line of readFileSync("/proc/self/mounts", "utf8").split("\n")) {
    const [device, place] = line.split(" ");
    if (place === directory) return device.slice("/dev/".length);
  }
  throw new Error(`Cannot find the device of "${directory}": it is not mounted`);
}
