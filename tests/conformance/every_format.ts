/**
 * Every format that can be written and read: how to make an image of it, name it, and look into it.
 *
 * @module
 */
import { FORMATS } from "../../src/format/formats.ts";
import type { ImageFormat } from "../../src/format/image_format.ts";
import { takeOutOwnDirectory } from "../../src/format/own_directory.ts";
import type { ImageSink } from "../../src/io/byte_sink.ts";
import { directorySink } from "../../src/io/directory_sink.ts";
import { openImageFile } from "../../src/source/image_file.ts";
import type { ComparedTree } from "../../src/tree/compare.ts";
import { MountedTree } from "../mounted_tree.ts";
import { parsedTar } from "./archive_judges.ts";
import { plainSink } from "./plain_sink.ts";

/** What a format does not keep, by its nature: it is left out without a word. */
export interface Coarseness {
  /** Times are whole seconds. */
  readonly wholeSeconds?: boolean;
  /** Bytes of the pieces that holes consist of; `Infinity` where holes become zeros. */
  readonly holeSize: number;
}

/** A format that can be written and read. */
export interface RoundFormat extends Coarseness {
  /** Name in the table of formats. */
  readonly name: string;
  /** What the tests need to make and read it. */
  readonly needs: readonly string[];
  /** The name of an image in a directory. */
  path(directory: string): string;
  /** The reference that opens it. */
  reference(path: string): string;
  /** The writer. */
  create(): Promise<ImageFormat<unknown>>;
  /** The destination. */
  sink(path: string): ImageSink;
  /** Opens the image, gives its tree to `look`, and closes it. */
  look(path: string, look: (found: ComparedTree<unknown>) => void): Promise<void>;
}

/** An image of another kind is another input: without this, its identifiers would be others. */
const IDENTIFIERS = { uuid: "01234567-89ab-cdef-0123-456789abcdef" };

/** How each format is written here: fast, and with everything that it can keep. */
const SETTINGS: Readonly<Record<string, Coarseness & { readonly options?: object }>> = {
  ext4: { holeSize: 4096, options: { ...IDENTIFIERS, hashSeed: IDENTIFIERS.uuid, readOnly: true } },
  squashfs: {
    holeSize: 131_072,
    wholeSeconds: true,
    options: { compression: "zstd:1", compressionWorkers: 0 },
  },
  erofs: { holeSize: 65_536, options: IDENTIFIERS },
  tar: { holeSize: 512, options: { sparse: true } },
  cpio: { holeSize: Infinity, wholeSeconds: true },
  directory: { holeSize: 4096 },
};

/** All of them; a dump of names and metadata is no image to read. */
export const ROUND_FORMATS: readonly RoundFormat[] = FORMATS
  .filter(({ name }) => name !== "dump")
  .map((entry): RoundFormat => {
    const { name } = entry;
    const { options, ...coarseness } = SETTINGS[name];
    const common = {
      name,
      ...coarseness,
      create: async () => (await entry.loadWriter())(options ?? {}),
    };
    if (name === "directory") {
      return {
        ...common,
        needs: ["root"],
        path: (directory) => `${directory}/root`,
        reference: (path) => `dir:${path}`,
        sink: (path) => directorySink(path),
        look(path, look) {
          using mounted = new MountedTree(path);
          look({ tree: mounted.tree, reader: mounted });
          return Promise.resolve();
        },
      };
    }
    const file = {
      ...common,
      needs: [],
      path: (directory: string) => `${directory}/image${entry.extensions[0]}`,
      reference: (path: string) => `${name}:${path}`,
      sink: (path: string) => plainSink(path),
    };
    if (name === "tar") {
      return {
        ...file,
        look(path, look) {
          look(parsedTar(Deno.readFileSync(path), true) as ComparedTree<unknown>);
          return Promise.resolve();
        },
      };
    }
    return {
      ...file,
      async look(path, look) {
        const { reader } = await openImageFile(path, name, () => {});
        try {
          takeOutOwnDirectory(reader.tree, entry);
          look({ tree: reader.tree, reader });
        } finally {
          reader.close();
        }
      },
    };
  });

/** The format of that name. */
export function roundFormat(name: string): RoundFormat {
  return ROUND_FORMATS.find((format) => format.name === name)!;
}
