/**
 * The image configuration (image-spec `config.md`).
 *
 * @module
 */

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
