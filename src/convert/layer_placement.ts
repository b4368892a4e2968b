/**
 * Takes one layer in: hands its entries on, and the bytes of wanted files to the writer.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import type { FileWriter } from "../format/image_format.ts";
import type { LayerEntry, LayerVisitor } from "../layer/layer_entry.ts";
import { FileKind, type Inode } from "../tree/inode.ts";

/** The part of a writer that takes the bytes of files. Every `ImageWriter` is one. */
export interface BodyWriter<C> {
  /** See `ImageWriter.openFileCount`. */
  readonly openFileCount?: number;
  /** See `ImageWriter.beginFile`; `path` is where the entry puts the file. */
  beginFile(size: number, path: ByteString): FileWriter<C>;
  /** See `ImageWriter.release`. */
  release(content: C): void;
  /** Resolves when more bytes may come; absent where they are taken at once. */
  drain?(): Promise<void>;
}

/** Whether an entry is a regular file with bytes to place. */
export function hasBytes(entry: LayerEntry): boolean {
  const inode = entry.inode;
  return inode !== null && inode.kind === FileKind.regular && inode.size > 0;
}

/** Places the file bytes of one layer. */
export class LayerPlacement<C> implements LayerVisitor {
  /** How many entries there were so far. */
  entryCount = 0;
  readonly #writer: BodyWriter<C> | null;
  readonly #select: (entry: LayerEntry<C>, ordinal: number) => Inode<C> | null;
  #file: FileWriter<C> | null = null;
  #inode: Inode<C> | null = null;

  /**
   * `select` hears every entry, and asks for the bytes of a regular file that has some by the inode
   * that is to get their location. Without a writer it must not ask for any.
   */
  constructor(
    writer: BodyWriter<C> | null,
    select: (entry: LayerEntry<C>, ordinal: number) => Inode<C> | null,
  ) {
    this.#writer = writer;
    this.#select = select;
  }

  entry(entry: LayerEntry): boolean {
    // A layer's reader leaves `content` null, so its entries fit any writer.
    this.#inode = this.#select(entry as LayerEntry<C>, this.entryCount++);
    if (this.#inode === null) return false;
    this.#file = this.#writer!.beginFile(this.#inode.size, entry.path);
    return true;
  }

  write(bytes: Uint8Array): void {
    this.#file!.write(bytes);
  }

  skip(byteCount: number): void {
    this.#file!.skip(byteCount);
  }

  end(): void {
    this.#inode!.content = this.#file!.end();
    this.#file = null;
  }
}
