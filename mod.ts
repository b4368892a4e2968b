/**
 * Turns a container image into a root filesystem that a machine can boot or mount.
 *
 * Open an image ({@linkcode openImage}: a registry, an archive, a directory, an engine's store, a
 * filesystem image), choose a format ({@linkcode ext4}, {@linkcode squashfs}, {@linkcode erofs},
 * {@linkcode tar}, {@linkcode cpio}, {@linkcode directory}), perhaps put a disk around it
 * ({@linkcode verity}, {@linkcode gpt}, {@linkcode vhd}, {@linkcode qcow2}), choose a destination
 * ({@linkcode fileSink}, {@linkcode directorySink}, {@linkcode pipeSink}, {@linkcode memorySink}), and
 * {@linkcode convert}. To look into an image of any kind, {@linkcode openTree}.
 *
 * @example
 * ```ts
 * import { convert, ext4, fileSink, openImage } from "@x/oci2rootfs";
 *
 * const image = await openImage("testdata/layouts/tiny");
 * const directory = await Deno.makeTempDir();
 * await convert(image, ext4({ label: "root" }), fileSink(`${directory}/rootfs.ext4`));
 * await image.close();
 * await Deno.remove(directory, { recursive: true });
 * ```
 *
 * @example A disk image with a verified root partition
 * ```ts
 * import { convert, erofs, gpt, memorySink, openImage, qcow2, verity } from "@x/oci2rootfs";
 *
 * const image = await openImage("testdata/layouts/tiny");
 * const sink = memorySink();
 * const report = await convert(image, qcow2(gpt(verity(erofs()))), sink);
 * await image.close();
 * console.assert(/^[0-9a-f]{64}$/.test(`${report.image.details.verityRootHash}`));
 * ```
 *
 * @module
 */
export { displayByteString, utf8ByteString } from "./src/bytes/byte_string.ts";
export type { ByteString } from "./src/bytes/byte_string.ts";
export { convert } from "./src/convert/convert.ts";
export type {
  ConvertOptions,
  ConvertProgress,
  ConvertReport,
  LayerReport,
} from "./src/convert/convert.ts";
export type { ReadingOptions } from "./src/convert/image_reading.ts";
export type { BodyWriter } from "./src/convert/layer_placement.ts";
export type { FileCounts } from "./src/convert/file_counts.ts";
export type { Disk, DiskContainer } from "./src/disk/disk_container.ts";
export { gpt } from "./src/disk/gpt.ts";
export type { GptOptions } from "./src/disk/gpt.ts";
export { qcow2 } from "./src/disk/qcow2.ts";
export type { Qcow2Options } from "./src/disk/qcow2.ts";
export { verity } from "./src/disk/verity.ts";
export type { VerityFormat, VerityOptions } from "./src/disk/verity.ts";
export { vhd } from "./src/disk/vhd.ts";
export type { Addition, HostAddress, IdRange, ImageEdits, Owner } from "./src/edit/image_edits.ts";
export { cpio } from "./src/format/cpio/format.ts";
export type { CpioOptions } from "./src/format/cpio/format.ts";
export { directory, directorySink } from "./src/format/directory/format.ts";
export type {
  DirectoryFormatOptions,
  DirectorySinkOptions,
  OnLoss,
} from "./src/format/directory/format.ts";
export { erofs } from "./src/format/erofs/format.ts";
export type {
  ChunkedContent,
  CompressedContent,
  ErofsContent,
  ErofsOptions,
  FlatContent,
} from "./src/format/erofs/format.ts";
export { ext4, Ext4Content } from "./src/format/ext4/format.ts";
export type { Ext4Extent, Ext4Options, FreeRoom } from "./src/format/ext4/format.ts";
export { squashfs, SquashfsContent } from "./src/format/squashfs/format.ts";
export type { SquashfsOptions } from "./src/format/squashfs/format.ts";
export { tar } from "./src/format/tar/format.ts";
export type { SpooledContent, TarOptions } from "./src/format/tar/format.ts";
export type {
  FileWriter,
  ImageFormat,
  ImageWriter,
  WriterContext,
  WriteReport,
} from "./src/format/image_format.ts";
export type { ImageDescription, ImageProblem, ImageReader } from "./src/format/image_reader.ts";
export { LossError } from "./src/format/loss.ts";
export { ImageError } from "./src/image_error.ts";
export type {
  ErrorPlace,
  ErrorSubject,
  ImageErrorCode,
  ImageErrorOptions,
} from "./src/image_error.ts";
export type { ByteSink, ImageSink, OpenSink } from "./src/io/byte_sink.ts";
export type { ByteSource } from "./src/io/byte_source.ts";
export { fileSource } from "./src/io/file_source.ts";
export { memorySource } from "./src/io/memory_source.ts";
export { fileSink } from "./src/io/file_sink.ts";
export type { FileSinkOptions, InputTree } from "./src/io/file_sink.ts";
export { pipeSink } from "./src/io/pipe_sink.ts";
export type { PipeWriter } from "./src/io/pipe_sink.ts";
export type { FileTimes, HostBody, TreeMaker } from "./src/io/tree_maker.ts";
export { memorySink } from "./src/io/memory_sink.ts";
export type { MemorySink } from "./src/io/memory_sink.ts";
export { pairedSink } from "./src/io/paired_sink.ts";
export type { PairedSink } from "./src/io/paired_sink.ts";
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
} from "./src/layer/layer.ts";
export type { Notice, NoticeCode, NoticeListener } from "./src/notice.ts";
export type { ImageConfig } from "./src/oci/config.ts";
export type { Descriptor } from "./src/oci/descriptor.ts";
export type { Manifest } from "./src/oci/manifest.ts";
export type { Platform } from "./src/oci/platform.ts";
export { listCache } from "./src/source/cache/cache_contents.ts";
export type { CacheContents, CachedImage, CacheEntry } from "./src/source/cache/cache_contents.ts";
export { defaultCacheDirectory } from "./src/source/cache/cache_directory.ts";
export { pruneCache } from "./src/source/cache/prune_cache.ts";
export type { PruneReport } from "./src/source/cache/prune_cache.ts";
export { verifyCache } from "./src/source/cache/verify_cache.ts";
export type { CacheVerification } from "./src/source/cache/verify_cache.ts";
export type { Image, ImageDocuments } from "./src/source/image.ts";
export { dockerArchive, ociArchive, ociLayout } from "./src/source/image_doors.ts";
export type { DockerArchiveOptions, OciLayoutOptions } from "./src/source/image_doors.ts";
export { pullImage } from "./src/source/pull/pull_image.ts";
export type { PullOptions, PullReport } from "./src/source/pull/pull_image.ts";
export type { Environment } from "./src/source/registry/environment.ts";
export type { RegistryOptions } from "./src/source/registry/options.ts";
export { RegistryError } from "./src/source/registry/registry_error.ts";
export type {
  RegistryErrorDetail,
  RegistryErrorOptions,
} from "./src/source/registry/registry_error.ts";
export type { RegistryTiming } from "./src/source/registry/timing.ts";
export type { ClientCertificate } from "./src/source/registry/tls_settings.ts";
export type { DownloadListener, DownloadProgress } from "./src/source/remote/download_progress.ts";
export {
  containerdImage,
  type ContainerdOptions,
} from "./src/source/containerd/open_containerd.ts";
export {
  containersStorage,
  type ContainersStorageOptions,
} from "./src/source/containers_storage/open_containers_storage.ts";
export type { DirectoryOptions } from "./src/source/directory_options.ts";
export { dockerDaemon, type DockerDaemonOptions } from "./src/source/docker/open_docker_daemon.ts";
export type { StoreOptions } from "./src/source/store_options.ts";
export { imageFile } from "./src/source/image_file.ts";
export type { ImageFileOptions } from "./src/source/image_file.ts";
export { openImage } from "./src/transport/open_image.ts";
export type { OpenOptions } from "./src/source/open_options.ts";
export { overlay2 } from "./src/source/overlay2.ts";
export { rootDirectory } from "./src/source/root_directory.ts";
export type { RootDirectoryOptions } from "./src/source/root_directory.ts";
export { rootTar } from "./src/source/root_tar.ts";
export { registryImage } from "./src/source/remote/open_registry_image.ts";
export type { ImageOptions, RemoteOptions } from "./src/source/remote/remote_options.ts";
export { listReferrers, listTags } from "./src/source/remote/repository_lists.ts";
export type {
  ReferrerListOptions,
  RepositoryListOptions,
} from "./src/source/remote/repository_lists.ts";
export { formatDifference } from "./src/tree/compare.ts";
export type { CompareOptions, TreeDifference, TreeField } from "./src/tree/compare.ts";
export type { ContentReader } from "./src/tree/content_reader.ts";
export type { FileTree } from "./src/tree/file_tree.ts";
export type { DirectoryMarks, LayerMarks } from "./src/tree/layer_marks.ts";
export { FileKind, Inode } from "./src/tree/inode.ts";
export type { Xattr } from "./src/tree/inode.ts";
export { checkImage } from "./src/verify/check_image.ts";
export type { CheckOptions } from "./src/verify/check_image.ts";
export { compareViews } from "./src/verify/compare_views.ts";
export type { ExtraField } from "./src/verify/difference_fields.ts";
export { DifferenceRules } from "./src/verify/difference_rules.ts";
export type { DifferenceOptions } from "./src/verify/difference_rules.ts";
export { extractTree } from "./src/view/extract_tree.ts";
export type { ExtractOptions } from "./src/view/extract_tree.ts";
export { findPath } from "./src/view/find_path.ts";
export type { FoundFile } from "./src/view/find_path.ts";
export type { ExpectedFiles } from "./src/view/matching_writer.ts";
export { openTree } from "./src/view/tree_view.ts";
export type { BytesReceiver, TreeOptions, TreeView, WantedContents } from "./src/view/tree_view.ts";
