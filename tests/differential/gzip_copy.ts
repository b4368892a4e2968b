/**
 * A copy of an image with gzip layers: what every version of umoci can read.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { mustRun } from "../run_tool.ts";

/** Options of {@linkcode withGzipCopy}. */
export interface GzipCopyOptions {
  /** Processor in Go's names to choose from an index. */
  readonly architecture?: string;
}

/** Copies the image that `reference` names in skopeo's words, and calls `use` with layout and tag. */
export async function withGzipCopy<T>(
  reference: string,
  use: (layout: string, tag: string) => T | Promise<T>,
  options: GzipCopyOptions = {},
): Promise<T> {
  const work = Deno.makeTempDirSync({ prefix: "gzip_copy_" });
  try {
    const choice = options.architecture === undefined
      ? []
      : ["--override-arch", options.architecture];
    const destination = `oci:${work}/layout:copy`;
    const format = ["--dest-compress-format", "gzip"];
    mustRun("skopeo", [...choice, "copy", "-q", ...format, reference, destination]);
    return await use(`${work}/layout`, "copy");
  } finally {
    rmSync(work, { recursive: true });
  }
}
