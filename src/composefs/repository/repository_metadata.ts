/**
 * Finds out what a repository is: by its `meta.json`, or by its objects where it is of old.
 *
 * @module
 */
import { join } from "node:path";
import { bytesOf, utf8ByteString } from "../../bytes/byte_string.ts";
import { VERITY_DIGEST_SIZES, type VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { ImageError } from "../../image_error.ts";
import { Linux } from "../../io/linux.ts";
import { systemError } from "../../io/system_error.ts";
import { quote } from "../../oci/quote.ts";
import { entriesIn } from "./link_directory.ts";
import {
  createMetadata,
  formatMetadata,
  METADATA_NAME,
  parseMetadata,
  type RepositoryMetadata,
} from "./metadata.ts";
import { ensureRealDirectory } from "./object_store.ts";
import { isProtected, protectFile } from "./protection.ts";

/** Largest `meta.json`. */
const MOST_METADATA_BYTES = 64 * 1024;

/** What was found out. */
export interface FoundMetadata {
  /** What `meta.json` says, or would say. */
  readonly metadata: RepositoryMetadata;
  /** Whether the repository has fs-verity. */
  readonly isSecure: boolean;
}

/**
 * Reads the metadata of the repository at `path`; `upgrades` writes what is missing. Throws
 * `ImageError` `NOT_FOUND` where there is no repository, `CORRUPT` or `UNSUPPORTED`.
 */
export function findMetadata(path: string, upgrades: boolean): FoundMetadata {
  const file = join(path, METADATA_NAME);
  const bytes = readMetadata(file);
  if (bytes !== null) {
    return { metadata: parseMetadata(bytes, file), isSecure: isProtected(file) };
  }
  const sample = findObject(path);
  if (sample === null) {
    throw new ImageError(
      "NOT_FOUND",
      `Cannot open repository ${quote(path)}: it has neither ${METADATA_NAME} nor objects, ` +
        "expected a composefs repository",
      { where: { source: path }, subject: "repository" },
    );
  }
  const metadata = createMetadata(sample.algorithm, [2]);
  const isSecure = isProtected(sample.path);
  if (upgrades) writeMetadata(path, metadata, isSecure);
  return { metadata, isSecure };
}

/** Writes `meta.json` at once, with fs-verity where the repository shall have it. */
export function writeMetadata(path: string, metadata: RepositoryMetadata, isSecure: boolean): void {
  const file = join(path, METADATA_NAME);
  const directory = join(path, "tmp");
  ensureRealDirectory(directory);
  const temporary = join(directory, crypto.randomUUID());
  try {
    const bytes = bytesOf(utf8ByteString(formatMetadata(metadata)));
    Deno.writeFileSync(temporary, bytes, { createNew: true, mode: 0o644 });
    if (isSecure) protect(temporary, metadata);
    Deno.renameSync(temporary, file);
  } catch (error) {
    try {
      Deno.removeSync(temporary);
    } catch {
      // It was never made.
    }
    throw systemError(error, "write", file);
  }
}

function protect(path: string, { algorithm }: RepositoryMetadata): void {
  const linux = Linux.open();
  try {
    protectFile(linux instanceof Linux ? linux : null, path, algorithm);
  } finally {
    if (linux instanceof Linux) linux.close();
  }
}

/** The bytes of `meta.json`; `null` where there is none. Throws `ImageError`. */
export function readMetadata(file: string): Uint8Array | null {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw systemError(error, "read", file);
  }
  if (!info.isFile || info.size > MOST_METADATA_BYTES) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read repository metadata ${quote(file)}: it is ${
        info.isFile ? `${info.size} bytes large` : "no regular file"
      }, expected a file of at most ${MOST_METADATA_BYTES} bytes`,
      { where: { source: file } },
    );
  }
  try {
    return Deno.readFileSync(file);
  } catch (error) {
    throw systemError(error, "read", file);
  }
}

/** Any object of a repository; the length of its name tells the hash function. `null` for none. */
export function findObject(path: string): { path: string; algorithm: VerityAlgorithm } | null {
  const objects = join(path, "objects");
  let hasDirectory = false;
  try {
    hasDirectory = Deno.lstatSync(objects).isDirectory;
  } catch {
    return null;
  }
  if (!hasDirectory) return null;
  for (const { name: head } of entriesIn(objects)) {
    if (!/^[0-9a-f]{2}$/.test(head)) continue;
    for (const { name: rest } of entriesIn(join(objects, head))) {
      if (!/^[0-9a-f]+$/.test(rest)) continue;
      for (const algorithm of ["sha256", "sha512"] as const) {
        if (rest.length !== 2 * VERITY_DIGEST_SIZES[algorithm] - 2) continue;
        return { path: join(objects, head, rest), algorithm };
      }
    }
  }
  return null;
}
