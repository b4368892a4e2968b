/**
 * Makes a repository.
 *
 * @module
 */
import { dirname, join, resolve } from "node:path";
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { ImageError } from "../../image_error.ts";
import { systemError } from "../../io/system_error.ts";
import { quote } from "../../oci/quote.ts";
import type { ImageVersion } from "../image/image_version.ts";
import {
  createMetadata,
  isSameMetadata,
  METADATA_NAME,
  parseMetadata,
  type RepositoryMetadata,
} from "./metadata.ts";
import { ensureRealDirectory } from "./object_store.ts";
import { isProtected } from "./protection.ts";
import { RepositoryLock } from "./repository_lock.ts";
import { findObject, readMetadata, writeMetadata } from "./repository_metadata.ts";

/** Options of {@linkcode initRepository}. */
export interface InitRepositoryOptions {
  /**
   * Hash function of the objects.
   *
   * @default {"sha512"}
   */
  readonly algorithm?: VerityAlgorithm;
  /**
   * Versions of the images that are made of a container image; the first is the default.
   *
   * @default {[1]}
   */
  readonly imageVersions?: readonly ImageVersion[];
  /** Does without fs-verity. */
  readonly isInsecure?: boolean;
  /** Forgets images, streams and what the repository was; its objects stay. */
  readonly resetMetadata?: boolean;
  /** Takes a repository that is there as it is, whatever the other options say. */
  readonly ensure?: boolean;
}

/** What was made. */
export interface InitReport {
  /** What the repository is now. */
  readonly metadata: RepositoryMetadata;
  /** Whether it has fs-verity. */
  readonly isSecure: boolean;
  /** `false` where there was one that is the same. */
  readonly isNew: boolean;
}

/**
 * Makes a repository at `path`, or finds that there is the same. Where there can be none, nothing is
 * left behind and nothing forgotten.
 *
 * Rejects with `ImageError` `EXISTS` where another is there, `UNSUPPORTED` where the file system has
 * no fs-verity, `PERMISSION`, `IO`.
 */
export async function initRepository(
  path: string,
  options: InitRepositoryOptions = {},
): Promise<InitReport> {
  const made = new NewDirectories();
  try {
    made.ensure(path, 0o700);
    const lock = await RepositoryLock.take(path, "exclusive");
    try {
      return findSame(path, options) ?? create(path, options, made);
    } finally {
      lock.close();
    }
  } catch (error) {
    made.remove();
    throw error;
  }
}

/** The repository that is there; `null` where there is none, or none that stays. */
function findSame(path: string, options: InitRepositoryOptions): InitReport | null {
  const file = join(path, METADATA_NAME);
  const bytes = options.resetMetadata ? null : readMetadata(file);
  if (bytes === null) return null;
  const metadata = parseMetadata(bytes, file);
  const found = { metadata, isSecure: isProtected(file), isNew: false };
  const isSame = isSameMetadata(metadata, metadataOf(options)) &&
    found.isSecure !== (options.isInsecure ?? false);
  if (options.ensure || isSame) return found;
  throw new ImageError(
    "EXISTS",
    `Cannot create repository ${quote(path)}: there is one with another ${METADATA_NAME}, ` +
      "expected the same algorithm, image versions and fs-verity",
    { where: { source: path } },
  );
}

function create(path: string, options: InitRepositoryOptions, made: NewDirectories): InitReport {
  const metadata = metadataOf(options);
  const isSecure = options.isInsecure !== true;
  checkObjects(path, metadata.algorithm);
  for (const name of ["tmp", "objects"]) made.ensure(join(path, name));
  try {
    writeMetadata(path, metadata, isSecure);
  } catch (cause) {
    if (!(cause instanceof ImageError) || cause.code !== "UNSUPPORTED") throw cause;
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot create repository ${quote(path)}: kernel or file system have no fs-verity, ` +
        "expected it, or to do without (insecure)",
      { where: { source: path }, cause },
    );
  }
  // What cannot be undone waits for what may fail.
  if (options.resetMetadata) removeNames(path);
  for (const name of ["images/refs", "streams/refs"]) {
    made.ensure(join(path, dirname(name)));
    made.ensure(join(path, name));
  }
  return { metadata, isSecure, isNew: true };
}

function metadataOf({ algorithm = "sha512", imageVersions = [1] }: InitRepositoryOptions) {
  return createMetadata(algorithm, imageVersions);
}

/** Directories that were not there before. */
class NewDirectories {
  readonly #paths: string[] = [];

  /** Makes a directory and those above it, where they are missing. Throws `ImageError`. */
  ensure(path: string, mode?: number): void {
    const missing: string[] = [];
    for (let at = resolve(path); !isThere(at); at = dirname(at)) missing.unshift(at);
    this.#paths.push(...missing);
    if (mode === undefined) return ensureRealDirectory(path);
    try {
      Deno.mkdirSync(path, { recursive: true, mode });
    } catch (error) {
      throw systemError(error, "create repository", path);
    }
  }

  /** Removes them again, unless somebody has put something there. */
  remove(): void {
    for (const path of this.#paths.reverse()) {
      try {
        Deno.removeSync(path);
      } catch {
        // It was never made, or is in use.
      }
    }
  }
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    // What cannot be asked for is there, or cannot be made either.
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** A repository of old, or one that was reset, has objects already. */
function checkObjects(path: string, algorithm: VerityAlgorithm): void {
  const sample = findObject(path);
  if (sample === null || sample.algorithm === algorithm) return;
  throw new ImageError(
    "EXISTS",
    `Cannot create repository ${quote(path)}: it has objects of ${sample.algorithm}, expected ` +
      `${algorithm}`,
    { where: { source: path } },
  );
}

/** Forgets all images and streams. */
function removeNames(path: string): void {
  for (const name of ["streams", "images"]) {
    const directory = join(path, name);
    try {
      Deno.removeSync(directory, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw systemError(error, "remove", directory);
    }
  }
}
