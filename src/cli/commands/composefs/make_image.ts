/**
 * Any source as a composefs image or dump file: what `create-image` and `create-dumpfile` share.
 *
 * @module
 */
import { type DigestStore, openDigestStore } from "../../../composefs/image/digest_store.ts";
import {
  composefsImage,
  type ComposefsImageOptions,
} from "../../../composefs/image/image_writer.ts";
import { convert, type ConvertReport } from "../../../convert/convert.ts";
import type { ImageSink } from "../../../io/byte_sink.ts";
import { fileSink } from "../../../io/file_sink.ts";
import { nullSink } from "../../../io/null_sink.ts";
import type { Image } from "../../../source/image.ts";
import { openImage } from "../../../transport/open_image.ts";
import { pathKind } from "../../../source/path_kind.ts";
import { showLog } from "../../debug_log.ts";
import { downloadDisplay } from "../../download_display.ts";
import { inputPaths, inputTrees } from "../../input_paths.ts";
import { NoticePrinter } from "../../notices.ts";
import { downloadSettings, registrySettings } from "../../remote_settings.ts";
import { sourceDateEpoch } from "../../source_date_epoch.ts";
import { standardOutput } from "../../standard_output.ts";
import { environment, type Terminal } from "../../terminal.ts";
import { UsageError } from "../../usage_error.ts";
import { loudnessOf } from "../message_options.ts";
import { storeSettings } from "../store_options.ts";
import type { CreateDumpfileArguments, CreateImageArguments } from "./image_file_options.ts";

/** Where nothing is written. */
export const NO_OUTPUT = null;

/**
 * Reads the source of a command and writes its image, with `options`, to `output` (`-` for standard
 * output). Rejects with `UsageError`, `ImageError`, or the reason of `signal`.
 */
export async function makeImage(
  args: CreateImageArguments | CreateDumpfileArguments,
  output: string | null,
  options: ComposefsImageOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ConvertReport> {
  showLog(terminal, args);
  if (args.skipXattrs && args.userXattrs) {
    throw new UsageError(
      "Cannot choose attributes: --skip-xattrs and --user-xattrs exclude each other",
    );
  }
  const loudness = loudnessOf(args);
  const display = downloadDisplay(terminal, loudness);
  const notices = new NoticePrinter(loudness, (text) => {
    display.clear();
    terminal.writeError(text);
  });
  const common = {
    signal,
    onNotice: (notice: Parameters<typeof notices.show>[0]) => notices.show(notice),
    onProgress: (event: Parameters<typeof display.update>[0]) => display.update(event),
  };
  // A directory is a root filesystem, as mkcomposefs takes it; other stores have names of their own.
  const isDirectory = pathKind(args.source) === "directory";
  const image = await openImage(isDirectory ? `dir:${args.source}` : args.source, {
    ...storeSettings(args),
    ...downloadSettings(args),
    ...common,
    registry: await registrySettings(args),
    platform: args.platform,
    oneFileSystem: args.oneFileSystem,
    keepHostLabels: args.keepHostLabels || isDirectory,
  });
  let store: DigestStore | null = null;
  try {
    display.begin(image.layers.map(({ name, size, job }) => ({
      name: `layer ${name}`,
      size,
      digest: job.kind === "tar" ? job.digest : null,
    })));
    if (args.digestStore !== undefined) store = openDigestStore(args.digestStore, args.algorithm);
    const format = composefsImage({
      ...options,
      algorithm: args.algorithm,
      store: store?.store,
      useEpoch: args.useEpoch,
      skipDevices: args.skipDevices,
      xattrs: args.skipXattrs ? "none" : args.userXattrs ? "user" : "all",
    });
    return await convert(image, format, sinkFor(output, args.source, image, signal), {
      ...common,
      verifyDiffIds: args.verifyDiffIds,
      symlinkedParents: args.symlinkedParents,
      keepDirlinks: args.keepDirlinks,
      createdSeconds: sourceDateEpoch(environment("SOURCE_DATE_EPOCH")),
      workers: args.workers,
      memoryBytes: args.memory,
    });
  } finally {
    store?.close();
    display.clear();
    await image.close();
    notices.finish();
  }
}

function sinkFor(
  output: string | null,
  source: string,
  image: Image,
  signal: AbortSignal,
): ImageSink {
  if (output === NO_OUTPUT) return nullSink();
  if (output === "-") return standardOutput(signal);
  return fileSink(output, { inputs: inputPaths(source, image), inputTrees: inputTrees(image) });
}
