/**
 * fs-verity of the files of a repository.
 *
 * @module
 */
import { utf8ByteString } from "../../bytes/byte_string.ts";
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { measureVerity, tryEnableVerity } from "../../fsverity/verity_file.ts";
import { ImageError } from "../../image_error.ts";
import { Linux } from "../../io/linux.ts";
import type { ObjectId } from "./object_id.ts";

/** Whether the kernel checks what is read of a file. Throws `ImageError`. */
export function isProtected(path: string): boolean {
  return protectingDigest(path) !== null;
}

/** The digest by which the kernel checks what is read of a file, `null` for none. Throws `ImageError`. */
export function protectingDigest(path: string): ObjectId | null {
  const linux = Linux.open();
  if (!(linux instanceof Linux)) return null;
  try {
    const measured = measureVerity(linux, utf8ByteString(path));
    return measured === null ? null : measured.digest.toHex();
  } finally {
    linux.close();
  }
}

/** The same with the C library at hand. */
export function hasProtection(linux: Linux, path: string): boolean {
  return measureVerity(linux, utf8ByteString(path)) !== null;
}

/** Gives a file fs-verity. Throws `ImageError` `UNSUPPORTED` where the file system has none. */
export function protectFile(linux: Linux | null, path: string, algorithm: VerityAlgorithm): void {
  const outcome = linux === null
    ? "unsupported"
    : tryEnableVerity(linux, utf8ByteString(path), algorithm);
  if (outcome !== "unsupported") return;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot enable fs-verity of "${path}": kernel or file system have none, expected them to ` +
      "(an insecure repository does without)",
    { where: { source: path } },
  );
}
