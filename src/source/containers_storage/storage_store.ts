/**
 * What one driver has in a storage directory: `DRIVER-images` has the documents of images,
 * `DRIVER-layers` what is known of layers, `DRIVER` the directories with their files.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import * as v from "valibot";
import { ImageError } from "../../image_error.ts";
import { optionalText, optionalTexts } from "../../oci/fields.ts";
import { checkDocument, parseJson } from "../../oci/json_document.ts";
import { quote } from "../../oci/quote.ts";
import { DirectoryStore } from "../directory_store.ts";
import { readDocumentFile, readStoredFile, type StoredFile } from "../file_store.ts";
import { pathKind } from "../path_kind.ts";
import type { StorageDriver } from "./storage_driver.ts";

/** Largest list of images or layers, in bytes: about 100,000 layers. */
const LARGEST_LIST = 64 * 1024 * 1024;

/** An entry of `images.json`. */
export interface StoredImageRecord {
  /** Its identifier: what names its directory. */
  readonly id: string;
  /** Digest of its manifest; empty where it is not known. */
  readonly digest: string;
  /** Its names, in full. */
  readonly names: readonly string[];
  /** Its newest layer; empty where it has none. */
  readonly layer: string;
  /** Keys of its documents. */
  readonly documents: readonly string[];
}

/** An entry of `layers.json`. */
export interface StoredLayerRecord {
  /** Its identifier: what names its directory. */
  readonly id: string;
  /** The layer below; empty where there is none. */
  readonly parent: string;
  /** Digest of the uncompressed tar; empty where it is not known. */
  readonly diffId: string;
  /** Bytes of the uncompressed tar; `null` where that is not known. */
  readonly size: number | null;
}

const imagesSchema = v.array(v.pipe(
  v.object({
    id: v.string(),
    digest: optionalText,
    names: optionalTexts,
    layer: optionalText,
    "big-data-names": optionalTexts,
  }),
  v.transform((entry): StoredImageRecord => ({
    id: entry.id,
    digest: entry.digest,
    names: entry.names,
    layer: entry.layer,
    documents: entry["big-data-names"],
  })),
));

const layersSchema = v.array(v.pipe(
  v.object({
    id: v.string(),
    parent: optionalText,
    "diff-digest": optionalText,
    "diff-size": v.fallback(v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(0))), null),
  }),
  v.transform((entry): StoredLayerRecord => ({
    id: entry.id,
    parent: entry.parent,
    diffId: entry["diff-digest"],
    size: entry["diff-size"],
  })),
));

/** The files of one driver in a storage directory. */
export class StorageStore {
  /** Where the storage is. */
  readonly path: string;
  /** Whose files these are. */
  readonly driver: StorageDriver;
  readonly #images: string;
  readonly #layers: string;
  readonly #files: DirectoryStore;

  /** Creates the view of what `driver` has in the storage at `path`. */
  constructor(path: string, driver: StorageDriver) {
    this.path = path;
    this.driver = driver;
    this.#images = `${driver}-images`;
    this.#layers = `${driver}-layers`;
    this.#files = new DirectoryStore(path, { confined: true });
  }

  /** Whether there are images of the driver. Throws `ImageError` `PERMISSION` or `IO`. */
  exists(): boolean {
    return pathKind(`${this.path}/${this.#images}`) === "directory";
  }

  /** All images. Throws `ImageError`. */
  images(): readonly StoredImageRecord[] {
    const images = this.#list(`${this.#images}/images.json`, imagesSchema);
    for (const { id } of images) this.#expectName(id, "an image");
    return images;
  }

  /** All layers. Throws `ImageError`. */
  layers(): readonly StoredLayerRecord[] {
    const layers = this.#list(`${this.#layers}/layers.json`, layersSchema);
    for (const { id } of layers) this.#expectName(id, "a layer");
    return layers;
  }

  /** The document `key` of an image; `null` where it is not there. Throws `ImageError`. */
  readDocument(image: StoredImageRecord, key: string): Uint8Array | null {
    return readDocumentFile(this.#files, `${this.#images}/${image.id}/${documentFileName(key)}`);
  }

  /** What is kept of the tar of layer `id`; `null` where nothing is. Throws `ImageError`. */
  tarRecord(id: string): StoredFile | null {
    return this.#files.find(`${this.#layers}/${id}.tar-split.gz`);
  }

  /** The directory of the layer `id`: of overlay, its files are in `diff` there. */
  layerDirectory(id: string): string {
    return `${this.path}/${this.driver === "vfs" ? "vfs/dir" : this.driver}/${id}`;
  }

  #list<const Schema extends v.GenericSchema<unknown, readonly unknown[]>>(
    path: string,
    schema: Schema,
  ): v.InferOutput<Schema> {
    const document = { kind: "file", name: `${this.path}/${path}` };
    const file = this.#files.find(path);
    if (file === null) return v.parse(schema, []); // Nothing was stored yet.
    if (file.size > LARGEST_LIST) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read file ${quote(document.name)}: it has ${file.size} bytes, expected at most ` +
          `${LARGEST_LIST}`,
      );
    }
    const value = parseJson(readStoredFile(file), document, LARGEST_LIST);
    return checkDocument(schema, value, document);
  }

  /** An identifier becomes a part of paths. */
  #expectName(id: string, what: string): void {
    if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(id)) return;
    throw new ImageError(
      "UNSAFE_PATH",
      `Cannot read storage ${quote(this.path)}: the identifier of ${what} is ${quote(id)}, ` +
        "expected hexadecimal digits",
    );
  }
}

/** Keys with other characters than these stand in base64. */
function documentFileName(key: string): string {
  return /^[0-9a-z.]+$/.test(key) ? key : `=${Buffer.from(key).toString("base64")}`;
}
