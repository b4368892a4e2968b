/**
 * The format that the command line asks for, with what goes around it.
 *
 * @module
 */
import { gpt } from "../disk/gpt.ts";
import { qcow2 } from "../disk/qcow2.ts";
import { verity } from "../disk/verity.ts";
import { vhd } from "../disk/vhd.ts";
import type { ImageFormat } from "../format/image_format.ts";
import type { ByteSink } from "../io/byte_sink.ts";
import type { DiskArguments } from "./commands/disk_options.ts";
import { UsageError } from "./usage_error.ts";

/** Arguments that say what goes around an image. */
export interface DiskWish extends DiskArguments {
  /** Nothing is written. */
  readonly dryRun: boolean;
  /** The filesystem is not to be written to. */
  readonly readOnly: boolean;
  /** The processor that was asked for. */
  readonly platform?: { readonly architecture: string };
}

/** Extensions of disk files, with the options that they stand for. */
const DISK_EXTENSIONS: readonly (readonly [string, Partial<DiskArguments>])[] = [
  [".qcow2", { qcow2: "none" }],
  [".vhd", { vhd: true }],
];

/** The name without the extension of a disk file, and what that extension stands for. */
export interface DiskFileName {
  /** `rootfs.squashfs` of `rootfs.squashfs.qcow2`. */
  readonly name: string;
  /** `null` where it is no disk file. */
  readonly implied: Partial<DiskArguments> | null;
}

/** Reads the extension of `output`. */
export function diskFileName(output: string): DiskFileName {
  const found = DISK_EXTENSIONS.find(([extension]) => output.toLowerCase().endsWith(extension));
  if (found === undefined) return { name: output, implied: null };
  return { name: output.slice(0, -found[0].length), implied: found[1] };
}

/** `args` with what the extension of the output stands for, where they name no disk file. */
export function withImpliedDisk<T extends DiskArguments>(args: T, output: string | null): T {
  if (output === null || args.vhd || args.qcow2 !== undefined) return args;
  return { ...args, ...diskFileName(output).implied };
}

/** Refuses options that do not go together. Throws `UsageError`. */
export function checkDiskArguments(args: DiskWish): void {
  if (args.vhd && args.qcow2 !== undefined) {
    throw new UsageError(
      "Cannot write VHD and qcow2 at once: --vhd and --qcow2 exclude each other",
    );
  }
  const needVerity = ([
    ["--verity-algorithm", args.verityAlgorithm],
    ["--verity-salt", args.veritySalt],
    ["--verity-uuid", args.verityUuid],
    ["--verity-data-block-size", args.verityDataBlockSize],
    ["--verity-hash-block-size", args.verityHashBlockSize],
  ] as const).find(([, value]) => value !== undefined);
  if (needVerity !== undefined && args.verity === undefined) {
    throw new UsageError(`Cannot use ${needVerity[0]} without a hash tree: --verity is missing`);
  }
  if (args.partitionLabel !== undefined && args.partition === undefined) {
    throw new UsageError("Cannot use --partition-label without partitions: --partition is missing");
  }
  if (args.dryRun && args.verity !== undefined) {
    throw new UsageError(
      "Cannot make a hash tree of nothing: --dry-run and --verity exclude each other",
    );
  }
  if (args.dryRun && args.qcow2 === "zstd") {
    throw new UsageError(
      "Cannot compress nothing: --dry-run and --qcow2=zstd exclude each other",
    );
  }
}

/**
 * `format` with what `args` put around it; `hashSink` takes the hash tree where it has a file of its
 * own. Throws `RangeError` or `TypeError` for what does not go.
 */
export function diskFormat(
  format: ImageFormat<unknown>,
  args: DiskWish,
  hashSink: ByteSink | undefined,
): ImageFormat<unknown> {
  let made = format;
  if (args.verity !== undefined) {
    made = verity(made, {
      algorithm: args.verityAlgorithm,
      salt: args.veritySalt,
      uuid: args.verityUuid,
      dataBlockSize: args.verityDataBlockSize,
      hashBlockSize: args.verityHashBlockSize,
      hashSink,
    });
  }
  if (args.partition !== undefined) {
    made = gpt(made, {
      label: args.partitionLabel,
      architecture: args.platform?.architecture,
      readOnly: args.readOnly || undefined,
    });
  }
  if (args.vhd) made = vhd(made);
  if (args.qcow2 !== undefined) made = qcow2(made, { compression: args.qcow2 });
  return made;
}

/** Refuses a block device for a file that is read as a file only. Throws `UsageError`. */
export function checkDiskOutput(args: DiskArguments, output: string): void {
  const name = args.vhd ? "VHD" : args.qcow2 === undefined ? null : "qcow2";
  if (name === null || !isBlockDevice(output)) return;
  throw new UsageError(
    `Cannot write ${name} to block device "${output}": it would be no disk, expected a file`,
  );
}

function isBlockDevice(path: string): boolean {
  try {
    return Deno.statSync(path).isBlockDevice === true;
  } catch {
    return false; // What is wrong with it is told when it is opened.
  }
}
