/**
 * Takes one layer in: keeps its entries and hands the bytes of wanted files to the writer.
 *
 * @module
 */
import type { FileWriter, ImageWriter } from "../format/image_format.ts";
import type { LayerEntry, LayerVisitor } from "../layer/layer_entry.ts";
import { FileKind, type Inode } from "../tree/inode.ts";

/** The part of a writer that takes the bytes of files. */
export type BodyWriter<C> = Pick<ImageWriter<C>, "openFileCount" | "beginFile" | "release">;

/** Whether an entry is a regular file with bytes to place. */
export function hasBytes(entry: LayerEntry): boolean {
  const inode = entry.inode;
  return inode !== null && inode.kind === FileKind.regular && inode.size > 0;
}

/** Places the file bytes of one layer. */
export class LayerPlacement<C> implements LayerVisitor {
  /** The layer's entries so far, in its order. */
  readonly entries: LayerEntry<C>[] = [];
  readonly #writer: BodyWriter<C> | null;
  readonly #select: (entry: LayerEntry<C>, ordinal: number) => boolean;
  readonly #placeIn: (ordinal: number) => Inode<C>;
  #file: FileWriter<C> | null = null;

  /**
   * `select` hears every entry, and asks for the bytes of a regular file that has some by `true`;
   * their location goes into the inode that `placeIn` names, by default the entry's own. Without
   * a writer it must not ask for any.
   */
  constructor(
    writer: BodyWriter<C> | null,
    select: (entry: LayerEntry<C>, ordinal: number) => boolean,
    placeIn?: (ordinal: number) => Inode<C>,
  ) {
    this.#writer = writer;
    this.#select = select;
    this.#placeIn = placeIn ?? ((ordinal) => this.entries[ordinal].inode!);
  }

  entry(entry: LayerEntry): boolean {
    // A layer's reader leaves `content` null, so its entries fit any writer.
    const ours = entry as LayerEntry<C>;
    if (!this.#select(ours, this.entries.push(ours) - 1)) return false;
    this.#file = this.#writer!.beginFile(ours.inode!.size);
    return true;
  }

  write(bytes: Uint8Array): void {
    this.#file!.write(bytes);
  }

  skip(byteCount: number): void {
    this.#file!.skip(byteCount);
  }

  end(): void {
    this.#placeIn(this.entries.length - 1).content = this.#file!.end();
    this.#file = null;
  }
}
