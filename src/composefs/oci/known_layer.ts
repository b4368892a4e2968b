/**
 * Layers that a repository has, which are not stored again.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { ObjectId } from "../repository/object_id.ts";
import type { ObjectListing } from "../repository/object_listing.ts";
import type { Repository } from "../repository/repository.ts";
import type { ContentType } from "../splitstream/splitstream_writer.ts";
import { openStream } from "./document_stream.ts";
import { DAMAGED } from "./store_manifest.ts";
import { layerStream } from "./stream_names.ts";

/** A layer of a repository. */
export interface KnownLayer {
  /** The object of its stream. */
  readonly id: ObjectId;
  /** Bytes that it holds. */
  readonly sizeBytes: number;
}

/**
 * The layer with that digest, of one of those types, where the repository has it with all of its
 * objects, which `present` lists; `null` where it has to be read.
 */
export async function knownLayer(
  repository: Repository,
  digest: string,
  present: ObjectListing,
  ...contentTypes: readonly ContentType[]
): Promise<KnownLayer | null> {
  const name = layerStream(digest);
  try {
    const stream = await openStream(repository, name, ...contentTypes);
    if (stream === null) return null;
    for (const id of stream.objects()) if (!present.has(id)) return null;
    return { id: repository.streams.objectOf(name)!, sizeBytes: stream.sizeBytes };
  } catch (error) {
    // What is damaged is stored again.
    if (error instanceof ImageError && DAMAGED.has(error.code)) return null;
    throw error;
  }
}
