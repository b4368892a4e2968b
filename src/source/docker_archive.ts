/**
 * Images as `docker save` writes them. Since Docker 25 the archive is an OCI layout too, and the
 * layout is preferred: it has a digest for every blob.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import type { Layer } from "../layer/layer.ts";
import { parseConfig, type ParsedConfig } from "../oci/config.ts";
import { digestOf, formatDigest, parseDigest } from "../oci/digest.ts";
import { platformRank } from "../oci/platform.ts";
import { quote } from "../oci/quote.ts";
import { noPlatformError } from "./choose_image.ts";
import {
  DOCKER_INDEX,
  dockerEntriesNamed,
  type DockerEntry,
  readDockerIndex,
} from "./docker_index.ts";
import { type FileStore, readDocumentFile } from "./file_store.ts";
import { checkDiffIds, createLayer, layerName } from "./image_layers.ts";
import { type ListedImage, listImages } from "./image_listing.ts";
import { entriesNamed } from "./image_names.ts";
import { LAYOUT_INDEX, openLayout, readLayoutIndex } from "./oci_layout.ts";
import type { ImageRequest } from "./open_options.ts";
import type { ImageParts } from "./opened_image.ts";
import { cleanStorePath } from "./store_path.ts";

/** Images that an error lists at most; each one's configuration is read for it. */
const MOST_LISTED = 20;

/** Opens the image of a `docker save` archive (or of an OCI layout) that the request means. */
export async function openDockerStore(
  files: FileStore,
  request: ImageRequest,
): Promise<ImageParts> {
  const index = readLayoutIndex(files);
  const entries = readDockerIndex(files);
  if (index !== null) {
    const onlyDockerKnows = request.name !== null && entries !== null &&
      entriesNamed(request.name, index.manifests).length === 0 &&
      dockerEntriesNamed(request.name, entries).length > 0;
    if (!onlyDockerKnows) return await openLayout(index, files, request);
  }
  if (entries === null) {
    throw new ImageError(
      "NOT_FOUND",
      `Cannot find image in ${quote(files.name)}: it has neither ${LAYOUT_INDEX} nor ` +
        `${DOCKER_INDEX}, expected an OCI image layout or a docker archive, or for a root ` +
        "filesystem the prefix dir: or tar:",
    );
  }
  return openEntry(chooseEntry(entries, files, request), files, request);
}

function chooseEntry(
  entries: readonly DockerEntry[],
  files: FileStore,
  request: ImageRequest,
): DockerEntry {
  const { digest, name } = request;
  let chosen = entries;
  if (digest !== null) {
    parseDigest(digest);
    chosen = entries.filter((entry) => configDigest(entry) === digest);
  } else if (name !== null) {
    chosen = dockerEntriesNamed(name, entries);
  }
  if (chosen.length === 1) return chosen[0];
  const source = quote(request.reference);
  if (chosen.length > 1) {
    throw new ImageError(
      "AMBIGUOUS",
      `Cannot choose image in ${source}: it holds ${chosen.length} images, expected a choice by ` +
        `name:${listImages(listedEntries(chosen, files))}`,
      { subject: "name" },
    );
  }
  const choice = digest !== null ? `digest ${quote(digest)}` : `name ${quote(name)}`;
  throw new ImageError(
    "NOT_FOUND",
    entries.length === 0
      ? `Cannot find image in ${source}: ${DOCKER_INDEX} has no entries, expected one`
      : `Cannot find ${choice} in ${source}: it is not there, expected one of:` +
        listImages(listedEntries(entries, files)),
    { subject: "name" },
  );
}

function openEntry(entry: DockerEntry, files: FileStore, request: ImageRequest): ImageParts {
  const { digest, parsed, bytes } = readConfig(entry, files);
  checkPlatform(entry, digest, parsed, request);
  return {
    reference: request.reference,
    digest,
    config: parsed.config,
    platform: parsed.platform,
    layers: entryLayers(entry, parsed, files),
    documents: { config: bytes },
    annotations: {},
    notices: request.notices,
  };
}

function checkPlatform(
  entry: DockerEntry,
  digest: string,
  parsed: ParsedConfig,
  request: ImageRequest,
): void {
  if (!request.platformGiven && (parsed.platform === null || request.digest === digest)) return;
  if (parsed.platform !== null && platformRank(request.platform, parsed.platform) !== null) return;
  const name = entry.names.join(", ");
  throw noPlatformError([{ name, platforms: [parsed.platform], digest }], request);
}

function entryLayers(entry: DockerEntry, parsed: ParsedConfig, files: FileStore): Layer[] {
  const diffIds = checkDiffIds(parsed, entry.layerPaths.length, entry.configPath);
  return entry.layerPaths.map((given, index) => {
    const diffId = diffIds[index];
    try {
      const path = cleanStorePath(given);
      const file = files.find(path);
      if (file === null) {
        throw new ImageError(
          "NOT_FOUND",
          `Cannot find layer file ${quote(path)}: nothing is there, expected what ` +
            `${DOCKER_INDEX} names`,
        );
      }
      const { location, size } = file;
      const digest = digestInPath(path);
      return createLayer(index, { location, size, declaredCompression: null, digest, diffId });
    } catch (error) {
      const layer = layerName(index, diffId);
      throw error instanceof ImageError ? error.at({ layer }) : error;
    }
  });
}

/** Reads a configuration; where its file name is a digest, its bytes must have it. */
function readConfig(
  entry: DockerEntry,
  files: FileStore,
): { readonly digest: string; readonly parsed: ParsedConfig; readonly bytes: Uint8Array } {
  const path = cleanStorePath(entry.configPath);
  const bytes = readDocumentFile(files, path);
  if (bytes === null) {
    throw new ImageError(
      "NOT_FOUND",
      `Cannot find image configuration ${quote(path)}: nothing is there, expected what ` +
        `${DOCKER_INDEX} names`,
    );
  }
  const expected = configDigest(entry);
  const algorithm = expected === null ? "sha256" : parseDigest(expected).algorithm;
  const digest = digestOf(bytes, algorithm);
  if (expected !== null && digest !== expected) {
    throw new ImageError(
      "DIGEST_MISMATCH",
      `Cannot read image configuration ${quote(path)}: its digest is ${digest}, expected ` +
        expected,
    );
  }
  return { digest, parsed: parseConfig(bytes, path), bytes };
}

/** The digest by which a configuration is named; `null` where the name is none. */
function configDigest(entry: DockerEntry): string | null {
  const legacy = /^([0-9a-f]{64})\.json$/.exec(entry.configPath);
  return legacy === null ? digestInPath(entry.configPath) : `sha256:${legacy[1]}`;
}

/** The digest of a path `blobs/ALGORITHM/HEX`; `null` for other paths. */
function digestInPath(path: string): string | null {
  const match = /^blobs\/([a-z0-9]+)\/([0-9a-f]+)$/.exec(path);
  return match === null ? null : formatDigest(parseDigest(`${match[1]}:${match[2]}`));
}

/** What an error lists; an image whose configuration cannot be read is listed without platform. */
function listedEntries(entries: readonly DockerEntry[], files: FileStore): ListedImage[] {
  return entries.map((entry, index) => {
    const name = entry.names.join(", ");
    const unread = { name, platforms: [null], digest: configDigest(entry) ?? entry.configPath };
    if (index >= MOST_LISTED) return unread;
    try {
      const { digest, parsed } = readConfig(entry, files);
      return { name, platforms: [parsed.platform], digest };
    } catch (error) {
      if (error instanceof ImageError) return unread;
      throw error;
    }
  });
}
