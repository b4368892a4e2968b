/**
 * A writer that compares files with those of another tree as they arrive, and keeps nothing else.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, type Hash } from "node:crypto";
import { type ByteString, byteStringFrom } from "../bytes/byte_string.ts";
import type { BodyWriter } from "../convert/layer_placement.ts";
import type { FileWriter } from "../format/image_format.ts";
import type { ContentReader } from "../tree/content_reader.ts";
import type { FileTree } from "../tree/file_tree.ts";
import { FileKind, type Inode } from "../tree/inode.ts";

/** Names and bytes that files are compared with. */
export interface ExpectedFiles {
  /** Names. */
  readonly tree: FileTree;
  /** Bytes. */
  readonly reader: ContentReader<unknown>;
}

/** What is known of a file's bytes: their SHA-256 as a byte string, or that an expected file has them. */
export type KnownContent = ByteString | SameContent;

/** The bytes are those of an expected file. */
export class SameContent {
  /** Their location there. */
  readonly content: unknown;

  /** Takes the location. */
  constructor(content: unknown) {
    this.content = content;
  }
}

const ZEROS = new Uint8Array(64 * 1024);

/**
 * Takes files of an image that is probably `expected`. Comparing takes a quarter of the time that
 * hashing both takes; only what is not found at its path is hashed.
 */
export class MatchingWriter implements BodyWriter<KnownContent> {
  /** Layers that are read side by side need not wait for each other's files. */
  readonly openFileCount = 2;
  readonly #expected: ExpectedFiles;
  #buffer = new Uint8Array(0);

  /** Compares with `expected`. */
  constructor(expected: ExpectedFiles) {
    this.#expected = expected;
  }

  /** Begins the file that an entry puts at `path`. */
  beginFile(size: number, path: ByteString): FileWriter<KnownContent> {
    const inode = this.#find(path);
    const isLike = inode !== null && inode.kind === FileKind.regular && inode.size === size &&
      inode.content !== null;
    const { reader } = this.#expected;
    return new MatchingFile(
      reader,
      isLike ? inode.content : null,
      (byteCount) => this.#bufferOf(byteCount),
    );
  }

  /** There is nothing to give back. */
  release(): void {}

  /** Like the shadow of newer layers only a guess by the text of the path. */
  #find(path: ByteString): Inode | null {
    let inode: Inode | undefined = this.#expected.tree.root;
    for (const name of path.split("/")) {
      inode = inode?.children?.get(name);
      if (inode === undefined) return null;
    }
    return inode;
  }

  #bufferOf(byteCount: number): Uint8Array<ArrayBuffer> {
    if (this.#buffer.length < byteCount) this.#buffer = new Uint8Array(byteCount);
    return this.#buffer.subarray(0, byteCount);
  }
}

class MatchingFile implements FileWriter<KnownContent> {
  readonly #reader: ContentReader<unknown>;
  readonly #content: unknown;
  readonly #bufferOf: (byteCount: number) => Uint8Array<ArrayBuffer>;
  #position = 0;
  /** Set as soon as the file is another one. */
  #hash: Hash | null = null;

  constructor(
    reader: ContentReader<unknown>,
    content: unknown,
    bufferOf: (byteCount: number) => Uint8Array<ArrayBuffer>,
  ) {
    this.#reader = reader;
    this.#content = content;
    this.#bufferOf = bufferOf;
    if (content === null) this.#hash = createHash("sha256");
  }

  write(bytes: Uint8Array): void {
    if (this.#hash === null && !this.#matches(bytes)) this.#startHash();
    this.#hash?.update(bytes);
    this.#position += bytes.length;
  }

  skip(byteCount: number): void {
    const end = this.#position + byteCount;
    while (this.#position < end) {
      const isHole = this.#hash === null &&
        this.#reader.seekData(this.#content, this.#position) >= end;
      if (isHole) this.#position = end;
      else this.write(ZEROS.subarray(0, Math.min(ZEROS.length, end - this.#position)));
    }
  }

  end(): KnownContent {
    return this.#hash === null
      ? new SameContent(this.#content)
      : byteStringFrom(this.#hash.digest());
  }

  #matches(bytes: Uint8Array): boolean {
    const expected = this.#bufferOf(bytes.length);
    const count = this.#reader.read(this.#content, expected, this.#position);
    return count === bytes.length && Buffer.compare(expected, bytes) === 0;
  }

  /** All bytes so far are those of the expected file. */
  #startHash(): void {
    const hash = createHash("sha256");
    for (let position = 0; position < this.#position;) {
      const piece = this.#bufferOf(Math.min(ZEROS.length, this.#position - position));
      const count = this.#reader.read(this.#content, piece, position);
      hash.update(piece.subarray(0, count));
      position += piece.length;
    }
    this.#hash = hash;
  }
}
