/**
 * composefs: images that have all metadata of a tree and name its files by their fs-verity digests,
 * and the dump files that say the same in text.
 *
 * @example An image of one file, and the tree that it gives back
 * ```ts
 * import {
 *   DumpReader,
 *   memorySink,
 *   memorySource,
 *   readImage,
 *   writeImage,
 * } from "@x/oci2rootfs/composefs";
 *
 * const dump = new DumpReader();
 * dump.write(new TextEncoder().encode(
 *   "/ 0 40755 2 0 0 0 0.0 - - -\n/hello 6 100644 1 0 0 0 0.0 - Hello! -\n",
 * ));
 * const sink = memorySink();
 * const output = sink.open();
 * const { digest } = writeImage(dump.end(), output, { version: 1 });
 * output.commit();
 *
 * const { tree } = readImage(memorySource(sink.bytes));
 * console.assert(tree.root.children!.get("hello")!.size === 6);
 * console.assert(digest.length === 64);
 * ```
 *
 * @module
 */
export { objectContent } from "./image/content.ts";
export type { ImageContent } from "./image/content.ts";
export { type DigestStore, openDigestStore } from "./image/digest_store.ts";
export { IMAGE_VERSIONS } from "./image/image_version.ts";
export type { ImageVersion } from "./image/image_version.ts";
export { composefsImage, INLINE_FILE_SIZE } from "./image/image_writer.ts";
export type { ComposefsImageOptions } from "./image/image_writer.ts";
export { ObjectReader } from "./image/object_reader.ts";
export { type ReadImage, readImage } from "./image/read_image.ts";
export { writeImage, type WriteImageOptions, type WrittenImage } from "./image/write_image.ts";

export { checkRepository } from "./repository/fsck.ts";
export type { FsckKind, FsckOptions, FsckProblem, FsckReport } from "./repository/fsck.ts";
export { collectGarbage } from "./repository/gc.ts";
export type { ConditionalRef, GarbageOptions, GarbageReport } from "./repository/gc.ts";
export { initRepository } from "./repository/init_repository.ts";
export type { InitReport, InitRepositoryOptions } from "./repository/init_repository.ts";
export { LinkDirectory, type Ref } from "./repository/link_directory.ts";
export type { RepositoryMetadata } from "./repository/metadata.ts";
export { ObjectStore } from "./repository/object_store.ts";
export type { ObjectCounts, ProtectObject, StoredObject } from "./repository/object_store.ts";
export type { ObjectListing } from "./repository/object_listing.ts";
export type { ObjectId } from "./repository/object_id.ts";
export { ObjectWriter } from "./repository/object_writer.ts";
export type { RepositoryProgress, RepositoryProgressListener } from "./repository/progress.ts";
export { Repository } from "./repository/repository.ts";
export type { OpenRepositoryOptions, RepositoryAccess } from "./repository/repository.ts";

export { mountImage, type MountOptions, unmountImage } from "./mount/mount_image.ts";

export { copyOciImage } from "./oci/copy_image.ts";
export type { CopyOciOptions, CopyOciReport } from "./oci/copy_image.ts";
export { type ListedOciImage, listOciImages } from "./oci/list_images.ts";
export { pullOciImage } from "./oci/pull.ts";
export type { PullOciOptions, PullOciReport } from "./oci/pull.ts";
export type { LocalFetch } from "./splitstream/shared_bodies.ts";
export { addReferrer, listReferrers, referrerConditions, removeReferrer } from "./oci/referrers.ts";
export { repositoryImage } from "./oci/repository_image.ts";
export type { ImageOptions } from "./oci/store_manifest.ts";
export { tagImage, untagImage } from "./oci/tags.ts";
export { variantImage } from "./oci/variant_image.ts";
export type { ImageVariant, XattrMode } from "./oci/image_variant.ts";

export type { VerityAlgorithm } from "../fsverity/verity_algorithm.ts";
export { verityDigest, VerityDigester } from "../fsverity/verity_digest.ts";

export type { ContentReader } from "../tree/content_reader.ts";
export { type ContentDescriber, type DumpedContent, dumpTree } from "../tree/dump.ts";
export { DumpReader, type DumpReaderOptions } from "../tree/dump_reader.ts";
export { countLinks, emptyTree } from "../tree/file_tree.ts";
export type { FileTree } from "../tree/file_tree.ts";
export type { DirectoryMarks, LayerMarks } from "../tree/layer_marks.ts";
export { FileKind, Inode, type Xattr } from "../tree/inode.ts";

export type { ByteString } from "../bytes/byte_string.ts";
export type {
  FileWriter,
  ImageFormat,
  ImageWriter,
  WriterContext,
  WriteReport,
} from "../format/image_format.ts";
export { ImageError } from "../image_error.ts";
export type { ErrorPlace, ImageErrorCode, ImageErrorOptions } from "../image_error.ts";
export type { ByteSink, ImageSink, OpenSink } from "../io/byte_sink.ts";
export type { FileTimes, HostBody, TreeMaker } from "../io/tree_maker.ts";
export type { ByteSource } from "../io/byte_source.ts";
export { type MemorySink, memorySink } from "../io/memory_sink.ts";
export { memorySource } from "../io/memory_source.ts";
export type { Notice, NoticeCode, NoticeListener } from "../notice.ts";

export type { Image, ImageDocuments } from "../source/image.ts";
export type { ImageConfig } from "../oci/config.ts";
export type { Manifest } from "../oci/manifest.ts";
export type { Platform } from "../oci/platform.ts";
export type { Descriptor } from "../oci/descriptor.ts";
export type {
  ArrivingBlob,
  BlobDelivery,
  BlobLocation,
  Compression,
  DirectoryLayerJob,
  FilesLayerJob,
  GivenFile,
  Layer,
  LayerJob,
  TarLayerJob,
  TreeLayerJob,
  UnpackedTar,
} from "../layer/layer.ts";
export type { OpenOptions } from "../source/open_options.ts";
