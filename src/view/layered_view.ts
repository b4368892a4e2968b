/**
 * An image of layers as a tree to look into: the layers are merged without their bytes, and those
 * that hold a wanted file are read again.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import { ImageReading } from "../convert/image_reading.ts";
import type { BodyWriter } from "../convert/layer_placement.ts";
import { EditPlan } from "../edit/edit_plan.ts";
import type { Image } from "../source/image.ts";
import type { FileTree } from "../tree/file_tree.ts";
import type { Inode } from "../tree/inode.ts";
import { contentDigest } from "../tree/content_digest.ts";
import { digestText, DigestWriter } from "../format/digest_writer.ts";
import { MatchingWriter, SameContent } from "./matching_writer.ts";
import type { BytesReceiver, TreeOptions, TreeView } from "./tree_view.ts";

/** Reads the layers of `image`, which the view closes. */
export async function openLayeredView(image: Image, options: TreeOptions): Promise<TreeView> {
  const createdSeconds = options.createdSeconds ?? image.config?.createdSeconds ??
    image.createdSeconds ?? 0;
  const plan = new EditPlan(image, {}, createdSeconds);
  const onNotice = options.onNotice ?? (() => {});
  const reading = new ImageReading<unknown>(image, plan, options, onNotice);
  const { contents, expected } = options;
  if (contents !== "digests") {
    return new LayeredView(image, reading, await reading.read(null), createdSeconds);
  }
  const tree = await reading.read(expected ? new MatchingWriter(expected) : new DigestWriter());
  return new LayeredView(image, reading, tree, createdSeconds, (content, size) => {
    if (!(content instanceof SameContent)) return digestText(content as ByteString);
    return contentDigest(expected!.reader, content.content, size);
  });
}

class LayeredView implements TreeView {
  readonly reader = null;
  readonly disk = null;
  readonly reference: string;
  readonly image: Image;
  readonly tree: FileTree;
  readonly createdSeconds: number;
  readonly digest?: (content: unknown, size: number) => string;
  readonly #reading: ImageReading<unknown>;

  constructor(
    image: Image,
    reading: ImageReading<unknown>,
    tree: FileTree,
    createdSeconds: number,
    digest?: (content: unknown, size: number) => string,
  ) {
    this.reference = image.reference;
    this.image = image;
    this.#reading = reading;
    this.tree = tree;
    this.createdSeconds = createdSeconds;
    this.digest = digest;
  }

  readonly isSame = (content: unknown, other: unknown): boolean =>
    content instanceof SameContent && content.content === other;

  async readFile(inode: Inode, receiver: BytesReceiver): Promise<void> {
    if (inode.size === 0) return;
    const { content } = inode;
    await this.place(new Set([inode]), {
      beginFile: () => ({
        write: (bytes) => receiver.write(bytes),
        skip: (byteCount) => receiver.skip(byteCount),
        // It is no location that anybody could use later.
        end: () => content,
      }),
      release() {},
      drain: receiver.drain && (() => receiver.drain!()),
    });
  }

  async place(files: ReadonlySet<Inode>, writer: BodyWriter<unknown>): Promise<void> {
    await this.#reading.place(files, writer);
  }

  takeOutOwnDirectory(): void {}

  async close(): Promise<void> {
    await this.image.close();
  }
}
