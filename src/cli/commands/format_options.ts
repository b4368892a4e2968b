/**
 * The options of the main form that shape the image: each belongs to one or more formats.
 *
 * @module
 */
import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { optional } from "@optique/core/modifiers";
import { option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { choice, float, integer, string } from "@optique/core/valueparser";
import { type FormatEntry, type FormatOptions, FORMATS } from "../../format/formats.ts";
import {
  blockSizeValue,
  freeSpaceValue,
  journalValue,
  sizeValue,
  uuidValue,
} from "../value_parsers.ts";
import { UsageError } from "../usage_error.ts";

/** What these options answer. */
export type FormatArguments = InferValue<ReturnType<typeof formatOptions>>;

/** The parser of these options. */
export function formatOptions() {
  return object("Format", {
    size: optional(option("--size", sizeValue(), {
      description:
        message`Exact size, as 512M or 1.5GiB; default: what the files need, and free room.`,
    })),
    free: optional(option("--free", freeSpaceValue(), {
      description: message`Free room, as 2G, 20% or 0; default: 10%, at least 64M.`,
    })),
    readOnly: option("--read-only", {
      description:
        message`The smallest image, for what is never written to: no free room, no spare inodes, nothing reserved.`,
    }),
    journal: optional(option("--journal", journalValue(), {
      description:
        message`A journal, as large as mke2fs would make it or of a SIZE of its own; default: none.`,
    })),
    label: optional(option("--label", string({ metavar: "LABEL" }), {
      description: message`Volume label.`,
    })),
    uuid: optional(option("--uuid", uuidValue(["random"]), {
      description:
        message`UUID; default: derived from the image, so that equal inputs give equal bytes.`,
    })),
    hashSeed: optional(option("--hash-seed", uuidValue([]), {
      description: message`Seed of the directory hashes; default: derived like the UUID.`,
    })),
    blockSize: optional(option("--block-size", blockSizeValue(), {
      description: message`Block size; default: 4K, of squashfs 128K.`,
    })),
    inodeSize: optional(option("--inode-size", inodeSizeValue(), {
      description:
        message`Bytes of an inode; default: 256. With 128, times have no fractions and end in 2038.`,
    })),
    inodes: optional(option("--inodes", integer({ metavar: "N", min: 0 }), {
      description: message`Inodes that there are at least.`,
    })),
    inodeRatio: optional(option("--inode-ratio", sizeValue(), {
      description: message`Bytes of the image for each inode; default: 16K.`,
    })),
    reservedPercent: optional(
      option("--reserved-percent", float({ metavar: "PERCENT", min: 0, max: 50 }), {
        description: message`Blocks that only root may use; default: 0.`,
      }),
    ),
    compat: optional(option("--compat", string({ metavar: "KERNEL" }), {
      description: message`Oldest kernel that must read the image, as 3.10; default: 4.14.`,
    })),
    fsVerity: option("--fs-verity", {
      description:
        message`fs-verity for every file: the kernel checks each byte it reads; files become read-only.`,
    }),
    compression: optional(option("--compression", string({ metavar: "NAME[:LEVEL]" }), {
      description:
        message`Compression, as zstd:15, gzip:9 or none; default: by the format and the extension of OUT.`,
    })),
    clusterSize: optional(option("--cluster-size", blockSizeValue(), {
      description: message`Bytes of a file that EROFS compresses together; default: 64K.`,
    })),
    noFragments: option("--no-fragments", {
      description:
        message`Give every file blocks of its own: ends of files and small files do not share blocks.`,
    }),
    sparse: option("--sparse", {
      description:
        message`Leave holes of files out of a tar, as GNU tar does; container engines do not read that.`,
    }),
    keepWhiteouts: option("--keep-whiteouts", {
      description:
        message`Make a layer of the image's layers: what they delete of a base stays in the tar as whiteouts.`,
    }),
    rootlessXattrs: option("--rootless-xattrs", {
      description:
        message`Not as root, keep owners of a directory's files in the attribute user.rootlesscontainers.`,
    }),
    digests: option("--digests", {
      description: message`Say the SHA-256 of every file in a dump.`,
    }),
    onLoss: optional(option("--on-loss", choice(["error", "report"], { metavar: "WHAT" }), {
      description:
        message`What cannot be in the output: an error, or left out and reported; default: error, of a directory whose maker is not root report.`,
    })),
    features: optional(option("--features", string({ metavar: "LIST" }), {
      description:
        message`Features to switch, in the names of mke2fs, as +metadata_csum_seed,-resize_inode.`,
    })),
  });
}

/** Options of formats that are options of formats on the command line too. */
type NamedOption = Exclude<keyof FormatOptions, "compressionWorkers">;

/** The names of the options on the command line. */
const OPTION_NAMES: Readonly<Record<NamedOption, string>> = {
  size: "--size",
  free: "--free",
  readOnly: "--read-only",
  journal: "--journal",
  label: "--label",
  uuid: "--uuid",
  hashSeed: "--hash-seed",
  blockSize: "--block-size",
  inodeSize: "--inode-size",
  inodes: "--inodes",
  inodeRatio: "--inode-ratio",
  reservedPercent: "--reserved-percent",
  compat: "--compat",
  features: "--features",
  fsVerity: "--fs-verity",
  compression: "--compression",
  clusterSize: "--cluster-size",
  noFragments: "--no-fragments",
  sparse: "--sparse",
  keepWhiteouts: "--keep-whiteouts",
  digests: "--digests",
  onLoss: "--on-loss",
  rootlessXattrs: "--rootless-xattrs",
};

/** What of the arguments the format takes. Throws `UsageError` for an option of other formats. */
export function formatOptionsOf(args: FormatArguments, format: FormatEntry): FormatOptions {
  const options: Record<string, unknown> = {};
  for (const key of Object.keys(OPTION_NAMES) as NamedOption[]) {
    const value = args[key];
    if (value === undefined || value === false) continue;
    if (!format.options.includes(key)) {
      throw new UsageError(
        `Cannot use ${OPTION_NAMES[key]} for ${format.name}: it is an option of ${
          FORMATS.filter(({ options }) => options.includes(key)).map(({ name }) => name).join(", ")
        }`,
      );
    }
    options[key] = value;
  }
  return options;
}

function inodeSizeValue() {
  return choice([128, 256, 512], { metavar: "BYTES" });
}

/**
 * `--journal` alone means `--journal=auto`: the parser knows options with a value and without, but
 * none that may have one. A size or `auto` behind it is its value.
 */
export function withJournalSize(args: readonly string[]): string[] {
  return args.flatMap((argument, i) => {
    const next = args[i + 1] ?? "";
    const hasValue = /^(auto|\d[\d.]*([KMGT](iB|B)?)?)$/i.test(next);
    return argument === "--journal" && !hasValue ? ["--journal=auto"] : [argument];
  });
}
