/**
 * An image unpacked by umoci: the reference for the meaning of layers.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { mustRun } from "../run_tool.ts";

/** What {@linkcode withUmociUnpacked} needs. */
export const UMOCI_UNPACK_NEEDS = ["root", "umoci"] as const;

/** Options of {@linkcode withUmociUnpacked}. */
export interface UmociOptions {
  /** A directory entry over a symbolic link to a directory keeps the link. */
  readonly keepDirlinks?: boolean;
}

/**
 * Unpacks the image `tag` of `layout` as root, calls `use` with the directory, and deletes it.
 * Older versions of umoci read no zstd: give them gzip layers.
 */
export async function withUmociUnpacked<T>(
  layout: string,
  tag: string,
  use: (directory: string) => T | Promise<T>,
  options: UmociOptions = {},
): Promise<T> {
  const work = Deno.makeTempDirSync({ prefix: "umoci_unpack_" });
  try {
    const flags = options.keepDirlinks ? ["--keep-dirlinks"] : [];
    mustRun("umoci", ["unpack", ...flags, "--image", `${layout}:${tag}`, `${work}/bundle`]);
    return await use(`${work}/bundle/rootfs`);
  } finally {
    rmSync(work, { recursive: true });
  }
}
