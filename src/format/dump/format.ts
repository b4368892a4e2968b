/**
 * Dump files: a tree as text, a line for each file. The door of this folder.
 *
 * @module
 */
import type { ImageFormat } from "../image_format.ts";
import type { DumpOptions } from "./options.ts";
import { DumpWriter } from "./writer.ts";

export type { DumpOptions } from "./options.ts";

/**
 * Text with a line for each file, in the order of the tree and in the syntax of composefs dump files
 * (`composefs-dump(5)`). The bytes of files are not in it, at most their digests.
 */
export function dump(options: DumpOptions = {}): ImageFormat<string> {
  const digests = options.digests ?? false;
  return {
    name: "dump",
    streams: true,
    hasNoContents: !digests,
    createWriter: (sink) => new DumpWriter(sink, digests),
  };
}
