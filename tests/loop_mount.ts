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

/** How often a busy directory is tried again, and how long to wait between. */
const UNMOUNT_TRIES = 50;
const UNMOUNT_PAUSE_MILLISECONDS = 100;

/**
 * Unmounts a directory. A program that a test beside this one starts holds our open files for the
 * instant between fork and exec, so a busy directory is tried again. Throws where something
 * really uses it; then it is unmounted as soon as that ends.
 */
export function unmount(directory: string): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let message = "";
  for (let i = 0; i < UNMOUNT_TRIES; i++) {
    const { status, stderr } = runTool("umount", [directory]);
    if (status === 0) return;
    message = stderr.trim();
    Atomics.wait(pause, 0, 0, UNMOUNT_PAUSE_MILLISECONDS);
  }
  mustRun("umount", ["--lazy", directory]);
  throw new Error(`Cannot unmount "${directory}": ${message}`);
}

/** The loop device (`loop0`) that is mounted at a directory. */
export function loopDeviceOf(directory: string): string {
  for (const line of readFileSync("/proc/self/mounts", "utf8").split("\n")) {
    const [device, place] = line.split(" ");
    if (place === directory) return device.slice("/dev/".length);
  }
  throw new Error(`Cannot find the device of "${directory}": it is not mounted`);
}
