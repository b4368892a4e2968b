/**
 * A read-only layer: what a source hands over and what the reader needs.
 *
 * @module
 */

/** How a blob is compressed. */
export type Compression = "none" | "gzip" | "zstd" | "xz" | "bzip2";

/** Where a blob's bytes are: a range of a file, or in memory. */
export type BlobLocation =
  | {
    readonly kind: "file";
    /** The file. */
    readonly path: string;
    /** First byte of the blob in the file. */
    readonly offset: number;
  }
  | { readonly kind: "memory"; readonly bytes: Uint8Array };

/** What reading a tar layer takes: plain data, so that it can be sent to a worker. */
export interface TarLayerJob {
  /** Which reader. */
  readonly kind: "tar";
  /** Where the blob's bytes are. */
  readonly location: BlobLocation;
  /** Bytes of the blob as stored. */
  readonly size: number;
  /** What the media type says of its compression; `null` where nothing does. The bytes decide. */
  readonly declaredCompression: Compression | null;
  /** Digest of the blob as stored (`sha256:…`), `null` where there is none. */
  readonly digest: string | null;
  /** Digest of the uncompressed tar (`sha256:…`), `null` where it is not known. */
  readonly diffId: string | null;
}

/** What a worker needs to read a layer. */
export type LayerJob = TarLayerJob;

/** One read-only layer of an image. */
export interface Layer {
  /** Place in the image: 0 is the base. */
  readonly index: number;
  /** Short name for messages, as `2 (sha256:0123456789ab)`. */
  readonly name: string;
  /** Bytes as stored (compressed), for progress and estimates. */
  readonly size: number;
  /** How to read it. */
  readonly job: LayerJob;
}
