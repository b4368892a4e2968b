/**
 * A filesystem image (ext4 and whatever else has a reader) as an image of one layer.
 *
 * @module
 */
import type { Disk } from "../disk/disk_container.ts";
import { openDisk } from "../disk/open_disk.ts";
import { withAppendedTree } from "../disk/verity_container.ts";
import {
  type FormatEntry,
  formatOfBytes,
  formatOfFileName,
  HEAD_SIZE,
  IMAGE_FILE_FORMATS,
} from "../format/formats.ts";
import type { ImageReader } from "../format/image_reader.ts";
import { takeOutOwnDirectory } from "../format/own_directory.ts";
import { ImageError } from "../image_error.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { fileSource } from "../io/file_source.ts";
import type { NoticeListener } from "../notice.ts";
import { quote } from "../oci/quote.ts";
import type { Image } from "./image.ts";
import { createRequest, type OpenOptions } from "./open_options.ts";
import { pathKind } from "./path_kind.ts";
import { rootImage } from "./root_image.ts";

/** Options of {@linkcode imageFile}. */
export interface ImageFileOptions extends OpenOptions {
  /** The format by its name, as `ext4`; its first bytes tell where it is absent. */
  readonly format?: string;
}

/** A filesystem image with its reader. */
export interface OpenedImageFile {
  /** What it is. */
  readonly format: FormatEntry;
  /** All of it; the caller closes it. */
  readonly reader: ImageReader;
  /** What is around it; closed with the reader. */
  readonly disk: Disk;
}

/**
 * The format of the filesystem image in the file or block device at `path` by its first bytes, of
 * a compressed archive by its name, `null` where it is nothing of the kind. Throws `ImageError` `PERMISSION` or `IO`.
 */
export function imageFileFormat(path: string): FormatEntry | null {
  if (!isReadable(path)) return null;
  const source = fileSource(path);
  try {
    return formatOf(openDisk(source).image, path);
  } finally {
    source.close();
  }
}

/**
 * Opens the filesystem image at `path` for reading, also inside a qcow2 or fixed VHD file and in the
 * root partition of a disk; `format` is as in {@linkcode ImageFileOptions}.
 *
 * Throws `ImageError`: `NOT_FOUND`, `UNSUPPORTED` (no format that is known, or a feature of it),
 * `AMBIGUOUS` (several partitions), `CORRUPT`, `LIMIT_EXCEEDED`, `PERMISSION`, `IO`; `TypeError` for
 * a name that is no format; the reason of `signal`.
 */
export async function openImageFile(
  path: string,
  format: string | undefined,
  onNotice: NoticeListener,
  signal?: AbortSignal,
): Promise<OpenedImageFile> {
  const forced = IMAGE_FILE_FORMATS.find(({ name }) => name === format);
  if (format !== undefined && forced === undefined) {
    throw new TypeError(
      `Cannot open image file: format is ${quote(format)}, expected one of ${formatList()}`,
    );
  }
  const source = fileSource(path);
  let isOpened = false;
  try {
    const disk = openDisk(source);
    const { image } = disk;
    const found = forced ?? formatOf(image, path);
    if (found === null) {
      throw new ImageError(
        "UNSUPPORTED",
        `Cannot open ${quote(path)}: its first bytes are of no format that is known, ` +
          `expected one of ${formatList()}`,
      );
    }
    const reader = await (await found.loadReader!())(image, onNotice, signal);
    isOpened = true;
    return { format: found, reader, disk: withAppendedTree(disk, reader.description.imageSize) };
  } catch (error) {
    throw error instanceof ImageError ? error.at({ source: path }) : error;
  } finally {
    if (!isOpened) source.close();
  }
}

/**
 * Opens the filesystem image in the file or block device at `path` as a root filesystem: all its
 * files with owners, times, extended attributes, devices, hard links and holes. It has neither
 * configuration nor digest; `close` closes the file. What the format put there by itself, an empty
 * `lost+found` of ext4, is no part of it. Disk files (qcow2, fixed VHD) and partition tables around
 * the filesystem are looked through.
 *
 * Throws `ImageError`: `NOT_FOUND`, `UNSUPPORTED` (no format that is known, or a feature of it),
 * `CORRUPT`, `LIMIT_EXCEEDED`, `PERMISSION`, `IO`; `TypeError` for a name that is no format; the
 * signal's reason when cancelled.
 *
 * @example
 * ```ts
 * import { convert, ext4, fileSink, imageFile, openImage } from "@x/oci2rootfs";
 *
 * const directory = await Deno.makeTempDir();
 * const image = await openImage("testdata/layouts/tiny");
 * await convert(image, ext4(), fileSink(`${directory}/one.ext4`));
 * await image.close();
 *
 * const again = await imageFile(`${directory}/one.ext4`);
 * await convert(again, ext4({ label: "copy" }), fileSink(`${directory}/two.ext4`));
 * await again.close();
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function imageFile(path: string, options: ImageFileOptions = {}): Promise<Image> {
  const { format: wanted } = options;
  const request = createRequest(wanted === undefined ? path : `${wanted}:${path}`, {}, options);
  request.checkCancelled();
  const { format, reader } = await openImageFile(
    path,
    wanted,
    request.notice,
    options.signal,
  );
  takeOutOwnDirectory(reader.tree, format);
  const image = rootImage(
    request,
    {
      index: 0,
      name: `0 (${format.name})`,
      size: 0,
      job: {
        kind: "tree",
        tree: reader.tree,
        reader,
        declaredCompression: null,
        digest: null,
        diffId: null,
      },
    },
    () => reader.close(),
  );
  return { ...image, createdSeconds: reader.description.createdSeconds };
}

function isReadable(path: string): boolean {
  const kind = pathKind(path);
  return kind === "file" || (kind === "other" && Deno.statSync(path).isBlockDevice === true);
}

function formatOf(source: ByteSource, path: string): FormatEntry | null {
  const head = new Uint8Array(HEAD_SIZE);
  const found = formatOfBytes(head.subarray(0, source.read(head, 0))) ?? compressedFormat(path);
  return found !== null && IMAGE_FILE_FORMATS.includes(found) ? found : null;
}

/** Compressed bytes do not tell what is in them, `.cpio.gz` does. */
function compressedFormat(path: string): FormatEntry | null {
  const named = formatOfFileName(path);
  return named?.optionsOfFileName?.(path).compression === undefined ? null : named;
}

function formatList(): string {
  return IMAGE_FILE_FORMATS.map(({ name }) => name).join(", ");
}
