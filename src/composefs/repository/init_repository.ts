/**
 * Makes a repository.
 *
 * @module
 */
import { join } from "node:path";
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
 * Makes a repository at `path`, or finds that there is the same. Rejects with `ImageError` `EXISTS`
 * where another is there, `UNSUPPORTED` where the file system has no fs-verity, `PERMISSION`, `IO`.
 */
export async function initRepository(
  path: string,
  options: InitRepositoryOptions = {},
): Promise<InitReport> {
  const metadata = createMetadata(options.algorithm ?? "sha512", options.imageVersions ?? [1]);
  const isSecure = options.isInsecure !== true;
  try {
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw systemError(error, "create repository", path);
  }
  const lock = await RepositoryLock.take(path, "exclusive");
  try {
    const file = join(path, METADATA_NAME);
    if (options.resetMetadata) reset(path);
    const bytes = readMetadata(file);
    if (bytes !== null) {
      const existing = parseMetadata(bytes, file);
      const found = { metadata: existing, isSecure: isProtected(file), isNew: false };
      if (options.ensure) return found;
      if (isSameMetadata(existing, metadata) && found.isSecure === isSecure) return found;
      throw new ImageError(
        "EXISTS",
        `Cannot create repository ${quote(path)}: there is one with another ${METADATA_NAME}, ` +
          "expected the same algorithm, image versions and fs-verity",
        { where: { source: path } },
      );
    }
    checkObjects(path, metadata.algorithm);
    for (const name of ["objects", "images", "images/refs", "streams", "streams/refs"]) {
      ensureRealDirectory(join(path, name));
    }
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
    return { metadata, isSecure, isNew: true };
  } finally {
    lock.close();
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

function reset(path: string): void {
  for (const name of ["streams", "images", METADATA_NAME]) {
    try {
      Deno.removeSync(join(path, name), { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw systemError(error, "remove", name);
    }
  }
}
