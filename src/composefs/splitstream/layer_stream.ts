/**
 * The entries of the layer that a splitstream holds.
 *
 * @module
 */
import { ByteSlab } from "../../bytes/byte_slab.ts";
import { ImageError } from "../../image_error.ts";
import type { LayerEntry, LayerVisitor } from "../../layer/layer_entry.ts";
import { TarParser } from "../../layer/tar/tar_parser.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import { type ImageContent, objectContent } from "../image/content.ts";
import type { ObjectId } from "../repository/object_id.ts";
import type { ObjectListing } from "../repository/object_listing.ts";
import type { ObjectStore } from "../repository/object_store.ts";
import type { ObjectWriter } from "../repository/object_writer.ts";
import { LARGEST_INLINE } from "./layer_splitter.ts";
import type { Splitstream } from "./splitstream_reader.ts";

const PIECE_SIZE = 256 * 1024;

/**
 * The entries of the layer in a stream, in its order, with the places of their content: an object,
 * or the bytes themselves where they are few; `present` lists the objects that may be. Rejects with
 * `ImageError`.
 *
 * What the tar holds in another form than the file (a sparse file) is stored as an object again.
 */
export async function readLayerEntries(
  stream: Splitstream,
  store: ObjectStore,
  present: ObjectListing = store.list(),
): Promise<LayerEntry<ImageContent>[]> {
  const collector = new EntryCollector(store, present);
  const parser = new TarParser(collector);
  const zeros = new Uint8Array(PIECE_SIZE);
  try {
    await stream.read({
      inline: (bytes) => void parser.push(bytes),
      object(id) {
        // The reader of the tar counts the bytes and nobody looks at them.
        for (let left = collector.expect(id); left > 0;) {
          left -= parser.push(zeros.subarray(0, Math.min(left, zeros.length)));
        }
      },
    });
    parser.finish();
  } finally {
    collector.close();
  }
  return collector.entries;
}

/** Collects entries and finds out where their content is. */
class EntryCollector implements LayerVisitor {
  readonly entries: LayerEntry<ImageContent>[] = [];
  readonly #store: ObjectStore;
  readonly #present: ObjectListing;
  readonly #inline = new ByteSlab();
  #inode: Inode<ImageContent> | null = null;
  // One of the three: the object of which the whole content consists, bytes, or an object to make.
  #expected: ObjectId | null = null;
  #bytes: Uint8Array | null = null;
  #fill = 0;
  #object: ObjectWriter | null = null;

  constructor(store: ObjectStore, present: ObjectListing) {
    this.#store = store;
    this.#present = present;
  }

  /** The object `id` comes next, all bytes of the file whose header was last; answers how many. */
  expect(id: ObjectId): number {
    if (!this.#present.has(id)) {
      throw new ImageError(
        "NOT_FOUND",
        `Cannot find object "${id}": it is not in the repository, expected it for a layer`,
        { subject: "object" },
      );
    }
    if (this.#inode === null || this.#fill > 0) {
      throw new ImageError(
        "CORRUPT",
        `Cannot read layer: its object "${id}" is not the content of a file, expected a whole one`,
      );
    }
    this.#expected = id;
    return this.#inode.size;
  }

  entry(entry: LayerEntry): boolean {
    const ours = entry as LayerEntry<ImageContent>;
    this.entries.push(ours);
    const { inode } = ours;
    if (inode === null || inode.kind !== FileKind.regular || inode.size === 0) return false;
    this.#inode = inode;
    this.#fill = 0;
    if (inode.size <= LARGEST_INLINE) this.#bytes = this.#inline.take(inode.size);
    return true;
  }

  write(bytes: Uint8Array): void {
    if (this.#bytes !== null) this.#bytes.set(bytes, this.#fill);
    else if (this.#expected === null) this.#writer().write(bytes);
    this.#fill += bytes.length;
  }

  skip(byteCount: number): void {
    if (this.#bytes === null) this.#writer().skip(byteCount);
    this.#fill += byteCount;
  }

  end(): void {
    this.#inode!.content = this.#location();
    this.#inode = null;
    this.#bytes = null;
    this.#expected = null;
  }

  close(): void {
    this.#object?.abort();
    this.#object = null;
  }

  #writer(): ObjectWriter {
    return this.#object ??= this.#store.begin();
  }

  #location(): ImageContent {
    if (this.#bytes !== null && this.#expected === null) return { bytes: this.#bytes };
    const object = this.#object;
    if (object === null) return objectContent(this.#expected!);
    if (this.#expected !== null) {
      throw new ImageError(
        "CORRUPT",
        `Cannot read layer: the file with the object "${this.#expected}" has holes, expected none`,
      );
    }
    const { id } = object.end();
    this.#object = null;
    return objectContent(id);
  }
}
