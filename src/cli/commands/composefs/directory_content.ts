/**
 * The bytes of files that are in a directory of this machine, while only their digests are in a tree.
 *
 * @module
 */
import { join } from "node:path";
import { displayByteString } from "../../../bytes/byte_string.ts";
import type { ImageContent } from "../../../composefs/image/content.ts";
import { fileSource } from "../../../io/file_source.ts";
import type { ContentReader } from "../../../tree/content_reader.ts";
import { type FileTree, walk } from "../../../tree/file_tree.ts";

/** Reads files of a tree where they came from; slow, for a few small ones. */
export class DirectoryContent implements ContentReader<ImageContent> {
  readonly #directory: string;
  readonly #paths: ReadonlyMap<ImageContent, string>;

  /** The files of `tree`, which was read from `directory`. */
  constructor(directory: string, tree: FileTree<ImageContent>) {
    this.#directory = directory;
    this.#paths = new Map(
      [...walk(tree)].flatMap(({ path, inode: { content } }) =>
        content === null ? [] : [[content, displayByteString(path)] as const]
      ),
    );
  }

  /** See {@linkcode ContentReader.read}. */
  read(content: ImageContent, into: Uint8Array<ArrayBuffer>, position: number): number {
    const source = fileSource(join(this.#directory, this.#paths.get(content)!));
    try {
      return source.read(into, position);
    } finally {
      source.close();
    }
  }

  /** See {@linkcode ContentReader.seekData}. */
  seekData(_content: ImageContent, position: number): number {
    return position;
  }
}
