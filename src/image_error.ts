/**
 * The one error of the project for bad input and for what the world answers.
 * Misuse of the API (a wrong argument) is a `TypeError` or `RangeError` instead.
 *
 * @module
 */

/**
 * What kind of thing went wrong. A caller switches on this, never on the message.
 *
 * - `CORRUPT`: the input does not follow its format, or ends early.
 * - `UNSUPPORTED`: valid, but a feature that this program does not handle.
 * - `DIGEST_MISMATCH`: bytes do not hash to their digest, or their size differs.
 * - `UNSAFE_PATH`: a name that would leave the root (`..`) or holds a NUL byte.
 * - `LIMIT_EXCEEDED`: larger than a stated limit of the format or the program.
 * - `OUT_OF_SPACE`: the image, or the disk below it, is full.
 * - `NOT_FOUND`: an image, file, tag or platform that is not there.
 * - `AMBIGUOUS`: several images match and no choice was made.
 * - `EXISTS`: the destination is something that must not be replaced.
 * - `PERMISSION`: the operating system or the sandbox refused access.
 * - `IO`: any other failure of the operating system.
 * - `REGISTRY`: a registry answered with an error.
 */
export type ImageErrorCode =
  | "CORRUPT"
  | "UNSUPPORTED"
  | "DIGEST_MISMATCH"
  | "UNSAFE_PATH"
  | "LIMIT_EXCEEDED"
  | "OUT_OF_SPACE"
  | "NOT_FOUND"
  | "AMBIGUOUS"
  | "EXISTS"
  | "PERMISSION"
  | "IO"
  | "REGISTRY";

/**
 * What kind of thing is missing, must be chosen or is in the way, where it matters to whoever helps
 * a person:
 *
 * - `image`: one of several images, by tag or digest; `name`: the same, by name.
 * - `platform`: an image for a platform.
 * - `file`: a path inside an image.
 * - `repository`: a composefs repository; `object`: what it should hold.
 * - `cache`: a blob that is asked for without network.
 * - `directory`, `device`: an output that is replaced only by consent.
 */
export type ErrorSubject =
  | "image"
  | "name"
  | "platform"
  | "file"
  | "repository"
  | "object"
  | "cache"
  | "directory"
  | "device";

/** Where something went wrong; each level that knows more adds its part. */
export interface ErrorPlace {
  /** The file, directory or reference that was read or written. */
  source?: string;
  /** The layer, as `2 (sha256:0123456789ab)`: its number from the base (0) and its short name. */
  layer?: string;
  /** The path inside the image, fit to be shown. */
  path?: string;
  /** Byte offset in the uncompressed layer, or in the file that was read. */
  offset?: number;
}

/** Options of {@linkcode ImageError}. */
export interface ImageErrorOptions {
  /** What is known of the place. */
  where?: ErrorPlace;
  /** What it is about. */
  subject?: ErrorSubject;
  /** The error below this one. */
  cause?: unknown;
}

/**
 * An error in an image, or from the world while reading or writing one.
 *
 * @example
 * ```ts
 * import { ImageError } from "@x/oci2rootfs";
 *
 * const error = new ImageError("CORRUPT", 'Cannot read tar header: checksum is 12, expected 34')
 *   .at({ layer: "0 (sha256:0123456789ab)", offset: 512 });
 * console.assert(error.code === "CORRUPT" && error.where.offset === 512);
 * ```
 */
export class ImageError extends Error {
  /** What kind of error. */
  readonly code: ImageErrorCode;
  /** Where it happened; filled from the inside out. */
  readonly where: ErrorPlace;
  /** What it is about; `null` where that says no more than the message. */
  readonly subject: ErrorSubject | null;

  /** Creates an error of one kind; the message says what was observed and what was expected. */
  constructor(code: ImageErrorCode, message: string, options: ImageErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ImageError";
    this.code = code;
    this.where = definedParts(options.where ?? {});
    this.subject = options.subject ?? null;
  }

  /** Adds what this level knows of the place (never replaces what is known) and returns itself. */
  at(place: ErrorPlace): this {
    Object.assign(this.where, { ...definedParts(place), ...this.where });
    return this;
  }
}

function definedParts(place: ErrorPlace): ErrorPlace {
  return Object.fromEntries(Object.entries(place).filter(([, value]) => value !== undefined));
}
