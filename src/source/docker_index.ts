/**
 * `manifest.json` of `docker save`: the images of the archive and the files they are made of.
 *
 * @module
 */
import * as v from "valibot";
import { ImageError } from "../image_error.ts";
import { optionalTexts } from "../oci/fields.ts";
import { checkDocument, parseJson } from "../oci/json_document.ts";
import { normalizeImageName, tagOf } from "../oci/reference.ts";
import { type FileStore, readDocumentFile } from "./file_store.ts";

/** Name of the file that lists the images of a `docker save` archive. */
export const DOCKER_INDEX = "manifest.json";

/** One image of the archive. */
export interface DockerEntry {
  /** Path of the configuration inside the archive; not checked yet. */
  readonly configPath: string;
  /** Its names, as `busybox:latest`. */
  readonly names: readonly string[];
  /** Paths of the layers inside the archive, base first; not checked yet. */
  readonly layerPaths: readonly string[];
}

const dockerIndexSchema = v.array(v.object({
  Config: v.string(),
  RepoTags: optionalTexts,
  Layers: optionalTexts,
}));

/** The images of a `docker save` archive, `null` when `files` is none. */
export function readDockerIndex(files: FileStore): DockerEntry[] | null {
  const bytes = readDocumentFile(files, DOCKER_INDEX);
  if (bytes === null) {
    if (files.find("repositories") === null) return null;
    throw new ImageError(
      "UNSUPPORTED",
      "Cannot read docker archive: it has repositories but no manifest.json (Docker before " +
        "1.10), expected a newer one",
    );
  }
  const document = { kind: "docker archive index", name: DOCKER_INDEX };
  const images = checkDocument(dockerIndexSchema, parseJson(bytes, document), document);
  return mergeEntries(images.map((image) => ({
    configPath: image.Config,
    names: image.RepoTags,
    layerPaths: image.Layers,
  })));
}

/** The images that `wanted` names: by their whole name, else by their tag alone. */
export function dockerEntriesNamed(
  wanted: string,
  entries: readonly DockerEntry[],
): DockerEntry[] {
  const full = normalizeImageName(wanted);
  const byName = entries.filter(({ names }) =>
    names.some((name) => normalizeImageName(name) === full)
  );
  if (byName.length > 0) return byName;
  return entries.filter(({ names }) => names.some((name) => tagOf(name) === wanted));
}

/** Entries of one configuration are one image with all their names. */
function mergeEntries(entries: readonly DockerEntry[]): DockerEntry[] {
  const merged = new Map<string, DockerEntry>();
  for (const entry of entries) {
    const key = JSON.stringify([entry.configPath, entry.layerPaths]);
    const same = merged.get(key);
    const names = same === undefined ? entry.names : [...same.names, ...entry.names];
    merged.set(key, { ...entry, names });
  }
  return [...merged.values()];
}
