/**
 * What a registry, or the way to it, answered instead of what was asked for.
 *
 * @module
 */
import { ImageError, type ImageErrorCode } from "../../image_error.ts";

/** One entry of the error list that registries send (distribution-spec "Error Codes"). */
export interface RegistryErrorDetail {
  /** Its name, as `MANIFEST_UNKNOWN`; empty where there is none. */
  readonly code: string;
  /** Its text, cut and fit to be shown; empty where there is none. */
  readonly message: string;
}

/** Options of {@linkcode RegistryError}. */
export interface RegistryErrorOptions {
  /** Kind of error, `REGISTRY` when absent. */
  readonly code?: ImageErrorCode;
  /** HTTP status. */
  readonly status?: number;
  /** The registry's own words. */
  readonly details?: readonly RegistryErrorDetail[];
  /** Whether the same request may succeed later. */
  readonly isTemporary?: boolean;
  /** Whether no connection came about. */
  readonly isUnreachable?: boolean;
  /** Milliseconds that the registry asked to wait. */
  readonly retryAfterMilliseconds?: number;
  /** The error below this one. */
  readonly cause?: unknown;
}

/** An error of a registry: code `REGISTRY`, or `NOT_FOUND` for what it does not have. */
export class RegistryError extends ImageError {
  /** HTTP status, `null` where there was no answer. */
  readonly status: number | null;
  /** The registry's own words, none where it said nothing. */
  readonly details: readonly RegistryErrorDetail[];
  /** Whether the same request may succeed later. */
  readonly isTemporary: boolean;
  /** Whether no connection came about. */
  readonly isUnreachable: boolean;
  /** Milliseconds that the registry asked to wait, `null` where it did not. */
  readonly retryAfterMilliseconds: number | null;

  /** Creates an error; the message says what was observed and what was expected. */
  constructor(message: string, options: RegistryErrorOptions = {}) {
    super(options.code ?? "REGISTRY", message, { cause: options.cause });
    this.name = "RegistryError";
    this.status = options.status ?? null;
    this.details = options.details ?? [];
    this.isTemporary = options.isTemporary ?? false;
    this.isUnreachable = options.isUnreachable ?? false;
    this.retryAfterMilliseconds = options.retryAfterMilliseconds ?? null;
  }
}
