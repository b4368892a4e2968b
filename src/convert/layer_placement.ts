/**
 * Takes one layer in: keeps its entries and hands the bytes of wanted files to the writer.
 *
 * @module
 */
import type { FileWriter, ImageWriter } from "../format/image_format.ts";
import type { LayerEntry, LayerVisitor } from "../layer/layer_entry.ts";
import { FileKind, type Inode } from "../tree/inode.ts";

/** Places the file bytes of one layer. */
export class LayerPlacement<C> implements LayerVisitor {
  /** The layer's entries so far, in its order. */
  readonly entries: LayerEntry<C>[] = [];
  readonly #writer: ImageWriter<C>;
  readonly #wants: (entry: LayerEntry<C>, ordinal: number) => boolean;
  readonly #placeIn: (ordinal: number) => Inode<C>;
  #file: FileWriter<C> | null = null;

  /**
   * `wants` decides for each regular file whether its bytes are placed; their location goes into
   * the inode that `placeIn` names, by default the entry's own.
   */
  constructor(
    writer: ImageWriter<C>,
    wants: (entry: LayerEntry<C>, ordinal: number) => boolean,
    placeIn?: (ordinal: number) => Inode<C>,
  ) {
    this.#writer = writer;
    this.#wants = wants;
    this.#placeIn = placeIn ?? ((ordinal) => this.entries[ordinal].inode!);
  }

  entry(entry: LayerEntry): boolean {
    // A layer's reader leaves `content` null, so its entries fit any writer.
    const ours = entry as LayerEntry<C>;
    const ordinal = this.entries.push(ours) - 1;
    if (ours.inode === null || ours.inode.kind !== FileKind.regular || ours.inode.size === 0) {
      return false;
    }
    if (!this.#wants(ours, ordinal)) return false;
    this.#file = this.#writer.beginFile(ours.inode.size);
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
