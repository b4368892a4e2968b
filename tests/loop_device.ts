/**
 * Block devices made of files, for the time of a function.
 *
 * @module
 */
import { mustRun } from "./run_tool.ts";

/** Attaches `file` to a loop device, calls `use` with its path, and detaches it whatever happens. */
export async function withLoopDevice<T>(
  file: string,
  use: (device: string) => T | Promise<T>,
  options: readonly string[] = [],
): Promise<T> {
  const device = mustRun("losetup", ["--find", "--show", ...options, file]).trim();
  try {
    return await use(device);
  } finally {
    mustRun("losetup", ["--detach", device]);
  }
}
