/**
 * How long a registry may take, and how often it is asked again.
 *
 * @module
 */

/** Times and limits of all requests; every field has a default. */
export interface RegistryTiming {
  /** Milliseconds until the head of an answer must be there. */
  readonly headersTimeoutMilliseconds: number;
  /** Milliseconds of waiting within which a body must bring a kibibyte, or its end. */
  readonly stallTimeoutMilliseconds: number;
  /** Milliseconds until a whole document (a manifest, a token) must be there. */
  readonly documentTimeoutMilliseconds: number;
  /** How often a request is repeated in a row before it is given up. */
  readonly retryLimit: number;
  /** Milliseconds before the first repetition; each further one waits twice as long. */
  readonly retryDelayMilliseconds: number;
  /** Longest wait between two tries; a registry that asks for more (`Retry-After`) is given up. */
  readonly longestDelayMilliseconds: number;
}

/** The times that are used where none are given. */
export const DEFAULT_TIMING: RegistryTiming = {
  headersTimeoutMilliseconds: 30_000,
  stallTimeoutMilliseconds: 30_000,
  documentTimeoutMilliseconds: 300_000,
  retryLimit: 5,
  retryDelayMilliseconds: 500,
  longestDelayMilliseconds: 120_000,
};
