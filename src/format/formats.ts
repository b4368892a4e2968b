/**
 * The one table of output formats.
 *
 * @module
 */
import type { CpioOptions } from "./cpio/options.ts";
import type { DirectoryFormatOptions } from "./directory/options.ts";
import type { DumpOptions } from "./dump/options.ts";
import type { ErofsOptions } from "./erofs/options.ts";
import type { Ext4Options } from "./ext4/options.ts";
import type { ImageFormat } from "./image_format.ts";
import type { OpenImageReader } from "./image_reader.ts";
import type { SquashfsOptions } from "./squashfs/options.ts";
import type { TarOptions } from "./tar/options.ts";

/** Options of all formats; each takes those that it knows. */
export type FormatOptions =
  & Ext4Options
  & ErofsOptions
  & TarOptions
  & DirectoryFormatOptions
  & CpioOptions
  & DumpOptions
  & SquashfsOptions;

/** Bytes at the start of an image that tell its format. */
export const HEAD_SIZE = 4096;

/** A format that can be asked for by name. */
export interface FormatEntry {
  /** Name, as `ext4`. */
  readonly name: string;
  /** Extensions of file names that mean this format. */
  readonly extensions: readonly string[];
  /** Names of the options that the writer knows. */
  readonly options: readonly (keyof FormatOptions)[];
  /** Name of the directory that an image has in its root by itself, where the format makes one. */
  readonly ownDirectory?: string;
  /** Whether the first bytes (`HEAD_SIZE`, or all there are) are those of such an image. */
  matches(head: Uint8Array): boolean;
  /**
   * Loads the writer, which is heavy, and answers the function that sets its options; that throws
   * `RangeError` or `TypeError` for options that the format does not allow.
   */
  loadWriter(): Promise<(options: FormatOptions) => ImageFormat<unknown>>;
  /** Options that a file name of this format means, as `.tar.gz` does; absent where none does. */
  optionsOfFileName?(name: string): FormatOptions;
  /** Loads the reader; absent where such files are sources of their own (`tar:`, `dir:`). */
  loadReader?(): Promise<OpenImageReader>;
}

/** All formats; the first is the default where nothing tells. */
export const FORMATS: readonly FormatEntry[] = [
  {
    name: "ext4",
    extensions: [".ext4", ".img"],
    options: [
      "size",
      "free",
      "readOnly",
      "journal",
      "label",
      "uuid",
      "hashSeed",
      "blockSize",
      "inodeSize",
      "inodes",
      "inodeRatio",
      "reservedPercent",
      "compat",
      "features",
      "fsVerity",
    ],
    ownDirectory: "lost+found",
    // s_magic of the superblock, which starts at 1024.
    matches: (head) => head.length >= 2048 && head[0x438] === 0x53 && head[0x439] === 0xef,
    loadWriter: async () => (await import("./ext4/format.ts")).ext4,
    loadReader: async () => (await import("./ext4/reader.ts")).openExt4ByTurns,
  },
  {
    name: "squashfs",
    extensions: [".squashfs", ".sqfs", ".sqsh"],
    options: ["compression", "blockSize", "noFragments", "onLoss", "compressionWorkers"],
    // "hsqs".
    matches: (head) => [0x68, 0x73, 0x71, 0x73].every((byte, i) => head[i] === byte),
    loadWriter: async () => (await import("./squashfs/format.ts")).squashfs,
    loadReader: async () => (await import("./squashfs/reader.ts")).openSquashfs,
  },
  {
    name: "erofs",
    extensions: [".erofs"],
    options: ["blockSize", "compression", "clusterSize", "label", "uuid", "compressionWorkers"],
    // magic of the superblock, which starts at 1024.
    matches: (head) => [0xe2, 0xe1, 0xf5, 0xe0].every((byte, i) => head[1024 + i] === byte),
    loadWriter: async () => (await import("./erofs/format.ts")).erofs,
    loadReader: async () => (await import("./erofs/reader.ts")).openErofs,
  },
  {
    name: "tar",
    extensions: [".tar", ".tar.gz", ".tgz", ".tar.zst"],
    options: ["compression", "sparse", "keepWhiteouts", "onLoss"],
    // "ustar", in headers of POSIX and of GNU.
    matches: (head) => [0x75, 0x73, 0x74, 0x61, 0x72].every((byte, i) => head[257 + i] === byte),
    optionsOfFileName: compressionOfFileName,
    loadWriter: async () => (await import("./tar/format.ts")).tar,
  },
  {
    name: "cpio",
    extensions: [".cpio", ".cpio.gz", ".cpio.zst"],
    options: ["compression", "onLoss"],
    // newc and crc, and odc to be refused by its name.
    matches: (head) => /^07070[127]$/.test(String.fromCharCode(...head.subarray(0, 6))),
    optionsOfFileName: compressionOfFileName,
    loadWriter: async () => (await import("./cpio/format.ts")).cpio,
    loadReader: async () => (await import("./cpio/reader.ts")).openCpio,
  },
  {
    name: "dump",
    extensions: [".dump"],
    options: ["digests"],
    matches: () => false,
    loadWriter: async () => (await import("./dump/format.ts")).dump,
  },
  {
    name: "directory",
    // A name that ends so is one of a directory.
    extensions: ["/"],
    options: ["onLoss", "rootlessXattrs"],
    matches: () => false,
    loadWriter: async () => (await import("./directory/format.ts")).directory,
  },
];

/** The formats whose files are sources; each is a transport of its name. */
export const IMAGE_FILE_FORMATS: readonly FormatEntry[] = FORMATS.filter(({ loadReader }) =>
  loadReader !== undefined
);

/** The format of a file name by its extension, `null` where that says nothing. */
export function formatOfFileName(name: string): FormatEntry | null {
  const lower = name.toLowerCase();
  return FORMATS.find((format) => format.extensions.some((it) => lower.endsWith(it))) ?? null;
}

function compressionOfFileName(name: string): FormatOptions {
  if (/gz$/i.test(name)) return { compression: "gzip" };
  return /zst$/i.test(name) ? { compression: "zstd" } : {};
}

/** The format of that name, `null` for none. */
export function formatNamed(name: string): FormatEntry | null {
  return FORMATS.find((format) => format.name === name) ?? null;
}

/** The format of an image by its first bytes, `null` for none of ours. */
export function formatOfBytes(head: Uint8Array): FormatEntry | null {
  return FORMATS.find((format) => format.matches(head)) ?? null;
}
