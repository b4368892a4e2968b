/**
 * A container image of a repository: its manifest and what that leads to.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { parseConfig, type ParsedConfig } from "../../oci/config.ts";
import { isImageManifest, type Manifest, parseManifest } from "../../oci/manifest.ts";
import { parseDigest } from "../../oci/digest.ts";
import { quote } from "../../oci/quote.ts";
import type { ObjectId } from "../repository/object_id.ts";
import type { Repository } from "../repository/repository.ts";
import type { Splitstream } from "../splitstream/splitstream_reader.ts";
import { readDocument } from "./document_stream.ts";
import { isVariantName } from "./image_variant.ts";
import {
  configStream,
  digestOfManifestStream,
  manifestStream,
  tagOfRef,
  tagRef,
} from "./stream_names.ts";

/** A manifest of a repository and its configuration, both with their digests compared. */
export interface OciImage {
  /** Digest of the manifest. */
  readonly manifestDigest: string;
  /** Bytes of the manifest. */
  readonly manifestBytes: Uint8Array;
  /** The manifest. */
  readonly manifest: Manifest;
  /** The stream of the manifest. */
  readonly manifestStream: Splitstream;
  /** Bytes of the configuration, whatever it is. */
  readonly configBytes: Uint8Array;
  /** The stream of the configuration. */
  readonly configStream: Splitstream;
  /** The configuration; `null` where it is of an artifact, which is no image of a container. */
  readonly config: ParsedConfig | null;
}

/** A tag and the manifest that it stands for. */
export interface OciTag {
  /** The tag. */
  readonly tag: string;
  /** Digest of the manifest; `null` where the tag leads nowhere. */
  readonly manifestDigest: string | null;
}

const DIGEST = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** All tags, sorted. Throws `ImageError`. */
export function listTags(repository: Repository): OciTag[] {
  const tags: OciTag[] = [];
  for (const { name, target } of repository.streams.refs()) {
    const tag = tagOfRef(name);
    if (tag === null) continue;
    tags.push({ tag, manifestDigest: target === null ? null : digestOfManifestStream(target) });
  }
  return tags.sort((a, b) => a.tag < b.tag ? -1 : 1);
}

/**
 * The digest of the manifest that `name` stands for: a tag, or `@` and a digest, or a digest. Throws `ImageError`
 * `NOT_FOUND`, `CORRUPT` or `UNSUPPORTED`.
 */
export function resolveName(repository: Repository, name: string): string {
  if (name.startsWith("@")) {
    const digest = name.slice(1);
    parseDigest(digest);
    if (repository.streams.objectOf(manifestStream(digest)) !== null) return digest;
    throw notFound(repository, name);
  }
  const target = repository.streams.refTarget(tagRef(name));
  if (target === null) {
    // A digest is one without its mark too, where it is no tag.
    const isManifest = DIGEST.test(name) &&
      repository.streams.objectOf(manifestStream(name)) !== null;
    if (isManifest) return name;
    throw notFound(repository, name);
  }
  const digest = digestOfManifestStream(target);
  if (digest !== null) return digest;
  throw new ImageError(
    "CORRUPT",
    `Cannot open image ${quote(name)}: its tag leads to ${quote(target)}, expected a manifest`,
    { where: { source: repository.path } },
  );
}

/** Opens the image of that name, see {@linkcode resolveName}. Rejects with `ImageError`. */
export async function openOciImage(repository: Repository, name: string): Promise<OciImage> {
  return await openManifestDigest(repository, resolveName(repository, name));
}

/** Opens the image whose manifest has the digest `manifestDigest`. Rejects with `ImageError`. */
export async function openManifestDigest(
  repository: Repository,
  manifestDigest: string,
): Promise<OciImage> {
  const stored = await readDocument(
    repository,
    manifestStream(manifestDigest),
    "ocimanif",
    manifestDigest,
  );
  const manifest = parseManifest(stored.bytes, manifestDigest, "");
  const { digest } = manifest.config;
  const config = await readDocument(repository, configStream(digest), "ociconfg", digest);
  return {
    manifestDigest,
    manifestBytes: stored.bytes,
    manifest,
    manifestStream: stored.stream,
    configBytes: config.bytes,
    configStream: config.stream,
    config: isImageManifest(manifest) ? parseConfig(config.bytes, digest) : null,
  };
}

/** The digests of the layers' tars. Throws `ImageError` `UNSUPPORTED` for an artifact. */
export function diffIdsOf(image: OciImage): readonly string[] {
  return containerConfig(image).config.diffIds;
}

/** The configuration of an image of a container. Throws `ImageError` `UNSUPPORTED` for an artifact. */
export function containerConfig(image: OciImage): ParsedConfig {
  if (image.config !== null) return image.config;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot use "${image.manifestDigest}" as an image: it is an artifact of type ` +
      `${quote(image.manifest.config.mediaType)}, expected an image of a container`,
  );
}

/** The images that were made of a container image, by the names of their variants. */
export function imagesOf(image: OciImage): Map<string, ObjectId> {
  return new Map([...image.configStream.namedRefs].filter(([name]) => isVariantName(name)));
}

function notFound(repository: Repository, name: string): ImageError {
  const tags = listTags(repository).map(({ tag }) => tag);
  const shown = tags.slice(0, 10).map(quote).join(", ");
  return new ImageError(
    "NOT_FOUND",
    `Cannot find image ${quote(name)}: the repository has no such image, expected ` +
      (tags.length === 0 ? "one that was pulled" : `one of ${shown}`),
    { where: { source: repository.path } },
  );
}
