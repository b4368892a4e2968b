/**
 * fs-verity on files of this machine: switching it on, and asking the kernel for a digest
 * (`Documentation/filesystems/fsverity.rst`).
 *
 * @module
 */
import { type ByteString, displayByteString } from "../bytes/byte_string.ts";
import { AT_FDCWD, isErrno, type Linux } from "../io/linux.ts";
import { systemError } from "../io/system_error.ts";
import {
  VERITY_ALGORITHM_NUMBERS,
  VERITY_BLOCK_SIZE,
  VERITY_DIGEST_SIZES,
  type VerityAlgorithm,
  verityAlgorithmOf,
} from "./verity_algorithm.ts";

/** `_IOW('f', 133, struct fsverity_enable_arg)`. */
const FS_IOC_ENABLE_VERITY = 0x40806685;
/** `_IOWR('f', 134, struct fsverity_digest)`. */
const FS_IOC_MEASURE_VERITY = 0xc0046686;
const ENABLE_ARG_SIZE = 128;
const DIGEST_HEADER_SIZE = 4;
const LARGEST_DIGEST = 64;
/** `O_RDONLY | O_NONBLOCK | O_CLOEXEC`; the numbers are the same on x86-64 and arm64. */
const OPEN_FLAGS = 0o2004000;

/**
 * What came of switching fs-verity on: it is on now, it was on before, or this filesystem or kernel
 * has no fs-verity.
 */
export type VerityOutcome = "enabled" | "present" | "unsupported";

/** What the kernel says of a file with fs-verity. */
export interface MeasuredVerity {
  /** Algorithm of the digest. */
  readonly algorithm: VerityAlgorithm;
  /** Digest of the file. */
  readonly digest: Uint8Array;
}

/**
 * Switches fs-verity on for the file at `path`, which nobody has open for writing; it can never be
 * changed again. Throws `ImageError` `NOT_FOUND`, `PERMISSION`, `OUT_OF_SPACE` or `IO`.
 */
export function tryEnableVerity(
  linux: Linux,
  path: ByteString,
  algorithm: VerityAlgorithm,
): VerityOutcome {
  return withFile(linux, path, "enable fs-verity of", (descriptor) => {
    const argument = new Uint8Array(ENABLE_ARG_SIZE);
    const view = new DataView(argument.buffer);
    view.setUint32(0x00, 1, true); // version
    view.setUint32(0x04, VERITY_ALGORITHM_NUMBERS[algorithm], true); // hash_algorithm
    view.setUint32(0x08, VERITY_BLOCK_SIZE, true); // block_size
    try {
      linux.ioctl(descriptor, FS_IOC_ENABLE_VERITY, argument);
      return "enabled";
    } catch (error) {
      if (isErrno(error, "EEXIST")) return "present";
      if (isUnsupported(error)) return "unsupported";
      throw error;
    }
  });
}

/**
 * The fs-verity digest that the kernel has for the file at `path`; `null` where it has none, or one
 * of another algorithm. Throws `ImageError` `NOT_FOUND`, `PERMISSION` or `IO`.
 */
export function measureVerity(linux: Linux, path: ByteString): MeasuredVerity | null {
  return withFile(linux, path, "measure fs-verity of", (descriptor) => {
    const argument = new Uint8Array(DIGEST_HEADER_SIZE + LARGEST_DIGEST);
    const view = new DataView(argument.buffer);
    view.setUint16(0x02, LARGEST_DIGEST, true); // digest_size: room for it
    try {
      linux.ioctl(descriptor, FS_IOC_MEASURE_VERITY, argument);
    } catch (error) {
      if (isErrno(error, "ENODATA") || isUnsupported(error)) return null;
      throw error;
    }
    const algorithm = verityAlgorithmOf(view.getUint16(0x00, true)); // digest_algorithm
    if (algorithm === null) return null;
    const end = DIGEST_HEADER_SIZE + VERITY_DIGEST_SIZES[algorithm];
    return { algorithm, digest: argument.slice(DIGEST_HEADER_SIZE, end) };
  });
}

function withFile<T>(
  linux: Linux,
  path: ByteString,
  action: string,
  use: (descriptor: number) => T,
): T {
  try {
    const descriptor = linux.open(AT_FDCWD, path, OPEN_FLAGS);
    try {
      return use(descriptor);
    } finally {
      linux.closeFile(descriptor);
    }
  } catch (error) {
    throw systemError(error, action, displayByteString(path));
  }
}

/** The filesystem has no such feature, has it switched off, or the kernel was built without. */
function isUnsupported(error: unknown): boolean {
  return isErrno(error, "ENOTTY", "EOPNOTSUPP", "ENOTSUP", "ENOSYS");
}
