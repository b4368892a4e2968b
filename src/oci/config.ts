/**
 * The image configuration (image-spec `config.md`).
 *
 * @module
 */
import * as v from "valibot";
import { ImageError } from "../image_error.ts";
import { optionalText, optionalTextMap, optionalTexts } from "./fields.ts";
import { checkDocument, describe, type DocumentName, parseJson } from "./json_document.ts";
import type { Platform } from "./platform.ts";
import { quote } from "./quote.ts";

/** What a container of the image runs, and what the image is made of. */
export interface ImageConfig {
  /** Digests of the uncompressed layers, base first. */
  readonly diffIds: readonly string[];
  /** When it was made, seconds since 1970; `null` where it does not say. */
  readonly createdSeconds: number | null;
  /** `config.Entrypoint`. */
  readonly entrypoint: readonly string[];
  /** `config.Cmd`. */
  readonly cmd: readonly string[];
  /** `config.Env`, each `NAME=value`. */
  readonly env: readonly string[];
  /** `config.WorkingDir`, empty where there is none. */
  readonly workingDir: string;
  /** `config.User`, empty where there is none. */
  readonly user: string;
  /** `config.Labels`. */
  readonly labels: Readonly<Record<string, string>>;
  /** The whole configuration as it was parsed. */
  readonly raw: unknown;
}

/** A configuration and what it says of the platform. */
export interface ParsedConfig {
  /** What a container runs and the layers' digests. */
  readonly config: ImageConfig;
  /** What it is for; `null` where it does not say. */
  readonly platform: Platform | null;
  /** `false` where it has no list of layers at all (`rootfs`). */
  readonly hasRootfs: boolean;
}

const configSchema = v.object({
  os: optionalText,
  architecture: optionalText,
  variant: optionalText,
  created: optionalText,
  rootfs: v.nullish(v.object({ type: optionalText, diff_ids: optionalTexts })),
  config: v.nullish(v.object({
    Entrypoint: optionalTexts,
    Cmd: optionalTexts,
    Env: optionalTexts,
    WorkingDir: optionalText,
    User: optionalText,
    Labels: optionalTextMap,
  })),
});

/**
 * Reads a configuration. `name` is its digest or file name.
 *
 * Throws `ImageError` `CORRUPT`, `UNSUPPORTED` or `LIMIT_EXCEEDED`.
 */
export function parseConfig(bytes: Uint8Array, name: string): ParsedConfig {
  const document = { kind: "image configuration", name };
  const raw = parseJson(bytes, document);
  const fields = checkDocument(configSchema, raw, document);
  const { os, architecture, variant, rootfs } = fields;
  if (rootfs && rootfs.type !== "" && rootfs.type !== "layers") {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot read ${describe(document)}: field rootfs.type is ${quote(rootfs.type)}, expected ` +
        '"layers"',
    );
  }
  const platform = os === "" || architecture === ""
    ? null
    : { os, architecture, ...(variant === "" ? {} : { variant }) };
  const config: ImageConfig = {
    diffIds: rootfs?.diff_ids ?? [],
    createdSeconds: parseCreated(fields.created, document),
    entrypoint: fields.config?.Entrypoint ?? [],
    cmd: fields.config?.Cmd ?? [],
    env: fields.config?.Env ?? [],
    workingDir: fields.config?.WorkingDir ?? "",
    user: fields.config?.User ?? "",
    labels: fields.config?.Labels ?? {},
    raw,
  };
  return { config, platform, hasRootfs: rootfs != null };
}

/** An RFC 3339 time as whole seconds, rounded down; Go's zero time (year 1) means "not set". */
function parseCreated(text: string, document: DocumentName): number | null {
  if (text === "" || text === "0001-01-01T00:00:00Z") return null;
  const form = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;
  const milliseconds = form.test(text) ? Date.parse(text.toUpperCase()) : Number.NaN;
  if (Number.isNaN(milliseconds)) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read ${describe(document)}: field created is ${quote(text)}, expected a time as ` +
        "2006-01-02T15:04:05Z",
    );
  }
  return Math.floor(milliseconds / 1000);
}
