/**
 * Manifests, configurations and other blobs as streams: one object, and names of other streams.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { digestOf, parseDigest } from "../../oci/digest.ts";
import { LARGEST_DOCUMENT_BYTES } from "../../oci/json_document.ts";
import { quote } from "../../oci/quote.ts";
import type { ObjectId } from "../repository/object_id.ts";
import type { Repository } from "../repository/repository.ts";
import { readWhole } from "../splitstream/read_whole.ts";
import { Splitstream } from "../splitstream/splitstream_reader.ts";
import { type ContentType, SplitstreamWriter } from "../splitstream/splitstream_writer.ts";

/** A document of a repository. */
export interface StoredDocument {
  /** Its stream. */
  readonly stream: Splitstream;
  /** Its bytes. */
  readonly bytes: Uint8Array;
}

/** Stores a document whose digest was compared; answers the object of its stream. */
export async function writeDocument(
  repository: Repository,
  contentType: ContentType,
  bytes: Uint8Array,
  namedRefs: ReadonlyMap<string, ObjectId>,
): Promise<ObjectId> {
  const writer = new SplitstreamWriter(repository.objects, contentType);
  try {
    const { id, sizeBytes } = repository.objects.put(bytes);
    writer.writeObject(id, sizeBytes);
    for (const [name, ref] of namedRefs) writer.addNamedRef(name, ref);
    return (await writer.end()).id;
  } finally {
    writer.abort();
  }
}

/**
 * The stream of that name, of one of those types; `null` where there is none. Rejects with
 * `ImageError` `CORRUPT` where it holds something else.
 */
export async function openStream(
  repository: Repository,
  name: string,
  ...contentTypes: readonly ContentType[]
): Promise<Splitstream | null> {
  const id = repository.streams.objectOf(name);
  if (id === null) return null;
  const stream = await Splitstream.open(repository.objects, id);
  if (contentTypes.some((it) => it === stream.contentType)) return stream;
  throw new ImageError(
    "CORRUPT",
    `Cannot open stream ${quote(name)}: it holds ${quote(stream.contentType)}, expected ` +
      contentTypes.map(quote).join(" or "),
    { where: { source: repository.path } },
  );
}

/**
 * Reads the document of that name, whose bytes have the digest `digest`. Rejects with `ImageError`
 * `NOT_FOUND`, `DIGEST_MISMATCH`, `CORRUPT` or `LIMIT_EXCEEDED`.
 */
export async function readDocument(
  repository: Repository,
  name: string,
  contentType: ContentType,
  digest: string,
): Promise<StoredDocument> {
  const document = await readUnverified(repository, name, contentType);
  checkDigest(document.bytes, digest);
  return document;
}

/** The same without a look at the digest. */
export async function readUnverified(
  repository: Repository,
  name: string,
  contentType: ContentType,
): Promise<StoredDocument> {
  const stream = await openStream(repository, name, contentType);
  if (stream === null) {
    throw new ImageError(
      "NOT_FOUND",
      `Cannot find stream ${quote(name)}: the repository has none of that name, expected it`,
      { where: { source: repository.path } },
    );
  }
  return { stream, bytes: await documentBytes(repository, stream) };
}

/** Throws `ImageError` `DIGEST_MISMATCH` where a document is not the one of its digest. */
export function checkDigest(bytes: Uint8Array, digest: string): void {
  const observed = digestOf(bytes, parseDigest(digest).algorithm);
  if (observed === digest) return;
  throw new ImageError(
    "DIGEST_MISMATCH",
    `Cannot accept document "${digest}": its digest is ${observed}, expected ${digest}`,
  );
}

async function documentBytes(repository: Repository, stream: Splitstream): Promise<Uint8Array> {
  if (stream.sizeBytes > LARGEST_DOCUMENT_BYTES) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot read document: it has ${stream.sizeBytes} bytes, expected at most ` +
        `${LARGEST_DOCUMENT_BYTES}`,
    );
  }
  const bytes = new Uint8Array(stream.sizeBytes);
  let at = 0;
  await readWhole(stream, repository.objects, (piece) => {
    if (at + piece.length > bytes.length) {
      throw new ImageError(
        "CORRUPT",
        `Cannot read document: it has more bytes than it says, expected ${bytes.length}`,
      );
    }
    bytes.set(piece, at);
    at += piece.length;
  });
  return bytes;
}
