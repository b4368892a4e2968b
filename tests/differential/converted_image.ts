/**
 * An image converted to ext4 by the library, and the mounted or opened result.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { convert, type ConvertOptions, type ConvertReport } from "../../src/convert/convert.ts";
import { ext4 } from "../../src/format/ext4/format.ts";
import type { Ext4Content } from "../../src/format/ext4/content.ts";
import { openExt4 } from "../../src/format/ext4/reader.ts";
import { fileSink } from "../../src/io/file_sink.ts";
import { fileSource } from "../../src/io/file_source.ts";
import type { DirectoryOptions } from "../../src/source/directory_options.ts";
import type { Image } from "../../src/source/image.ts";
import { openImage } from "../../src/transport/open_image.ts";
import type { StoreOptions } from "../../src/source/store_options.ts";
import type { ContentReader } from "../../src/tree/content_reader.ts";
import type { FileTree } from "../../src/tree/file_tree.ts";

/** An image file of a test. */
export interface ConvertedImage {
  /** The ext4 image. */
  readonly path: string;
  /** What the conversion said. */
  readonly report: ConvertReport;
}

/** The tree of an image file, and its contents. */
export interface OpenedTree {
  /** Names and metadata, without `lost+found`. */
  readonly tree: FileTree<Ext4Content>;
  /** Bytes of files. */
  readonly reader: ContentReader<Ext4Content>;
}

/** Parameters of {@linkcode convertReference}. */
export interface ConversionParameters {
  /** Options of the conversion. */
  readonly convert?: ConvertOptions;
  /** Options of the format. */
  readonly ext4?: Parameters<typeof ext4>[0];
  /** Platform to choose. */
  readonly platform?: string;
  /** Further options of opening the image. */
  readonly open?: DirectoryOptions & StoreOptions;
  /** Stands in for the manifest's digest, which UUID and hash seed come from. */
  readonly identity?: string;
}

/** Converts the image that `reference` names into the file `path`. */
export async function convertReference(
  reference: string,
  path: string,
  parameters: ConversionParameters = {},
): Promise<ConvertedImage> {
  const image = await openImage(reference, {
    platform: parameters.platform,
    ...parameters.open,
  });
  try {
    const report = await convert(
      withIdentity(image, parameters.identity ?? image.digest),
      ext4(parameters.ext4 ?? {}),
      fileSink(path),
      parameters.convert,
    );
    return { path, report };
  } finally {
    await image.close();
  }
}

function withIdentity(image: Image, digest: string | null): Image {
  const { reference, config, platform, layers, annotations, notices } = image;
  return {
    reference,
    digest,
    config,
    platform,
    layers,
    annotations,
    notices,
    close: () => image.close(),
  };
}

/** Converts an image into a temporary file that is deleted after `use`. */
export async function withConverted<T>(
  reference: string,
  use: (converted: ConvertedImage) => T | Promise<T>,
  parameters: ConversionParameters = {},
): Promise<T> {
  const work = Deno.makeTempDirSync({ prefix: "converted_image_" });
  try {
    return await use(await convertReference(reference, `${work}/image.ext4`, parameters));
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Opens an ext4 image with our own reader, calls `use` with its tree, and closes it. */
export function withOpenedImage<T>(path: string, use: (opened: OpenedTree) => T): T {
  const reader = openExt4(fileSource(path));
  try {
    dropLostAndFound(reader.tree);
    return use({ tree: reader.tree, reader });
  } finally {
    reader.close();
  }
}

/** Takes the directory that every ext4 image has out of a tree that is compared with others. */
export function dropLostAndFound(tree: FileTree): void {
  if (tree.root.children!.delete("lost+found")) tree.root.linkCount--;
}
