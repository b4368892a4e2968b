/**
 * Checks the container images of a repository: that every document is the one of its digest, and that
 * it leads to everything that it names.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { parseConfig } from "../../oci/config.ts";
import { isImageManifest, type Manifest, parseManifest } from "../../oci/manifest.ts";
import { objectPath } from "../../tree/object_content.ts";
import type { FsckProblem } from "../repository/fsck.ts";
import { imageObjects } from "../repository/image_objects.ts";
import type { ObjectId } from "../repository/object_id.ts";
import type { Repository } from "../repository/repository.ts";
import { Splitstream } from "../splitstream/splitstream_reader.ts";
import { checkDigest, openStream, readUnverified, type StoredDocument } from "./document_stream.ts";
import { isVariantName } from "./image_variant.ts";
import { resolveName } from "./oci_image.ts";
import {
  configStream,
  digestOfManifestStream,
  layerStream,
  manifestStream,
  tagOfRef,
} from "./stream_names.ts";
import { readVerified } from "./verified_layer.ts";

/** What can be wrong with a container image. */
export type OciFsckKind =
  | "manifest-read-failed"
  | "manifest-digest-mismatch"
  | "manifest-parse-failed"
  | "config-ref-missing"
  | "config-read-failed"
  | "config-digest-mismatch"
  | "config-parse-failed"
  | "layer-ref-missing"
  | "layer-stream-missing"
  | "layer-check-failed"
  | "layer-object-missing"
  | "seal-image-missing"
  | "artifact-layer-ref-missing"
  | "artifact-layer-object-missing"
  | "ref-resolve-failed"
  | "invalid-ref-name"
  | "object-digest-mismatch"
  | "object-open-failed"
  | "image-missing-object"
  | "image-invalid";

/** Options of {@linkcode checkOciImages}. */
export interface OciFsckOptions {
  /**
   * Checks the image of this name only: a tag, or `@` and a digest; and reads its objects, which
   * `checkRepository` does for all images.
   */
  readonly name?: string;
  /** Does not read the objects. */
  readonly metadataOnly?: boolean;
  /** Hears of each problem as it is found. */
  readonly onProblem: (problem: FsckProblem<OciFsckKind>) => void;
  /** Stops the check with its reason. */
  readonly signal?: AbortSignal;
}

/** What was checked. */
export interface OciFsckReport {
  /** Container images and artifacts. */
  readonly imagesChecked: number;
  /** Objects whose bytes were compared with their names. */
  readonly objectsChecked: number;
}

/** The label of a configuration that says which image was made of it. */
const SEAL_LABEL = "containers.composefs.fsverity";

/**
 * Checks all container images, or one. Goes on behind every problem. Rejects with `ImageError`
 * `NOT_FOUND` where the one is not there, or with the reason of the signal.
 */
export async function checkOciImages(
  repository: Repository,
  options: OciFsckOptions,
): Promise<OciFsckReport> {
  const check = new OciCheck(repository, options);
  if (options.name !== undefined) {
    await check.image(resolveName(repository, options.name));
    return { imagesChecked: 1, objectsChecked: check.objectsChecked };
  }
  check.tags();
  let count = 0;
  for (const name of check.streams()) {
    const digest = digestOfManifestStream(name);
    if (digest === null) continue;
    options.signal?.throwIfAborted();
    count++;
    await check.image(digest);
  }
  return { imagesChecked: count, objectsChecked: check.objectsChecked };
}

class OciCheck {
  readonly #repository: Repository;
  readonly #options: OciFsckOptions;
  // Objects whose bytes were compared with their names; null where they are not to be read.
  readonly #compared: Set<ObjectId> | null;

  constructor(repository: Repository, options: OciFsckOptions) {
    this.#repository = repository;
    this.#options = options;
    const { name, metadataOnly = false } = options;
    this.#compared = name === undefined || metadataOnly ? null : new Set();
  }

  /** Objects that were read. */
  get objectsChecked(): number {
    return this.#compared?.size ?? 0;
  }

  /** Names of all streams; none where they cannot be read. */
  streams(): readonly string[] {
    try {
      return this.#repository.streams.names();
    } catch (error) {
      this.#found("ref-resolve-failed", "streams", orThrow(error));
      return [];
    }
  }

  /** Every tag leads to a manifest. */
  tags(): void {
    let refs;
    try {
      refs = this.#repository.streams.refs();
    } catch (error) {
      return this.#found("ref-resolve-failed", "streams/refs", orThrow(error));
    }
    for (const { name, target } of refs) {
      if (!name.startsWith("oci/")) continue;
      if (tagOfRef(name) === null) {
        this.#found("invalid-ref-name", name, "expected a tag with / as %2F and % as %25");
      } else if (target === null || digestOfManifestStream(target) === null) {
        this.#found("ref-resolve-failed", name, `it leads to ${target}, expected a manifest`);
      }
    }
  }

  /** The image whose manifest has this digest. */
  async image(manifestDigest: string): Promise<void> {
    const stored = await this.#document(
      manifestDigest,
      () => manifestStream(manifestDigest),
      "ocimanif",
      "manifest-read-failed",
      "manifest-digest-mismatch",
    );
    if (stored === null) return;
    let manifest: Manifest;
    try {
      manifest = parseManifest(stored.bytes, manifestDigest, "");
    } catch (error) {
      return this.#found("manifest-parse-failed", manifestDigest, orThrow(error));
    }
    const { digest } = manifest.config;
    if (!stored.stream.namedRefs.has(`config:${digest}`)) {
      this.#found("config-ref-missing", manifestDigest, `it has no reference config:${digest}`);
    }
    const config = await this.#document(
      digest,
      () => configStream(digest),
      "ociconfg",
      "config-read-failed",
      "config-digest-mismatch",
    );
    if (!isImageManifest(manifest)) {
      return await this.#blobs(manifest, manifestDigest, stored.stream);
    }
    if (config !== null) await this.#config(manifest, config, stored.stream);
  }

  /** The layers of an artifact, of which the references alone tell where they are. */
  async #blobs(manifest: Manifest, manifestDigest: string, stream: Splitstream): Promise<void> {
    for (const { digest } of manifest.layers) {
      const id = stream.namedRefs.get(digest);
      if (id === undefined) {
        this.#found("artifact-layer-ref-missing", manifestDigest, `it has no reference ${digest}`);
        continue;
      }
      try {
        const missing = await this.#firstMissing(id);
        if (missing === null) continue;
        this.#found("artifact-layer-object-missing", digest, `object ${missing} is not there`);
      } catch (error) {
        this.#found("layer-check-failed", digest, orThrow(error));
      }
    }
  }

  /** Of the object of a stream and those that it holds, one that is not there. */
  async #firstMissing(id: ObjectId): Promise<ObjectId | null> {
    const { objects } = this.#repository;
    if (objects.sizeOf(id) === null) return id;
    for (const object of (await Splitstream.open(objects, id)).objects()) {
      if (!this.#isThere(object)) return object;
    }
    return null;
  }

  /** Whether an object is there; where it shall be read, tells of bytes that are not its own. */
  #isThere(id: ObjectId): boolean {
    const { objects } = this.#repository;
    if (objects.sizeOf(id) === null) return false;
    if (this.#compared === null || this.#compared.has(id)) return true;
    this.#options.signal?.throwIfAborted();
    this.#compared.add(id);
    const path = `objects/${objectPath(id)}`;
    try {
      const observed = objects.measure(id);
      if (observed !== id) this.#found("object-digest-mismatch", path, `its digest is ${observed}`);
    } catch (error) {
      this.#found("object-open-failed", path, orThrow(error));
    }
    return true;
  }

  async #config(manifest: Manifest, config: StoredDocument, stream: Splitstream): Promise<void> {
    const { config: { digest }, layers } = manifest;
    try {
      const { config: { diffIds, labels } } = parseConfig(config.bytes, digest);
      if (diffIds.length !== layers.length) {
        const message = `it lists ${diffIds.length} layers, expected ${layers.length}`;
        this.#found("config-parse-failed", digest, message);
      }
      for (const diffId of diffIds) {
        if (!config.stream.namedRefs.has(diffId) || !stream.namedRefs.has(diffId)) {
          this.#found("layer-ref-missing", digest, `it has no reference ${diffId}`);
        }
        await this.#layer(diffId, config.stream.namedRefs.get(diffId));
      }
      const sealed = labels[SEAL_LABEL];
      if (sealed !== undefined && this.#repository.images.objectOf(sealed) === null) {
        this.#found("seal-image-missing", digest, `there is no image ${sealed}`);
      }
    } catch (error) {
      this.#found("config-parse-failed", digest, orThrow(error));
    }
    for (const [name, id] of config.stream.namedRefs) {
      if (!isVariantName(name)) continue;
      try {
        if (this.#isThere(id)) this.#files(id);
        else this.#found("seal-image-missing", digest, `its ${name}, object ${id}, is not there`);
      } catch (error) {
        this.#found("seal-image-missing", digest, orThrow(error));
      }
    }
  }

  /** The files of an EROFS, of which some are no objects of a layer: those with holes. */
  #files(id: ObjectId): void {
    if (this.#compared === null) return; // `checkRepository` looks at them.
    try {
      for (const object of imageObjects(this.#repository.objects, id)) {
        if (this.#isThere(object)) continue;
        this.#found("image-missing-object", `images/${id}`, `object ${object} is not there`);
      }
    } catch (error) {
      this.#found("image-invalid", `images/${id}`, orThrow(error));
    }
  }

  /** A layer, which the configuration has as the object `expected`. */
  async #layer(diffId: string, expected: ObjectId | undefined): Promise<void> {
    try {
      const stream = await openStream(this.#repository, layerStream(diffId), "ocilayer");
      if (stream === null) {
        return this.#found("layer-stream-missing", diffId, "the repository does not have it");
      }
      const id = this.#repository.streams.objectOf(layerStream(diffId));
      // It may have been written anew, by another compressor, but must hold the same.
      if (expected !== undefined && id !== expected) {
        await readVerified(stream, this.#repository.objects, diffId, () => {});
      }
      for (const id of stream.objects()) {
        if (this.#isThere(id)) continue;
        this.#found("layer-object-missing", diffId, `object ${id} is not there`);
      }
    } catch (error) {
      this.#found("layer-check-failed", diffId, orThrow(error));
    }
  }

  async #document(
    digest: string,
    nameOf: () => string,
    contentType: "ocimanif" | "ociconfg",
    failed: OciFsckKind,
    mismatch: OciFsckKind,
  ): Promise<StoredDocument | null> {
    let document: StoredDocument;
    try {
      document = await readUnverified(this.#repository, nameOf(), contentType);
    } catch (error) {
      this.#found(failed, digest, orThrow(error));
      return null;
    }
    try {
      checkDigest(document.bytes, digest);
      return document;
    } catch (error) {
      this.#found(mismatch, digest, orThrow(error));
      return null;
    }
  }

  #found(kind: OciFsckKind, path: string, message: string | ImageError): void {
    const text = typeof message === "string" ? message : message.message;
    this.#options.onProblem({ kind, path, message: text });
  }
}

function orThrow(error: unknown): ImageError {
  if (error instanceof ImageError) return error;
  throw error;
}
