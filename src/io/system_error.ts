/**
 * Errors of the operating system as {@linkcode ImageError}s, in one clear line.
 *
 * @module
 */
import { type ErrorSubject, ImageError, type ImageErrorCode } from "../image_error.ts";

/** What the error numbers of open(2), write(2), rename(2)… mean for a person. */
const BY_ERRNO: Readonly<Record<string, readonly [ImageErrorCode, string]>> = {
  EACCES: ["PERMISSION", "permission denied"],
  EBUSY: ["IO", "the device is busy"],
  EDQUOT: ["OUT_OF_SPACE", "the disk quota is used up"],
  EEXIST: ["EXISTS", "there is a file of that name"],
  EFBIG: ["LIMIT_EXCEEDED", "the file is too large for its file system"],
  EINTR: ["IO", "the call was interrupted"],
  EIO: ["IO", "the device reports an error"],
  EISDIR: ["IO", "it is a directory"],
  ELOOP: ["IO", "too many symbolic links"],
  EMLINK: ["LIMIT_EXCEEDED", "it has too many names for its file system"],
  EMFILE: ["IO", "too many open files"],
  ENAMETOOLONG: ["LIMIT_EXCEEDED", "the name is too long"],
  ENFILE: ["IO", "too many open files in the system"],
  ENODEV: ["IO", "there is no such device"],
  ENOENT: ["NOT_FOUND", "no such file or directory"],
  ENOSPC: ["OUT_OF_SPACE", "no space left on the device"],
  ENOTDIR: ["NOT_FOUND", "a part of the path is not a directory"],
  ENXIO: ["IO", "there is no such device"],
  EPERM: ["PERMISSION", "the operation is not permitted"],
  EPIPE: ["IO", "the reader has closed the pipe"],
  EROFS: ["PERMISSION", "the file system is read-only"],
  ETXTBSY: ["IO", "the file is being executed"],
};

/**
 * The `ImageError` for what a system call threw while doing `action` (`"write output"`) to `path`:
 * `Cannot write output "PATH": no space left on the device (ENOSPC)`, with the error as cause;
 * `subject` is what the path is.
 *
 * Anything that is no error of the system or the sandbox comes back as it is, so that
 * `throw systemError(…)` hides neither a bug nor an `ImageError` from further down.
 */
export function systemError(
  error: unknown,
  action: string,
  path: string,
  subject?: ErrorSubject,
): unknown {
  if (!(error instanceof Error) || error instanceof ImageError) return error;
  const options = { where: { source: path }, cause: error, subject };
  if (error instanceof Deno.errors.NotCapable) {
    return new ImageError(
      "PERMISSION",
      `Cannot ${action} "${path}": the sandbox refuses it (${error.message})`,
      options,
    );
  }
  const code = (error as { code?: unknown }).code;
  if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) return error;
  const [kind, meaning] = BY_ERRNO[code] ?? ["IO", error.message];
  return new ImageError(kind, `Cannot ${action} "${path}": ${meaning} (${code})`, options);
}
