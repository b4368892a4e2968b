/**
 * What commands that look into images share: messages, progress, and how images are opened.
 *
 * @module
 */
import type { ReadingOptions } from "../convert/image_reading.ts";
import type { Notice, NoticeCode } from "../notice.ts";
import type { Image } from "../source/image.ts";
import type { ImageOptions } from "../source/remote/remote_options.ts";
import { imageFileIn } from "../view/file_view.ts";
import { openTree, type TreeView, type WantedContents } from "../view/tree_view.ts";
import { showLog } from "./debug_log.ts";
import { downloadDisplay, type WorkDisplay } from "./download_display.ts";
import { loudnessOf } from "./commands/message_options.ts";
import type { ViewArguments } from "./commands/view_options.ts";
import { storeSettings } from "./commands/store_options.ts";
import { type Loudness, NoticePrinter } from "./notices.ts";
import { OutputStream } from "./output_stream.ts";
import { downloadSettings, registrySettings } from "./remote_settings.ts";
import { type NameStyle, nameStyle } from "./shown_name.ts";
import { sourceDateEpoch } from "./source_date_epoch.ts";
import { environment, type Terminal } from "./terminal.ts";

/** What a conversion tells of its merge; whoever only looks asks for it by `--verbose`. */
const MERGE_NOTICES: ReadonlySet<NoticeCode> = new Set(
  ["DIRECTORY_REPLACED_SYMLINK", "SYMLINKED_PARENT"] as const,
);

/** One run of a command. */
export class Session {
  /** Standard output. */
  readonly output: OutputStream;
  /** How names are written. */
  readonly style: NameStyle;
  /** How much is told. */
  readonly loudness: Loudness;
  /** Stops the work. */
  readonly signal: AbortSignal;
  readonly #args: ViewArguments;
  readonly #terminal: Terminal;
  readonly #display: WorkDisplay;
  readonly #notices: NoticePrinter;
  #registry: ReturnType<typeof registrySettings> | null = null;

  /** Begins a run. Throws `UsageError` where arguments contradict each other. */
  constructor(args: ViewArguments, terminal: Terminal, signal: AbortSignal) {
    showLog(terminal, args);
    this.#args = args;
    this.#terminal = terminal;
    this.signal = signal;
    this.loudness = loudnessOf(args);
    this.output = new OutputStream(terminal, signal);
    this.style = nameStyle(terminal.showsOutput);
    this.#display = downloadDisplay(terminal, this.loudness);
    this.#notices = new NoticePrinter(this.loudness, (text) => this.tell(text));
  }

  /** Writes a line to standard error. */
  tell(text: string): void {
    this.#display.clear();
    this.#terminal.writeError(text);
  }

  /**
   * Opens `reference`, gives it to `use`, and closes it; `expected` is what it will be compared with.
   * Rejects like `openTree` and `use`.
   */
  async withTree<T>(
    reference: string,
    contents: WantedContents,
    use: (view: TreeView) => T | Promise<T>,
    expected?: TreeView,
  ): Promise<T> {
    const view = await this.open(reference, contents, expected);
    try {
      return await use(view);
    } finally {
      await view.close();
    }
  }

  /** Opens two images to be compared and gives them to `use`. Rejects like `withTree`. */
  async withTwoTrees<T>(
    a: string,
    b: string,
    use: (a: TreeView, b: TreeView) => Promise<T>,
  ): Promise<T> {
    // What can be read at positions is opened first: the other is compared with it as it arrives.
    if (imageFileIn(a) === null && imageFileIn(b) !== null) {
      return await this.withTree(
        b,
        "digests",
        (viewB) => this.withTree(a, "digests", (viewA) => use(viewA, viewB), viewB),
      );
    }
    return await this.withTree(
      a,
      "digests",
      (viewA) => this.withTree(b, "digests", (viewB) => use(viewA, viewB), viewA),
    );
  }

  /** Opens `reference`; the caller closes it. Rejects like `openTree`. */
  async open(
    reference: string,
    contents: WantedContents,
    expected?: TreeView,
  ): Promise<TreeView> {
    const reader = expected?.reader ?? null;
    try {
      return await openTree(reference, {
        ...await this.imageOptions(),
        ...this.readingOptions(),
        contents,
        expected: reader === null ? undefined : { tree: expected!.tree, reader },
        onProgress: (event) => this.#display.update(event),
        onOpen: (image) => this.beginLayers(image),
      });
    } finally {
      this.#display.clear();
    }
  }

  /** How images are opened. Rejects like `registrySettings`. */
  async imageOptions(): Promise<ImageOptions> {
    const args = this.#args;
    // A password is read from standard input: once.
    this.#registry ??= registrySettings(args);
    return {
      ...storeSettings(args),
      ...downloadSettings(args),
      registry: await this.#registry,
      platform: args.platform,
      oneFileSystem: args.oneFileSystem,
      keepHostLabels: args.keepHostLabels,
      signal: this.signal,
      onNotice: this.onNotice,
      onProgress: (event) => this.#display.update(event),
    };
  }

  /** How layers are read. */
  readingOptions(): ReadingOptions & { readonly createdSeconds: number | undefined } {
    const args = this.#args;
    return {
      verifyDiffIds: args.verifyDiffIds,
      symlinkedParents: args.symlinkedParents,
      keepDirlinks: args.keepDirlinks,
      createdSeconds: sourceDateEpoch(environment("SOURCE_DATE_EPOCH")),
      workers: args.workers,
      memoryBytes: args.memory,
      signal: this.signal,
      onProgress: (event) => this.#display.update(event),
    };
  }

  /** Where remarks go. */
  readonly onNotice = (notice: Notice): void => {
    if (this.loudness === "verbose" || !MERGE_NOTICES.has(notice.code)) this.#notices.show(notice);
  };

  /** Shows the layers of an image whose reading begins. */
  beginLayers({ layers }: Image): void {
    this.#display.begin(layers.map(({ name, size, job }) => ({
      name: `layer ${name}`,
      size,
      digest: job.kind === "tar" ? job.digest : null,
    })));
  }

  /** Writes what is left. Rejects like `OutputStream`. */
  async finish(): Promise<void> {
    await this.output.flush();
    this.#notices.finish();
  }
}
