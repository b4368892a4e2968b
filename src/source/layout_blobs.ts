/**
 * The blobs of an OCI image layout (image-spec `image-layout.md`): `blobs/<algorithm>/<hex>`.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import type { BlobLocation } from "../layer/layer.ts";
import { checkBlobSize, type Descriptor, embeddedBlob, verifyBlob } from "../oci/descriptor.ts";
import { parseDigest } from "../oci/digest.ts";
import { LARGEST_DOCUMENT_BYTES } from "../oci/json_document.ts";
import { quote } from "../oci/quote.ts";
import type { BlobStore } from "./blob_store.ts";
import { type FileStore, readStoredFile, type StoredFile } from "./file_store.ts";

/** Blobs of a layout, in a directory or an archive. */
export class LayoutBlobs implements BlobStore {
  readonly name: string;
  readonly #files: FileStore;

  /** Creates the view of the layout that `files` holds. */
  constructor(files: FileStore) {
    this.name = files.name;
    this.#files = files;
  }

  /** See {@linkcode BlobStore.readDocument}. */
  readDocument(descriptor: Descriptor): Promise<Uint8Array> {
    return Promise.resolve().then(() => {
      if (descriptor.size > LARGEST_DOCUMENT_BYTES) {
        throw new ImageError(
          "LIMIT_EXCEEDED",
          `Cannot read document ${quote(descriptor.digest)}: it has ${descriptor.size} bytes, ` +
            `expected at most ${LARGEST_DOCUMENT_BYTES}`,
        );
      }
      const file = this.#find(descriptor);
      const bytes = readStoredFile(file);
      verifyBlob(bytes, descriptor);
      return bytes;
    });
  }

  /** See {@linkcode BlobStore.locate}. */
  locate(descriptor: Descriptor): Promise<BlobLocation> {
    return Promise.resolve().then(() => this.#find(descriptor).location);
  }

  #find(descriptor: Descriptor): StoredFile {
    const { algorithm, hex } = parseDigest(descriptor.digest);
    const embedded = embeddedBlob(descriptor);
    if (embedded !== null) {
      return { location: { kind: "memory", bytes: embedded }, size: embedded.length };
    }
    const path = `blobs/${algorithm}/${hex}`;
    const file = this.#files.find(path);
    if (file === null) {
      throw new ImageError(
        "NOT_FOUND",
        `Cannot find blob "${descriptor.digest}": nothing is at ${path}, expected a file of ` +
          `${descriptor.size} bytes`,
      );
    }
    checkBlobSize(file.size, descriptor);
    return file;
  }
}
