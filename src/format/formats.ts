/**
 * The one table of output formats.
 *
 * @module
 */
import type { Ext4Options } from "./ext4/options.ts";
import type { ImageFormat } from "./image_format.ts";

export type { Ext4Options };

/** An output format that can be asked for by name. */
export interface FormatEntry {
  /** Name, as `ext4`. */
  readonly name: string;
  /** Extensions of file names that mean this format. */
  readonly extensions: readonly string[];
  /**
   * Loads the writer, which is heavy, and answers the function that sets its options; that throws
   * `RangeError` or `TypeError` for options that the format does not allow.
   */
  load(): Promise<(options: Ext4Options) => ImageFormat<unknown>>;
}

/** All formats; the first is the default where nothing tells. */
export const FORMATS: readonly FormatEntry[] = [
  {
    name: "ext4",
    extensions: [".ext4", ".img"],
    load: async () => (await import("./ext4/format.ts")).ext4,
  },
];

/** The format of a file name by its extension, `null` where that says nothing. */
export function formatOfFileName(name: string): FormatEntry | null {
  const lower = name.toLowerCase();
  return FORMATS.find((format) => format.extensions.some((it) => lower.endsWith(it))) ?? null;
}

/** The format of that name, `null` for none. */
export function formatNamed(name: string): FormatEntry | null {
  return FORMATS.find((format) => format.name === name) ?? null;
}
