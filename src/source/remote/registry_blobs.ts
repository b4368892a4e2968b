/**
 * The blobs of a repository, as far as they are in the cache, else from the registry.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { BlobDelivery, BlobLocation } from "../../layer/layer.ts";
import { type Descriptor, embeddedBlob, verifyBlob } from "../../oci/descriptor.ts";
import { parseDigest } from "../../oci/digest.ts";
import { LARGEST_DOCUMENT_BYTES } from "../../oci/json_document.ts";
import { isIndexMediaType, isManifestMediaType } from "../../oci/media_type.ts";
import { quote } from "../../oci/quote.ts";
import type { BlobStore } from "../blob_store.ts";
import type { RepositoryReader } from "./repository_reader.ts";
import { BlobTransfer, type TransferContext } from "./blob_transfer.ts";
import type { TransferQueue } from "./transfer_queue.ts";

/** What the blobs of one repository need. */
export interface RegistryBlobsContext extends TransferContext {
  /** The repository. */
  readonly reader: RepositoryReader;
  /** Where transfers wait for their turn. */
  readonly queue: TransferQueue;
  /** Cancels reading documents. */
  readonly signal?: AbortSignal;
}

/** Blobs of one repository; layers are brought when the first of them is wanted. */
export class RegistryBlobs implements BlobStore {
  readonly name: string;
  readonly #context: RegistryBlobsContext;
  readonly #deliveries = new Map<string, BlobDelivery & { readonly location: BlobLocation }>();

  /** Creates the store; nothing is loaded yet. */
  constructor(context: RegistryBlobsContext) {
    this.name = context.reader.name;
    this.#context = context;
  }

  /** See {@linkcode BlobStore.readDocument}. */
  async readDocument(descriptor: Descriptor): Promise<Uint8Array> {
    const { cache, reader, signal } = this.#context;
    parseDigest(descriptor.digest);
    if (descriptor.size > LARGEST_DOCUMENT_BYTES) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read document ${quote(descriptor.digest)}: it has ${descriptor.size} bytes, ` +
          `expected at most ${LARGEST_DOCUMENT_BYTES}`,
      );
    }
    const known = cache.readDocument(descriptor) ?? embeddedBlob(descriptor);
    if (known !== null) return known;
    const isManifest = isManifestMediaType(descriptor.mediaType) ||
      isIndexMediaType(descriptor.mediaType);
    const bytes = isManifest
      ? (await reader.manifest(descriptor.digest, signal)).bytes
      : await this.#readBlob(descriptor);
    verifyBlob(bytes, descriptor);
    cache.store(descriptor.digest, bytes);
    return bytes;
  }

  /** See {@linkcode BlobStore.locate}. */
  locate(descriptor: Descriptor): Promise<BlobLocation> {
    return Promise.resolve().then(() => {
      parseDigest(descriptor.digest);
      const bytes = embeddedBlob(descriptor);
      if (bytes !== null) return { kind: "memory", bytes };
      return this.#deliver(descriptor).location;
    });
  }

  /** See {@linkcode BlobStore.delivery}. */
  delivery(descriptor: Descriptor): BlobDelivery | undefined {
    return this.#deliveries.get(descriptor.digest);
  }

  #deliver(descriptor: Descriptor): BlobDelivery & { readonly location: BlobLocation } {
    const { digest } = descriptor;
    let delivery = this.#deliveries.get(digest);
    if (delivery === undefined) {
      delivery = this.#fromCache(descriptor) ?? this.#fromRegistry(descriptor);
      this.#deliveries.set(digest, delivery);
    }
    return delivery;
  }

  #fromCache(
    descriptor: Descriptor,
  ): (BlobDelivery & { readonly location: BlobLocation }) | null {
    const { cache, onProgress } = this.#context;
    const path = cache.hold(descriptor);
    if (path === null) return null;
    const { digest, size } = descriptor;
    let isTold = false;
    return {
      location: { kind: "file", path, offset: 0 },
      complete() {
        if (!isTold) {
          onProgress?.({ kind: "download", digest, size, receivedBytes: size, done: true });
        }
        isTold = true;
        return Promise.resolve();
      },
      reject: () => cache.remove(digest),
    };
  }

  #fromRegistry(descriptor: Descriptor): BlobTransfer {
    const { queue } = this.#context;
    const transfer = new BlobTransfer(descriptor, this.#context, () => queue.start());
    queue.add(transfer);
    return transfer;
  }

  async #readBlob(descriptor: Descriptor): Promise<Uint8Array> {
    const bytes = new Uint8Array(descriptor.size);
    const signal = this.#context.signal ?? new AbortController().signal;
    const write = (piece: Uint8Array, position: number) => bytes.set(piece, position);
    await this.#context.load(descriptor, { start: 0, write }, signal);
    return bytes;
  }
}
