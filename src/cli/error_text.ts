/**
 * Errors and notices as lines for a person.
 *
 * @module
 */
import { LossError } from "../format/loss.ts";
import {
  type ErrorPlace,
  type ErrorSubject,
  ImageError,
  type ImageErrorCode,
} from "../image_error.ts";
import type { Notice } from "../notice.ts";
import { pathExists } from "../source/path_kind.ts";
import { RegistryError } from "../source/registry/registry_error.ts";
import { splitReference } from "../source/split_reference.ts";
import { Interruption } from "./interruption.ts";
import { UsageError } from "./usage_error.ts";

const PROGRAM = "oci2rootfs";
/** Errors that list what there is; names in the list were made fit to be shown. */
const LISTING_ERRORS: ReadonlySet<ImageErrorCode> = new Set(["AMBIGUOUS", "NOT_FOUND"] as const);

/** What the program knows of the run when it explains an error. */
export interface ErrorContext {
  /** Show stack traces and causes. */
  readonly debug: boolean;
  /** The command, empty for the main form and where it is unknown. */
  readonly command: string;
  /** The output is a block device. */
  readonly isDevice: boolean;
  /** The command has `--force`. */
  readonly canForce: boolean;
}

/** The lines for an error: what is wrong, and where a fix is known, how. Ends with a newline. */
export function errorText(error: unknown, context: ErrorContext): string {
  const lines = [`${PROGRAM}: ${summaryOf(error)}`];
  const hint = hintFor(error, context);
  if (hint !== null) lines.push(`hint: ${hint}`);
  if (context.debug) lines.push(...traceOf(error));
  return lines.join("\n") + "\n";
}

/** The line for a notice; ends with a newline. */
export function noticeText(notice: Notice): string {
  return `${PROGRAM}: note: ${oneLine(withPlace(notice.message, notice.where ?? {}))}\n`;
}

function summaryOf(error: unknown): string {
  if (error instanceof ImageError) {
    // The first line says what is wrong; what there is to choose from stands below, a line each.
    const [first, ...choices] = error.message.split("\n");
    if (!LISTING_ERRORS.has(error.code)) return oneLine(withPlace(error.message, error.where));
    return [withPlace(first, error.where), ...choices].map(oneLine).join("\n");
  }
  if (error instanceof UsageError || error instanceof Interruption) return oneLine(error.message);
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `internal error: ${oneLine(text)}`;
}

function hintFor(error: unknown, context: ErrorContext): string | null {
  if (error instanceof UsageError) {
    const command = error.command || context.command;
    return `"${[PROGRAM, command, "--help"].filter(Boolean).join(" ")}" tells more`;
  }
  if (error instanceof Interruption) return null;
  if (!(error instanceof ImageError)) {
    return context.debug
      ? "this is a bug, please report it with the lines below"
      : "this is a bug, please report it with what --debug prints";
  }
  if (error.cause instanceof Deno.errors.NotCapable) {
    return "deno run needs -R and -W for the input, the output and the cache, -E for settings, and " +
      "-N for registries";
  }
  if (error instanceof LossError) {
    return "--on-loss report leaves out what cannot be held, and says so";
  }
  if (error instanceof RegistryError) {
    const name = error.where.source ?? "";
    if (isBesidePath(splitReference(name).path)) {
      return `a registry was asked: "./${oneLine(name)}" means the path`;
    }
    if (mayBePath(name)) {
      return `nothing is at the path "${oneLine(name)}": a registry was asked for it`;
    }
  }
  if (error.subject !== null) return SUBJECT_HINTS[error.subject](error, context);
  return error.code === "OUT_OF_SPACE" ? spaceHint(error, context) : null;
}

type Hint = (error: ImageError, context: ErrorContext) => string | null;

const SUBJECT_HINTS: Readonly<Record<ErrorSubject, Hint>> = {
  image: ({ where: { source = "" } }) => {
    const image = isBesidePath(source) ? "./IMAGE" : "IMAGE";
    return `choose one as ${image}:TAG or ${image}@DIGEST`;
  },
  name: () => "choose one as docker-archive:FILE:NAME",
  platform: () => "choose one by --platform",
  file: () => "the command ls lists what is in an image",
  repository: ({ code }, { command }) =>
    code === "NOT_FOUND" && command === "composefs"
      ? `"${PROGRAM} composefs init" makes a repository, and --repo DIR says where it is`
      : null,
  object: () => `"${PROGRAM} composefs fsck" tells what else the repository lacks`,
  cache: () => "one run without --offline brings an image into the cache",
  directory: (_, { canForce }) =>
    canForce ? "--force replaces a directory and all that is in it" : null,
  device: (_, { canForce }) =>
    canForce ? "--force overwrites a block device and all that is on it" : null,
};

function spaceHint({ cause }: ImageError, { isDevice }: ErrorContext): string {
  // What the system answered has its error as cause; a full image has none.
  if (cause !== undefined) return "make room there, or choose another place";
  if (isDevice) return "a smaller --size or --free may fit, else a larger device is needed";
  return "choose a larger --size, or leave it out: the image is then as large as it needs to be";
}

/** Whether a path exists that with `:TAG` behind it would be the name of an image. */
function isBesidePath(path: string): boolean {
  return !/^[./]/.test(path) && pathExists(path);
}

/** Whether a name of Docker Hub looks like a path: it has a directory, an extension or no tag. */
function mayBePath(reference: string): boolean {
  const [first, ...rest] = reference.split("/");
  if (rest.length > 0) return !/[.:]/.test(first);
  return first.split(":")[0].includes(".") || !first.includes(":");
}

function withPlace(message: string, where: ErrorPlace): string {
  const parts: string[] = [];
  // What the message names already need not be said twice.
  if (where.source !== undefined && !message.includes(where.source)) parts.push(where.source);
  if (where.layer !== undefined && !message.includes(where.layer)) {
    parts.push(`layer ${where.layer}`);
  }
  if (where.path !== undefined && !message.includes(`"${where.path}"`)) {
    parts.push(`path "${where.path}"`);
  }
  if (where.offset !== undefined) parts.push(`offset ${where.offset}`);
  return parts.length === 0 ? message : `${message} (${parts.join(", ")})`;
}

function traceOf(error: unknown): string[] {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  for (let current = error; current !== undefined && !seen.has(current);) {
    seen.add(current);
    const text = current instanceof Error ? current.stack ?? String(current) : String(current);
    lines.push(lines.length === 0 ? text : `caused by: ${text}`);
    current = current instanceof Error ? current.cause : undefined;
  }
  return lines;
}

/** Names come from the input: nothing in them may move the cursor or start a new line. */
export function oneLine(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex -- control characters are what is escaped
    /[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
