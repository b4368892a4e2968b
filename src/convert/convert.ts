/**
 * The product in a page: an image becomes a root filesystem.
 *
 * Layers are read newest first; the bytes of every file that can survive go straight to the
 * format's writer. Then the tree is built from the entries alone, oldest first, and the writer
 * adds its metadata. Each byte is decompressed once and written once.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { EditPlan } from "../edit/edit_plan.ts";
import type { ImageEdits } from "../edit/image_edits.ts";
import type { ImageFormat, ImageWriter, WriteReport } from "../format/image_format.ts";
import type { ImageSink, OpenSink } from "../io/byte_sink.ts";
import type { Layer } from "../layer/layer.ts";
import type { LayerSummary } from "../layer/layer_reading.ts";
import type { Notice, NoticeListener } from "../notice.ts";
import type { Platform } from "../oci/platform.ts";
import type { Image } from "../source/image.ts";
import { countFiles, type FileCounts } from "./file_counts.ts";
import { ImageReading } from "./image_reading.ts";

/** What a conversion is doing. */
export type ConvertProgress =
  | {
    /** A layer is being read. */
    readonly kind: "layer";
    /** Which. */
    readonly layer: Layer;
    /** Bytes of it that were read, as stored. */
    readonly readBytes: number;
    /** Whether it is complete. */
    readonly done: boolean;
  }
  | {
    /** All layers were read; the metadata is being written. */
    readonly kind: "finish";
  };

/** Options of {@linkcode convert}. */
export interface ConvertOptions {
  /** Cancels the conversion; it then rejects with the signal's reason and leaves nothing behind. */
  signal?: AbortSignal;
  /** Called as the work goes on, several times a second at most for each layer. */
  onProgress?: (event: ConvertProgress) => void;
  /** Called for each remark as it comes up; all are in the report too. */
  onNotice?: NoticeListener;
  /**
   * Verify the uncompressed bytes of every layer against the configuration, also where the
   * compressed blob has a digest of its own.
   *
   * @default {false}
   */
  verifyDiffIds?: boolean;
  /**
   * What becomes of an entry whose parent is a symbolic link of an older layer: `follow` puts it
   * where the link leads, `replace` hides the link behind a real directory, as overlayfs does.
   *
   * @default {"follow"}
   */
  symlinkedParents?: "follow" | "replace";
  /**
   * A directory entry over a symbolic link to a directory keeps the link.
   *
   * @default {false}
   */
  keepDirlinks?: boolean;
  /** Changes on the way: files that are added or taken out, owners, times. */
  edits?: ImageEdits;
  /**
   * Time for everything that has none of its own, seconds since 1970.
   *
   * @default the image's own time of creation, or 0
   */
  createdSeconds?: number;
  /**
   * Workers that decompress and verify layers; 0 does it in this thread. The image is the same.
   *
   * @default one for each processor, at most one for each layer and 4
   */
  workers?: number;
  /**
   * Uncompressed bytes that may wait between workers and this thread.
   *
   * @default {67108864}
   */
  memoryBytes?: number;
}

/** What one layer was. */
export interface LayerReport {
  /** Place in the image: 0 is the base. */
  readonly index: number;
  /** Digest of the blob as stored, where there is one. */
  readonly digest: string | null;
  /** Digest of the uncompressed layer, where it is known. */
  readonly diffId: string | null;
  /** Bytes as stored. */
  readonly size: number;
  /** Bytes uncompressed. */
  readonly uncompressedSize: number;
  /** How many entries it has, whiteouts included. */
  readonly entries: number;
}

/** What a conversion made. */
export interface ConvertReport {
  /** The reference the image was opened by. */
  readonly reference: string;
  /**
   * Digest of its manifest, or of its configuration where there is no manifest, or of what was read
   * where there is neither.
   */
  readonly digest: string;
  /** What it is for, where it says so. */
  readonly platform: Platform | null;
  /** The image that was written. */
  readonly image: WriteReport;
  /** How many files of each kind are in it. */
  readonly counts: FileCounts;
  /** The layers, base first; those that were added on the way come last. */
  readonly layers: readonly LayerReport[];
  /** All remarks, in a stable order. */
  readonly notices: readonly Notice[];
  /** How long it took. */
  readonly timings: {
    /** Reading the layers and placing file bytes, seconds. */
    readonly readSeconds: number;
    /** Planning and writing metadata, seconds. */
    readonly finishSeconds: number;
    /** All of it, seconds. */
    readonly totalSeconds: number;
  };
}

/**
 * Converts `image` into a root filesystem of `format` in `sink`. The output appears under its name
 * only when it is whole and every digest was verified.
 *
 * Throws `ImageError` for bad input and for what the system refuses, `signal.reason` when
 * cancelled; nothing is left behind then.
 *
 * @example
 * ```ts
 * import { convert, ext4, fileSink, openImage } from "@x/oci2rootfs";
 *
 * const image = await openImage("testdata/layouts/tiny");
 * const output = await Deno.makeTempFile({ suffix: ".ext4" });
 * const report = await convert(image, ext4({ label: "root" }), fileSink(output));
 * console.assert(report.counts.regular > 0);
 * await image.close();
 * await Deno.remove(output);
 * ```
 */
export async function convert<C>(
  image: Image,
  format: ImageFormat<C>,
  sink: ImageSink,
  options: ConvertOptions = {},
): Promise<ConvertReport> {
  if (!format.streams && !sink.seekable) {
    throw new TypeError(`Cannot write ${format.name} to ${sink.name}: it needs a file`);
  }
  const takes = sink.takes ?? "bytes";
  if (takes !== "anything" && takes !== (format.makesTree ? "tree" : "bytes")) {
    throw new TypeError(
      `Cannot write ${format.name} to ${sink.name}: it needs a ${
        format.makesTree ? "directory" : "file"
      }`,
    );
  }
  if (format.makesLayer && options.symlinkedParents === "replace") {
    throw new TypeError('Cannot make a layer with symlinkedParents "replace", expected "follow"');
  }
  options.signal?.throwIfAborted();
  const conversion = new Conversion(image, options);
  const output = sink.open(conversion.onNotice);
  try {
    const report = await conversion.run(format, output);
    options.signal?.throwIfAborted();
    output.commit();
    return report;
  } catch (error) {
    output.abort();
    throw error;
  }
}

/** One conversion under way. */
class Conversion<C> {
  readonly #image: Image;
  readonly #options: ConvertOptions;
  readonly #plan: EditPlan;
  readonly #reading: ImageReading<C>;
  readonly #notices: Notice[] = [];

  constructor(image: Image, options: ConvertOptions) {
    this.#image = image;
    this.#options = options;
    const createdSeconds = options.createdSeconds ?? image.config?.createdSeconds ??
      image.createdSeconds ?? 0;
    this.#plan = new EditPlan(image, options.edits ?? {}, createdSeconds);
    this.#reading = new ImageReading(image, this.#plan, options, (notice) => this.onNotice(notice));
    for (const notice of image.notices) this.#notices.push(notice);
  }

  readonly onNotice = (notice: Notice): void => {
    this.#notices.push(notice);
    this.#options.onNotice?.(notice);
  };

  async run(format: ImageFormat<C>, output: OpenSink): Promise<ConvertReport> {
    const start = performance.now();
    const writer = format.createWriter(output, {
      identity: () =>
        this.#plan.identity(this.#identity(), this.#reading.summaries.slice(this.#ownCount)),
      createdSeconds: this.#plan.createdSeconds,
      architecture: this.#image.platform?.architecture,
      signal: this.#options.signal,
      expectedBytes: expectedBytes(this.#reading.layers),
      onNotice: this.onNotice,
      scratchDirectory: output.scratchDirectory,
    });
    try {
      return await this.#write(writer, format, start);
    } finally {
      writer.close?.();
    }
  }

  async #write(
    writer: ImageWriter<C>,
    { hasNoContents, makesLayer }: ImageFormat<C>,
    start: number,
  ): Promise<ConvertReport> {
    const tree = await this.#reading.read(hasNoContents ? null : writer, makesLayer);
    const read = performance.now();
    this.#options.signal?.throwIfAborted();
    this.#options.onProgress?.({ kind: "finish" });
    const written = await writer.finish(tree);
    const end = performance.now();
    const { layers, summaries } = this.#reading;
    return {
      reference: this.#image.reference,
      digest: this.#identity(),
      platform: this.#image.platform,
      image: written,
      counts: countFiles(tree),
      layers: layers.map((layer, i) => layerReport(layer, summaries[i])),
      notices: this.#notices,
      timings: {
        readSeconds: (read - start) / 1000,
        finishSeconds: (end - read) / 1000,
        totalSeconds: (end - start) / 1000,
      },
    };
  }

  /** How many layers are the image's own. */
  get #ownCount(): number {
    return this.#image.layers.length;
  }

  /** What the image is; without any digest that is known only when its layers were read. */
  #identity(): string {
    return this.#image.digest ?? contentIdentity(this.#reading.summaries.slice(0, this.#ownCount));
  }
}

/** A digest of all that was read. */
function contentIdentity(summaries: readonly LayerSummary[]): string {
  if (summaries.length === 1 && summaries[0].contentDigest !== null) {
    return summaries[0].contentDigest;
  }
  const hash = createHash("sha256");
  for (const { contentDigest } of summaries) hash.update(`${contentDigest}\n`);
  return `sha256:${hash.digest("hex")}`;
}

/** A guess of the uncompressed bytes: archives of files shrink to a third or so. */
function expectedBytes(layers: readonly Layer[]): number {
  return layers.reduce(
    (sum, { size, job }) => sum + (job.declaredCompression === "none" ? size : 4 * size),
    0,
  );
}

function layerReport(layer: Layer, summary: LayerSummary): LayerReport {
  return {
    index: layer.index,
    digest: layer.job.digest,
    diffId: layer.job.diffId,
    size: layer.size,
    uncompressedSize: summary.uncompressedSize,
    entries: summary.entryCount,
  };
}
