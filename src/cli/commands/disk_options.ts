/**
 * The options of the main form that put something around the image: dm-verity, a partition table,
 * a disk file.
 *
 * @module
 */
import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { optional } from "@optique/core/modifiers";
import { option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { choice, string } from "@optique/core/valueparser";
import { sizeValue, textValue, uuidValue } from "../value_parsers.ts";

/** What these options answer. */
export type DiskArguments = InferValue<ReturnType<typeof diskOptions>>;

/** The parser of these options. */
export function diskOptions() {
  return object("Disk", {
    verity: optional(option("--verity", textValue("[=FILE]", String, String, ""), {
      description:
        message`A dm-verity hash tree behind the image, or in a FILE of its own (--verity=FILE); root hash and salt are told.`,
    })),
    verityAlgorithm: optional(
      option("--verity-algorithm", choice(["sha256", "sha384", "sha512", "sha1"]), {
        description: message`Hash of the tree; default: sha256.`,
      }),
    ),
    veritySalt: optional(option("--verity-salt", string({ metavar: "HEX" }), {
      description: message`Salt of the tree in hexadecimal; default: derived from the image.`,
    })),
    verityUuid: optional(option("--verity-uuid", uuidValue([]), {
      description: message`UUID of the tree; default: derived from the root hash.`,
    })),
    verityDataBlockSize: optional(option("--verity-data-block-size", sizeValue(), {
      description: message`Bytes that a hash is of, at most the filesystem's block size.`,
    })),
    verityHashBlockSize: optional(option("--verity-hash-block-size", sizeValue(), {
      description: message`Block size of the tree; default: 4K.`,
    })),
    partition: optional(option("--partition", choice(["gpt"], { metavar: "TABLE" }), {
      description:
        message`A disk with a partition table and a root partition of the type for the image's processor; with --verity, one for the hash tree too.`,
    })),
    partitionLabel: optional(option("--partition-label", string({ metavar: "LABEL" }), {
      description: message`Name of the root partition; default: root.`,
    })),
    vhd: option("--vhd", {
      description: message`A fixed VHD, as Hyper-V and Azure take it.`,
    }),
    qcow2: optional(option("--qcow2", choice(["none", "zstd"], { metavar: "[=COMPRESSION]" }), {
      description: message`A qcow2 file, plain or compressed (--qcow2=zstd).`,
    })),
  });
}

/**
 * `--verity` and `--qcow2` alone mean `--verity=` and `--qcow2=none`: the parser knows options with
 * a value and without, but none that may have one.
 */
export function withDiskValues(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  return args.map((argument, i) => {
    // What stands behind "--" is no option.
    if (end >= 0 && i > end) return argument;
    if (argument === "--verity") return "--verity=";
    const hasValue = args[i + 1] === "none" || args[i + 1] === "zstd";
    return argument === "--qcow2" && !hasValue ? "--qcow2=none" : argument;
  });
}
