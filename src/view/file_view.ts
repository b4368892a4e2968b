/**
 * A filesystem image in a file as a tree to look into.
 *
 * @module
 */
import type { BodyWriter } from "../convert/layer_placement.ts";
import type { Disk } from "../disk/disk_container.ts";
import { type FormatEntry, IMAGE_FILE_FORMATS } from "../format/formats.ts";
import type { ImageReader } from "../format/image_reader.ts";
import { takeOutOwnDirectory } from "../format/own_directory.ts";
import { ImageError } from "../image_error.ts";
import { TURN_SIZE } from "../layer/layer_reading.ts";
import { pause } from "../layer/pause.ts";
import { displayByteString } from "../bytes/byte_string.ts";
import { imageFileFormat, type OpenedImageFile, openImageFile } from "../source/image_file.ts";
import { pathExists } from "../source/path_kind.ts";
import { contentDigest } from "../tree/content_digest.ts";
import { walk } from "../tree/file_tree.ts";
import { FileKind, type Inode } from "../tree/inode.ts";
import { givePiece } from "../tree/piece_holes.ts";
import type { BytesReceiver, TreeOptions, TreeView } from "./tree_view.ts";

/** Bytes that are read at once. */
const PIECE_SIZE = 1024 * 1024;

/** Bytes of a hole that are passed over at once: whoever hashes them takes a while. */
const SKIP_SIZE = 8 * 1024 * 1024;

/** A filesystem image that a reference names. */
export interface ImageFileReference {
  /** Where it is. */
  readonly path: string;
  /** The format by its name; `undefined` where its first bytes tell. */
  readonly format: string | undefined;
}

/**
 * What a reference says of a filesystem image, `ext4:FILE` or the path of one; `null` where it means
 * something else. Throws `ImageError` `PERMISSION` or `IO`.
 */
export function imageFileIn(reference: string): ImageFileReference | null {
  // A path that exists is a path, whatever it looks like.
  if (pathExists(reference)) {
    return imageFileFormat(reference) === null ? null : { path: reference, format: undefined };
  }
  const format = IMAGE_FILE_FORMATS.find(({ name }) => reference.startsWith(`${name}:`))?.name;
  return format === undefined ? null : { path: reference.slice(format.length + 1), format };
}

/** Opens a filesystem image. Rejects like `openImageFile`. */
export async function openFileView(
  reference: string,
  { path, format }: ImageFileReference,
  options: TreeOptions,
): Promise<TreeView> {
  const file = await openImageFile(
    path,
    format,
    options.onNotice ?? (() => {}),
    options.signal,
  );
  return new FileView(reference, file, options);
}

class FileView implements TreeView {
  readonly image = null;
  readonly reference: string;
  readonly reader: ImageReader;
  readonly disk: Disk;
  readonly createdSeconds: number;
  readonly #format: FormatEntry;
  readonly #options: TreeOptions;
  #untilTurn = TURN_SIZE;

  constructor(reference: string, { format, reader, disk }: OpenedImageFile, options: TreeOptions) {
    this.reference = reference;
    this.reader = reader;
    this.disk = disk;
    this.#format = format;
    this.createdSeconds = options.createdSeconds ?? reader.description.createdSeconds ?? 0;
    this.#options = options;
  }

  get tree() {
    return this.reader.tree;
  }

  readonly digest = (content: unknown, size: number): string =>
    contentDigest(this.reader, content, size);

  async readFile(inode: Inode, receiver: BytesReceiver): Promise<void> {
    await this.#copy(inode, receiver);
  }

  async place(files: ReadonlySet<Inode>, writer: BodyWriter<unknown>): Promise<void> {
    const placed = new Set<Inode>();
    for (const { path, inode } of walk(this.tree)) {
      if (!files.has(inode) || placed.has(inode)) continue;
      placed.add(inode);
      const body = writer.beginFile(inode.size, path);
      try {
        await this.#copy(inode, body);
      } catch (error) {
        if (error instanceof ImageError) error.at({ path: `/${displayByteString(path)}` });
        throw error;
      }
      inode.content = body.end();
    }
  }

  takeOutOwnDirectory(): void {
    takeOutOwnDirectory(this.tree, this.#format);
  }

  close(): Promise<void> {
    this.reader.close();
    return Promise.resolve();
  }

  async #copy({ kind, content, size }: Inode, receiver: BytesReceiver): Promise<void> {
    if (kind !== FileKind.regular) throw new TypeError("Cannot read bytes of what is no file");
    const { reader } = this;
    const buffer = new Uint8Array(Math.min(size, PIECE_SIZE));
    let position = 0;
    while (position < size) {
      if (this.#untilTurn <= 0) {
        this.#untilTurn = TURN_SIZE;
        await pause();
        this.#options.signal?.throwIfAborted();
      }
      const data = content === null ? size : Math.min(size, reader.seekData(content, position));
      if (data > position) {
        const step = Math.min(data - position, SKIP_SIZE);
        receiver.skip(step);
        position += step;
        this.#untilTurn -= step;
        await receiver.drain?.();
        continue;
      }
      const piece = buffer.subarray(0, Math.min(buffer.length, size - position));
      const count = reader.read(content, piece, position);
      if (count !== piece.length) {
        throw new ImageError(
          "CORRUPT",
          `Cannot read file: ${position + count} bytes are there, expected ${size}`,
        );
      }
      const given = givePiece(reader, content, piece, position, receiver);
      position += given;
      this.#untilTurn -= given;
      await receiver.drain?.();
    }
  }
}
