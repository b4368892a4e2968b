/**
 * What the operating system says, as an `ImageError`.
 *
 * @module
 */
import { ImageError, type ImageErrorCode } from "../image_error.ts";
import { quote, quoteText } from "../oci/quote.ts";

const CODES: Readonly<Record<string, ImageErrorCode>> = {
  ENOENT: "NOT_FOUND",
  ENOTDIR: "NOT_FOUND",
  EACCES: "PERMISSION",
  EPERM: "PERMISSION",
  ENOSPC: "OUT_OF_SPACE",
  EDQUOT: "OUT_OF_SPACE",
};

/**
 * Wraps the failure of a file operation; `verb` is what was tried. An `ImageError` stays as it is.
 */
export function systemError(verb: string, path: string, cause: unknown): ImageError {
  if (cause instanceof ImageError) return cause;
  const denied = cause instanceof Deno.errors.NotCapable;
  const code = denied ? "PERMISSION" : CODES[systemCode(cause)] ?? "IO";
  const reason = cause instanceof Error ? cause.message.split(", ")[0] : String(cause);
  return new ImageError(code, `Cannot ${verb} file ${quote(path)}: ${quoteText(reason)}`, {
    cause,
  });
}

/** Whether an error of a file operation says that nothing is there. */
export function isMissing(cause: unknown): boolean {
  const code = systemCode(cause);
  return code === "ENOENT" || code === "ENOTDIR";
}

function systemCode(cause: unknown): string {
  const code = cause instanceof Error ? (cause as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : "";
}
