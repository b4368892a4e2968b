/**
 * Reads an image into one tree: its layers newest first, the bytes of files to whoever wants them,
 * and the tree from the entries alone, oldest first.
 *
 * @module
 */
import type { EditPlan } from "../edit/edit_plan.ts";
import type { Layer } from "../layer/layer.ts";
import type { LayerEntry, LayerVisitor } from "../layer/layer_entry.ts";
import type { LayerReading, LayerSummary } from "../layer/layer_reading.ts";
import { openLayer, readLayer } from "../layer/read_layer.ts";
import { WorkerPool } from "../layer/worker/worker_pool.ts";
import { AnyBase } from "../merge/any_base.ts";
import { Shadow } from "../merge/shadow.ts";
import { TreeBuilder } from "../merge/tree_builder.ts";
import type { NoticeListener } from "../notice.ts";
import type { Image } from "../source/image.ts";
import { countLinks, type FileTree } from "../tree/file_tree.ts";
import type { Inode } from "../tree/inode.ts";
import type { ConvertOptions } from "./convert.ts";
import { OPEN_COUNT, readInLanes } from "./layer_lanes.ts";
import { type BodyWriter, hasBytes, LayerPlacement } from "./layer_placement.ts";
import { LayerRecord } from "./layer_record.ts";
import { missingBodies, placeBodies } from "./missing_bodies.ts";

/** Stored bytes below which starting a worker takes longer than decoding. */
const WORTH_A_WORKER = 4 * 1024 * 1024;
const DEFAULT_MEMORY = 64 * 1024 * 1024;

/** What of the options of a conversion concerns reading. */
export type ReadingOptions = Pick<
  ConvertOptions,
  | "signal"
  | "onProgress"
  | "verifyDiffIds"
  | "symlinkedParents"
  | "keepDirlinks"
  | "workers"
  | "memoryBytes"
>;

/** The reading of one image. */
export class ImageReading<C> {
  /** All layers, base first; those that are added on the way come last. */
  readonly layers: readonly Layer[];
  /** What was read of each layer. */
  readonly summaries: LayerSummary[] = [];
  readonly #image: Image;
  readonly #plan: EditPlan;
  readonly #options: ReadingOptions;
  readonly #onNotice: NoticeListener;
  readonly #builder: TreeBuilder<C>;
  readonly #records: LayerRecord<C>[] = [];

  /** Makes ready to read `image`, changed as `plan` says. */
  constructor(image: Image, plan: EditPlan, options: ReadingOptions, onNotice: NoticeListener) {
    this.#image = image;
    this.#plan = plan;
    this.#options = options;
    this.#onNotice = onNotice;
    this.layers = [...image.layers, ...plan.layers];
    this.#builder = new TreeBuilder<C>({
      symlinkedParents: options.symlinkedParents ?? "follow",
      keepDirlinks: options.keepDirlinks ?? false,
      createdSeconds: plan.createdSeconds,
    }, onNotice);
  }

  /**
   * Reads all layers, newest first, and answers the tree with its file bytes placed. With `null`
   * nobody wants bytes: all `content` is `null`, and files of directories are not even opened.
   *
   * With `asLayer` the tree is one layer that does to any base what the layers do, and has marks.
   */
  async read(writer: BodyWriter<C> | null, asLayer = false): Promise<FileTree<C>> {
    const entries = await this.#readLayers(writer, asLayer);
    const tree = this.#buildTree(entries, asLayer);
    if (writer === null) return tree;
    const missing = missingBodies(tree);
    if (missing.size > 0) await this.place(missing, writer);
    releaseDead(this.#records, writer);
    return tree;
  }

  /**
   * Reads those layers again that have the bytes of `files`, newest first, and places just these:
   * `content` of the files is their location then.
   */
  async place(files: ReadonlySet<Inode<C>>, writer: BodyWriter<C>): Promise<void> {
    await placeBodies(
      files,
      this.#records,
      writer,
      // Remarks and progress came up at the first reading.
      async (index, visitor) => {
        const layer = this.layers[index];
        await readLayer(layer, this.#visitorOf(layer, visitor), {
          signal: this.#options.signal,
          drain: writer.drain && (() => writer.drain!()),
        });
      },
    );
  }

  /**
   * Reads all layers once and answers their entries, but for those of the base: it is often by far
   * the largest, and nothing is older, so its entries go into the tree as they come.
   */
  async #readLayers(writer: BodyWriter<C> | null, asLayer: boolean): Promise<LayerEntry<C>[][]> {
    const { layers } = this;
    const { onProgress } = this.#options;
    const entries: LayerEntry<C>[][] = [];
    const base: Layer | undefined = asLayer ? undefined : this.#image.layers[0];
    const first = this.#builder.applyFirst(base?.name ?? "");
    const shadow = new Shadow();
    const pool = this.#startPool();
    try {
      await readInLanes(layers.toReversed(), writer?.openFileCount ?? 1, (layer) => {
        const layerShadow = shadow.layer(layer.index);
        const record = this.#records[layer.index] = new LayerRecord<C>();
        const list: LayerEntry<C>[] = entries[layer.index] = [];
        const placement = new LayerPlacement<C>(writer, (entry) => {
          layerShadow.add(entry);
          record.add(entry);
          if (layer === base) first.place(entry);
          else list.push(entry);
          const isWanted = writer !== null && hasBytes(entry) && !layerShadow.hides(entry.path) &&
            !this.#excludes(layer, entry);
          return isWanted ? entry.inode : null;
        });
        return this.#open(layer, this.#visitorOf(layer, placement), pool);
      }, (layer, reading) => {
        if (layer === base) first.finish();
        this.summaries[layer.index] = reading.summary!;
        onProgress?.({ kind: "layer", layer, readBytes: layer.size, done: true });
      });
    } finally {
      pool?.close();
    }
    return entries;
  }

  #isAdded(layer: Layer): boolean {
    return layer.index >= this.#image.layers.length;
  }

  /** Like the shadow of newer layers only a guess by the text of the path. */
  #excludes(layer: Layer, { path }: LayerEntry<C>): boolean {
    return !this.#isAdded(layer) && this.#plan.excludes(path);
  }

  #visitorOf(layer: Layer, placement: LayerPlacement<C>): LayerVisitor {
    return this.#isAdded(layer) ? this.#plan.visitorOf(layer, placement) : placement;
  }

  #open(layer: Layer, visitor: LayerVisitor, pool: WorkerPool | undefined): LayerReading {
    const { signal, onProgress, verifyDiffIds } = this.#options;
    return openLayer(layer, visitor, {
      signal,
      pool,
      verifyDiffIds,
      onNotice: this.#onNotice,
      onProgress: onProgress &&
        ((readBytes) => onProgress({ kind: "layer", layer, readBytes, done: false })),
    });
  }

  #startPool(): WorkerPool | undefined {
    const { layers } = this;
    const openLayers = Math.min(OPEN_COUNT, layers.length);
    const storedBytes = layers.reduce((sum, { size }) => sum + size, 0);
    const workers = this.#options.workers ??
      (storedBytes < WORTH_A_WORKER ? 0 : navigator.hardwareConcurrency);
    if (workers === 0 || openLayers === 0) return undefined;
    const memoryBytes = this.#options.memoryBytes ?? DEFAULT_MEMORY;
    return new WorkerPool(Math.min(workers, openLayers), memoryBytes / OPEN_COUNT);
  }

  #buildTree(entries: readonly LayerEntry<C>[][], asLayer: boolean): FileTree<C> {
    const builder = this.#builder;
    const anyBase = asLayer ? new AnyBase(builder) : null;
    for (const layer of this.#image.layers.slice(asLayer ? 0 : 1)) {
      (anyBase ?? builder).apply(entries[layer.index], layer.name);
    }
    const marks = anyBase?.settle();
    this.#plan.takeOut(builder.tree);
    for (const layer of this.#plan.layers) builder.add(entries[layer.index], layer.name);
    this.#plan.changeAll(builder.tree);
    countLinks(builder.tree);
    return marks === undefined ? builder.tree : { root: builder.tree.root, marks };
  }
}

/** Gives back what was placed but is not in the tree: replaced in its own layer, say. */
function releaseDead<C>(records: readonly LayerRecord<C>[], writer: BodyWriter<C>): void {
  for (const { inodes } of records) {
    for (const inode of inodes) {
      if (inode !== null && inode.content !== null && inode.linkCount === 0) {
        writer.release(inode.content);
        inode.content = null;
      }
    }
  }
}
