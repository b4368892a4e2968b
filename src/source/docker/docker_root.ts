/**
 * Docker's data root with the classic image store: what it knows of images is in
 * `image/overlay2`, their files are in the layer directories of `overlay2`.
 *
 * @module
 */
import { readdirSync } from "node:fs";
import * as v from "valibot";
import { ImageError } from "../../image_error.ts";
import { systemError } from "../../io/system_error.ts";
import { parseConfig, type ParsedConfig } from "../../oci/config.ts";
import { digestOf } from "../../oci/digest.ts";
import { checkDocument, parseJson } from "../../oci/json_document.ts";
import type { Platform } from "../../oci/platform.ts";
import { quote } from "../../oci/quote.ts";
import { DirectoryStore } from "../directory_store.ts";
import { type FileStore, readDocumentFile } from "../file_store.ts";
import type { LocalImage } from "../local_images.ts";
import { pathKind } from "../path_kind.ts";

/** The storage driver whose layers are read. */
export const DRIVER = "overlay2";
const METADATA = `image/${DRIVER}`;
const REPOSITORIES = `${METADATA}/repositories.json`;
const CONFIGS = `${METADATA}/imagedb/content/sha256`;
/** Most images that are listed. */
const MOST_IMAGES = 100_000;

const repositoriesSchema = v.object({
  Repositories: v.nullish(v.record(v.string(), v.record(v.string(), v.string())), () => ({})),
});

/** The images of one data root. */
export class DockerRoot {
  /** Where it is. */
  readonly path: string;
  /** Its files. */
  readonly files: FileStore;

  /** Creates the view of the data root at `path`. */
  constructor(path: string) {
    this.path = path;
    this.files = new DirectoryStore(path, { confined: true });
  }

  /** Whether there is a classic image store. Throws `ImageError` `PERMISSION` or `IO`. */
  exists(): boolean {
    return pathKind(`${this.path}/${METADATA}/imagedb`) === "directory";
  }

  /** Storage drivers that have a classic image store here, sorted. */
  drivers(): string[] {
    if (pathKind(`${this.path}/image`) !== "directory") return [];
    return namesIn(`${this.path}/image`).filter((name) =>
      pathKind(`${this.path}/image/${name}/imagedb`) === "directory"
    );
  }

  /** All images, those without a name too. Throws `ImageError`. */
  images(): LocalImage[] {
    const names = this.#names();
    const ids = namesIn(`${this.path}/${CONFIGS}`).filter((name) => /^[0-9a-f]{64}$/.test(name));
    if (ids.length > MOST_IMAGES) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read Docker store ${quote(this.path)}: it has ${ids.length} images, expected at ` +
          `most ${MOST_IMAGES}`,
      );
    }
    return ids.map((id) => {
      const all = names.get(`sha256:${id}`) ?? [];
      return {
        id,
        names: all.filter((name) => !name.includes("@")),
        digests: [
          `sha256:${id}`,
          ...all.filter((name) => name.includes("@")).map((name) => name.split("@")[1]),
        ],
        platform: () => this.#platformOf(id),
      };
    });
  }

  /** The configuration of the image `id`, verified. Throws `ImageError`. */
  readConfig(id: string): { readonly bytes: Uint8Array; readonly parsed: ParsedConfig } {
    const path = `${CONFIGS}/${id}`;
    const bytes = readDocumentFile(this.files, path);
    const digest = bytes === null ? null : digestOf(bytes);
    if (bytes !== null && digest === `sha256:${id}`) {
      return { bytes, parsed: parseConfig(bytes, digest) };
    }
    throw new ImageError(
      bytes === null ? "NOT_FOUND" : "DIGEST_MISMATCH",
      `Cannot read image configuration ${quote(`${this.path}/${path}`)}: ` +
        `${bytes === null ? "nothing is there" : `its digest is ${digest}`}, expected sha256:${id}`,
    );
  }

  /** What `repositories.json` calls each image: names and names with digests. */
  #names(): Map<string, string[]> {
    const document = { kind: "file", name: `${this.path}/${REPOSITORIES}` };
    const bytes = readDocumentFile(this.files, REPOSITORIES);
    const names = new Map<string, string[]>();
    if (bytes === null) return names; // Nothing has a name yet.
    const file = checkDocument(repositoriesSchema, parseJson(bytes, document), document);
    for (const [name, id] of Object.values(file.Repositories).flatMap(Object.entries<string>)) {
      const known = names.get(id);
      if (known === undefined) names.set(id, [name]);
      else known.push(name);
    }
    return names;
  }

  #platformOf(id: string): Platform | null {
    try {
      return this.readConfig(id).parsed.platform;
    } catch (error) {
      if (error instanceof ImageError) return null; // It is only listed.
      throw error;
    }
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    throw systemError(error, "read directory", path);
  }
}
