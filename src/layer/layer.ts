/**
 * A read-only layer: what a source hands over and what the reader needs.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import type { ContentReader } from "../tree/content_reader.ts";
import type { FileTree } from "../tree/file_tree.ts";

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
    /** How much of it is there; absent where all of it is. */
    readonly arriving?: ArrivingBlob;
  }
  | { readonly kind: "memory"; readonly bytes: Uint8Array };

/** A blob that is being downloaded: its file grows, and gets its name when it is complete. */
export interface ArrivingBlob {
  /** The file until then. */
  readonly partialPath: string;
  /** The counter of its bytes, made by `allocateArrival`. */
  readonly counter: SharedArrayBuffer;
}

/** How the bytes of a layer come to their place. */
export interface BlobDelivery {
  /**
   * Begins to bring them, where that has not begun; resolves when all are there and rejects with
   * the error for which they will not come.
   */
  complete(): Promise<void>;
  /** The bytes were read and are not those of the digest: whoever keeps them should not. */
  reject(): void;
}

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
  /** It is no layer but a whole root filesystem: names that would be whiteouts are names. */
  readonly hasPlainNames?: boolean;
  /** Where the rest is, where the blob is no tar but what stood around the files of one. */
  readonly unpacked?: UnpackedTar;
}

/** A tar that was unpacked, of which the blob is a record (tar-split). */
export interface UnpackedTar {
  /** The directory with its files. */
  readonly directory: string;
  /** Bytes of the tar, for progress and estimates; whoever says so may be wrong. */
  readonly size: number;
}

/** What reading a layer takes whose files are there one by one: plain data. */
export interface DirectoryLayerJob {
  /** Which reader. */
  readonly kind: "directory";
  /**
   * The directory; where there are several, their overlay, newest first, read as one layer: a
   * renamed directory or a file without bytes leads from one to another.
   */
  readonly directories: readonly string[];
  /**
   * `overlay`: whiteouts, opaque directories, redirections and the like mean what they mean to
   * overlayfs, and are not in the tree. `none`: every file is what it is; one directory.
   */
  readonly markers: "overlay" | "none";
  /** Directories in which another filesystem is mounted are read as empty. */
  readonly oneFileSystem: boolean;
  /** Keeps `security.selinux`, which belongs to this machine. */
  readonly keepsHostLabels: boolean;
  /** Nothing is compressed. */
  readonly declaredCompression: null;
  /** There is no blob. */
  readonly digest: null;
  /** There is no tar. */
  readonly diffId: null;
}

/** A file that is put into an image on the way. */
export type GivenFile =
  | {
    /** A regular file of this machine. */
    readonly kind: "host";
    /** Clean path in the layer. */
    readonly path: ByteString;
    /** Where it is; symbolic links are followed. */
    readonly hostPath: string;
  }
  | {
    /** A regular file with bytes that are at hand. */
    readonly kind: "bytes";
    /** Clean path in the layer. */
    readonly path: ByteString;
    /** What is in it. */
    readonly bytes: Uint8Array;
    /** Permission bits. */
    readonly permissions: number;
    /** Modification time, whole seconds since 1970. */
    readonly mtimeSeconds: number;
  }
  | {
    /** A directory, 0755. */
    readonly kind: "directory";
    /** Clean path in the layer. */
    readonly path: ByteString;
    /** Modification time, whole seconds since 1970. */
    readonly mtimeSeconds: number;
  };

/** What reading a layer takes that is a short list of files: plain data. */
export interface FilesLayerJob {
  /** Which reader. */
  readonly kind: "files";
  /** The files; owned by root where they are not of this machine. */
  readonly files: readonly GivenFile[];
  /** Nothing is compressed. */
  readonly declaredCompression: null;
  /** There is no blob. */
  readonly digest: null;
  /** There is no tar. */
  readonly diffId: null;
}

/** What reading a layer takes that is a whole tree: no plain data, it is read where it is. */
export interface TreeLayerJob {
  /** Which reader. */
  readonly kind: "tree";
  /** Names and metadata; nobody changes them. All names are plain names. */
  readonly tree: FileTree;
  /** The bytes of its files. Who opened it closes it. */
  readonly reader: ContentReader<unknown>;
  /** Nothing that is read is compressed. */
  readonly declaredCompression: null;
  /** There is no blob. */
  readonly digest: null;
  /** There is no tar. */
  readonly diffId: null;
}

/** What it takes to read a layer. */
export type LayerJob = TarLayerJob | DirectoryLayerJob | FilesLayerJob | TreeLayerJob;

/** One read-only layer of an image. */
export interface Layer {
  /** Place in the image: 0 is the base. */
  readonly index: number;
  /** Short name for messages, as `2 (sha256:0123456789ab)`. */
  readonly name: string;
  /** Bytes as stored (compressed), for progress and estimates; 0 where that is not known. */
  readonly size: number;
  /** How to read it. */
  readonly job: LayerJob;
  /** Who brings its bytes; absent where they are simply there. */
  readonly delivery?: BlobDelivery;
}
