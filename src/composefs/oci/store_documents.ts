/**
 * Stores manifest and configuration of an image or artifact whose layers are there.
 *
 * @module
 */
import type { ObjectId } from "../repository/object_id.ts";
import type { Repository } from "../repository/repository.ts";
import { writeDocument } from "./document_stream.ts";
import { configStream, manifestStream, tagRef } from "./stream_names.ts";

/** A document and the digest that it must have. */
export interface NamedDocument {
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** Its digest. */
  readonly digest: string;
}

/** The documents of what is stored. */
export interface DocumentsToStore {
  /** The manifest. */
  readonly manifest: NamedDocument;
  /** The configuration. */
  readonly config: NamedDocument;
  /** The objects of the layers' streams, by diff id, or by digest for an artifact. */
  readonly layers: ReadonlyMap<string, ObjectId>;
  /** The tag that it gets, `null` for none. */
  readonly tag: string | null;
}

/**
 * Stores documents whose digests were compared. `images` are those that were made of it, by the names
 * of their variants. Rejects with `ImageError`.
 */
export async function storeDocuments(
  repository: Repository,
  { manifest, config, layers, tag }: DocumentsToStore,
  images: ReadonlyMap<string, ObjectId>,
): Promise<void> {
  const configObject = await writeDocument(
    repository,
    "ociconfg",
    config.bytes,
    new Map([...layers, ...images]),
  );
  const manifestObject = await writeDocument(
    repository,
    "ocimanif",
    manifest.bytes,
    new Map([[`config:${config.digest}`, configObject], ...layers]),
  );
  repository.sync();
  repository.streams.put(configStream(config.digest), configObject);
  repository.streams.put(manifestStream(manifest.digest), manifestObject);
  if (tag !== null) repository.streams.putRef(tagRef(tag), manifestStream(manifest.digest));
}
