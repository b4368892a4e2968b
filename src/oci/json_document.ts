/**
 * JSON from outside: bounded in size and depth, and checked field by field before it is used.
 *
 * @module
 */
import * as v from "valibot";
import { ImageError } from "../image_error.ts";
import { quote, quoteText } from "./quote.ts";

/** Largest manifest, index or configuration, in bytes: what registries accept. */
export const LARGEST_DOCUMENT_BYTES = 4 * 1024 * 1024;

/** Deepest nesting of lists and objects; image documents need fewer than ten. */
const DEEPEST_NESTING = 100;

/** Which document a message speaks of. */
export interface DocumentName {
  /** What it is, as `image manifest`. */
  readonly kind: string;
  /** Its digest or file name. */
  readonly name: string;
}

/**
 * Parses UTF-8 JSON text whose outermost value is an object or a list, of `limitBytes` at most.
 *
 * Throws `ImageError` `LIMIT_EXCEEDED` when it is too large or too deep, `CORRUPT` when it is no
 * JSON.
 */
export function parseJson(
  bytes: Uint8Array,
  document: DocumentName,
  limitBytes: number = LARGEST_DOCUMENT_BYTES,
): unknown {
  const what = describe(document);
  if (bytes.length > limitBytes) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot read ${what}: it has ${bytes.length} bytes, expected at most ${limitBytes}`,
    );
  }
  let value: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    checkDepth(text, what);
    value = JSON.parse(text);
  } catch (cause) {
    if (cause instanceof ImageError) throw cause;
    const reason = cause instanceof Error ? quoteText(cause.message) : "it cannot be decoded";
    throw new ImageError("CORRUPT", `Cannot read ${what}: ${reason}, expected JSON`, { cause });
  }
  return value;
}

/**
 * Checks a parsed document against its schema.
 *
 * Throws `ImageError` `CORRUPT` that names the first wrong field.
 */
export function checkDocument<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  document: DocumentName,
): v.InferOutput<Schema> {
  // A list would pass for an object all of whose fields are absent.
  if (schema.type === "object" && Array.isArray(value)) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read ${describe(document)}: it is a list, expected an object`,
    );
  }
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const field = fieldPath(issue.path?.map((item) => item.key) ?? []);
  const subject = field === "" ? "it" : `field ${quoteText(field)}`;
  throw new ImageError(
    "CORRUPT",
    `Cannot read ${describe(document)}: ${subject} is ${quote(issue.input)}, expected ` +
      expectation(issue),
  );
}

/** The document as a message names it. */
export function describe(document: DocumentName): string {
  return `${document.kind} ${quote(document.name)}`;
}

/** What a field should have been: our own words where the schema has them. */
function expectation(issue: v.BaseIssue<unknown>): string {
  switch (issue.expected) {
    case "string":
      return "text";
    case "number":
      return "a number";
    case "Array":
      return "a list";
    case "Object":
      return "an object";
  }
  // A required field that is absent is reported at its object, in the library's own words.
  return issue.message.startsWith("Invalid key") ? "one" : issue.message;
}

function fieldPath(keys: readonly unknown[]): string {
  let path = "";
  for (const key of keys) {
    if (typeof key === "number") path += `[${key}]`;
    else path += path === "" ? `${key}` : `.${key}`;
  }
  return path;
}

/** Bounds the nesting, so that nothing which walks the value later can exhaust the stack. */
function checkDepth(text: string, what: string): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (inString) {
      if (unit === 0x5c /* \ */) i++;
      else if (unit === 0x22 /* " */) inString = false;
    } else if (unit === 0x22) {
      inString = true;
    } else if (unit === 0x7b /* { */ || unit === 0x5b /* [ */) {
      if (++depth > DEEPEST_NESTING) {
        throw new ImageError(
          "LIMIT_EXCEEDED",
          `Cannot read ${what}: it is nested deeper than ${DEEPEST_NESTING} levels, expected ` +
            "at most that",
        );
      }
    } else if (unit === 0x7d /* } */ || unit === 0x5d /* ] */) {
      depth--;
    }
  }
}
