/**
 * Images, formats and destinations in memory, for tests of conversions.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { type ByteString, byteStringFrom } from "../bytes/byte_string.ts";
import type {
  FileWriter,
  ImageFormat,
  ImageWriter,
  WriterContext,
} from "../format/image_format.ts";
import type { ByteSink, ImageSink } from "../io/byte_sink.ts";
import type { Layer } from "../layer/layer.ts";
import { tarArchive, type TarEntryInit } from "../layer/tar/tar_fixture.ts";
import type { Image } from "../source/image.ts";
import { type FileTree, walk } from "../tree/file_tree.ts";
import { FileKind } from "../tree/inode.ts";

/** A format that keeps everything in memory and writes down what happened. */
export class RecordingFormat implements ImageFormat<ByteString> {
  readonly name = "recording";
  readonly streams = true;
  readonly placed: ByteString[] = [];
  readonly released: ByteString[] = [];
  tree: FileTree<ByteString> | null = null;

  /** What the last image was derived from. */
  identity = "";

  createWriter(_sink: ByteSink, context: WriterContext): ImageWriter<ByteString> {
    return {
      beginFile: (size) => this.#beginFile(size),
      release: (content) => void this.released.push(content),
      finish: (tree) => {
        this.tree = tree;
        this.identity = context.identity();
        return Promise.resolve({ format: this.name, imageSize: 0, writtenBytes: 0, details: {} });
      },
    };
  }

  #beginFile(size: number): FileWriter<ByteString> {
    let content = "";
    return {
      write: (bytes) => void (content += byteStringFrom(bytes)),
      skip: (byteCount) => void (content += "\0".repeat(byteCount)),
      end: () => {
        strictEqual(content.length, size);
        this.placed.push(content);
        return content;
      },
    };
  }

  files(): Record<string, string> {
    const files: Record<string, string> = {};
    for (const { path, inode } of walk(this.tree!)) {
      if (inode.kind === FileKind.regular) files[path] = inode.content ?? "";
    }
    return files;
  }
}

/** A destination that writes down what happens to it. */
export class RecordingSink implements ImageSink {
  readonly name = "memory";
  readonly seekable = true;
  readonly events: string[] = [];
  open() {
    this.events.push("open");
    return {
      write: () => {},
      truncate: () => {},
      commit: () => void this.events.push("commit"),
      abort: () => void this.events.push("abort"),
    };
  }
}

/** An image whose layers are these archives, base first. */
export function imageOf(...archives: TarEntryInit[][]): Image {
  const layers = archives.map((entries, index): Layer => {
    const bytes = tarArchive(entries);
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    return {
      index,
      name: `${index} (test)`,
      size: bytes.length,
      job: {
        kind: "tar",
        location: { kind: "memory", bytes },
        size: bytes.length,
        declaredCompression: "none",
        digest,
        diffId: digest,
      },
    };
  });
  return {
    reference: "test",
    digest: "sha256:00",
    config: null,
    platform: null,
    layers,
    annotations: {},
    notices: [],
    close: () => Promise.resolve(),
  };
}
