/**
 * Stores a layer of an image as a stream, once its bytes were found to be what they should be.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { fileSource } from "../../io/file_source.ts";
import type { Layer, TarLayerJob } from "../../layer/layer.ts";
import { isContentError, type LayerChunks, mismatchInstead } from "../../layer/layer_chunks.ts";
import { pause } from "../../layer/pause.ts";
import { openLayerChunks } from "../../layer/read_layer.ts";
import type { NoticeListener } from "../../notice.ts";
import type { ObjectId } from "../repository/object_id.ts";
import type { ObjectStore } from "../repository/object_store.ts";
import type { Repository } from "../repository/repository.ts";
import { LayerSplitter } from "../splitstream/layer_splitter.ts";
import { type LocalFetch, SharedBodies } from "../splitstream/shared_bodies.ts";
import type { CopyJob } from "./copied_layer.ts";
import { layerStream } from "./stream_names.ts";

/** Options of {@linkcode importLayer}. */
export interface ImportLayerOptions {
  /** How files of an unpacked layer become objects; `auto` where absent. */
  readonly localFetch?: LocalFetch;
  /** Hears how many bytes of the blob were read. */
  readonly onProgress?: (readBytes: number) => void;
  /** Hears remarks. */
  readonly onNotice?: NoticeListener;
  /** Stops the work with its reason. */
  readonly signal?: AbortSignal;
}

/** Bytes after which other work gets its turn. */
const TURN_SIZE = 4 * 1024 * 1024;

/** A layer that was stored. */
export interface ImportedLayer {
  /** The object of its stream, which has no name yet. */
  readonly id: ObjectId;
  /** Bytes of its tar. */
  readonly sizeBytes: number;
  /** Bytes of its blob. */
  readonly readBytes: number;
}

/** A layer to store, and the digest that it must have. */
export interface LayerToStore {
  /** The layer. */
  readonly layer: Pick<Layer, "index" | "name" | "size" | "delivery">;
  /** How to read it. */
  readonly job: TarLayerJob | CopyJob;
  /** Digest of what is stored: of its tar, or of a blob that is none. */
  readonly diffId: string;
  /** It is a blob to be stored as it is, whatever it is. */
  readonly isBlob?: boolean;
}

/** A layer that is a tar, with the digest of that tar. */
export interface TarLayer extends LayerToStore {
  /** The layer. */
  readonly layer: Layer;
  /** How to read it. */
  readonly job: TarLayerJob;
}

/** Begins to decode a layer; `bodies` hears of its files, where it is unpacked. */
export type OpenChunks = (bodies: SharedBodies | undefined) => LayerChunks;

/** Decodes in this thread. The chunks compare the layer's digest and its diff id at their end. */
export function openTarLayer(
  { layer, job, diffId }: TarLayer,
  { onNotice, signal }: ImportLayerOptions,
): OpenChunks {
  return (bodies) => {
    const options = { bodies, onNotice, signal, verifyDiffIds: true };
    return openLayerChunks(layer, { ...job, diffId }, options);
  };
}

/** Gives streams of layers the names of their diff ids, once all they need is on the disk. */
export function nameLayers(repository: Repository, streams: ReadonlyMap<string, ObjectId>): void {
  if (streams.size === 0) return;
  repository.sync();
  for (const [diffId, id] of streams) repository.streams.put(layerStream(diffId), id);
}

/**
 * Stores the tar that the chunks of `open` are the bytes of, and closes them. Answers the object of
 * the stream, without a name yet, when all of it was read and every digest was right.
 *
 * Rejects with `ImageError`, or the reason of the signal.
 */
export async function importLayer(
  store: ObjectStore,
  { layer, job, diffId }: TarLayer,
  open: OpenChunks,
  options: ImportLayerOptions = {},
): Promise<ImportedLayer> {
  const { localFetch = "auto" } = options;
  const shared = job.unpacked === undefined || localFetch === "disabled"
    ? undefined
    : new SharedBodies(store, localFetch === "zerocopy");
  const chunks = open(shared);
  const splitter = new LayerSplitter(store, options.onNotice, shared);
  try {
    let untilTurn = TURN_SIZE;
    for (;;) {
      const answer = chunks.next();
      const chunk = answer instanceof Promise ? await answer : answer;
      if (chunk === null) break;
      await explained(chunks, () => splitter.push(chunk));
      untilTurn -= chunk.length;
      if (untilTurn > 0) continue;
      untilTurn = TURN_SIZE;
      await pause();
      options.signal?.throwIfAborted();
      options.onProgress?.(chunks.readBytes);
    }
    const { id } = await explained(chunks, () => splitter.end());
    const { readBytes, summary } = chunks;
    if (summary?.isDiffIdVerified !== true) {
      throw new ImageError(
        "DIGEST_MISMATCH",
        `Cannot accept layer "${diffId}": nobody compared it`,
      );
    }
    return { id, sizeBytes: summary.uncompressedSize, readBytes };
  } catch (error) {
    throw error instanceof ImageError ? error.at({ layer: layer.name }) : error;
  } finally {
    splitter.abort();
    chunks.close();
    shared?.close();
  }
}

/**
 * Stores the tar in a file, plain or compressed, as the layer `diffId`. Answers the object of the
 * stream. Rejects with `ImageError`, or the reason of the signal.
 */
export async function importLayerFile(
  repository: Repository,
  path: string,
  diffId: string,
  options: ImportLayerOptions = {},
): Promise<ObjectId> {
  const source = fileSource(path);
  const size = source.size;
  source.close();
  const job: TarLayerJob = {
    kind: "tar",
    location: { kind: "file", path, offset: 0 },
    size,
    declaredCompression: null,
    digest: null,
    diffId,
  };
  const layer: TarLayer = { layer: { index: 0, name: path, size, job }, job, diffId };
  const open = openTarLayer(layer, options);
  const { id } = await importLayer(repository.objects, layer, open, options);
  nameLayers(repository, new Map([[diffId, id]]));
  return id;
}

/** Runs a step; an error in what the bytes say is explained by wrong bytes, if they are. */
async function explained<T>(chunks: LayerChunks, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!isContentError(error)) throw error;
    try {
      while (await chunks.next() !== null) await pause();
    } catch (mismatch) {
      if (isContentError(mismatch)) throw error;
      throw mismatchInstead(mismatch, error);
    }
    throw error;
  }
}
