/**
 * The main form: an image becomes a file system image.
 *
 * Heavy modules are imported by the command, so that `--help` and `--version` answer at once.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { convert, type ConvertReport } from "../../convert/convert.ts";
import { type FormatEntry, formatNamed, formatOfFileName, FORMATS } from "../../format/formats.ts";
import type { ImageFormat } from "../../format/image_format.ts";
import type { ImageEdits } from "../../edit/image_edits.ts";
import type { ByteSink, ImageSink, OpenSink } from "../../io/byte_sink.ts";
import { directorySink } from "../../io/directory_sink.ts";
import { fileSink } from "../../io/file_sink.ts";
import { nullSink } from "../../io/null_sink.ts";
import { pairedSink } from "../../io/paired_sink.ts";
import type { NoticeListener } from "../../notice.ts";
import type { Image } from "../../source/image.ts";
import { openImage } from "../../transport/open_image.ts";
import { showLog } from "../debug_log.ts";
import { openConfigOutput } from "../config_output.ts";
import {
  checkDiskArguments,
  checkDiskOutput,
  diskFileName,
  diskFormat,
  withImpliedDisk,
} from "../disk_format.ts";
import { downloadDisplay } from "../download_display.ts";
import { editPaths, editsOf, editTrees } from "../edits.ts";
import { inputPaths, inputTrees } from "../input_paths.ts";
import { NoticePrinter } from "../notices.ts";
import { checkNoTerminal, checkOutputPlaces } from "../output_places.ts";
import { downloadSettings, registrySettings } from "../remote_settings.ts";
import { jsonReport, summaryText } from "../report.ts";
import { sourceDateEpoch } from "../source_date_epoch.ts";
import { standardOutput } from "../standard_output.ts";
import { writeAnswer } from "../output_stream.ts";
import { environment, type Terminal } from "../terminal.ts";
import { UsageError } from "../usage_error.ts";
import type { ConvertArguments } from "./convert_options.ts";
import { formatOptionsOf } from "./format_options.ts";
import { loudnessOf } from "./message_options.ts";
import { storeSettings } from "./store_options.ts";

/** Runs the main form. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runConvert(
  given: ConvertArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  showLog(terminal, given);
  const log = getLogger(["oci2rootfs", "cli"]);
  const loudness = loudnessOf(given);
  const output = outputOf(given);
  const args = withImpliedDisk(given, output);
  checkDiskArguments(args);
  if (output !== null) checkDiskOutput(args, output);
  const createdSeconds = sourceDateEpoch(environment("SOURCE_DATE_EPOCH"));
  const formatWith = await createFormat(formatEntryFor(args, output), args, output);
  const format = formatWith();
  if (output === "-" && !format.streams) {
    const [observed, expected] = format.makesTree
      ? ["it is many files", "the name of a directory"]
      : ["it is not written in order", "a file name"];
    throw new UsageError(
      `Cannot write ${format.name} to standard output: ${observed}, expected ${expected}`,
    );
  }
  if (output === "-" && !args.dryRun && format.name !== "dump") {
    checkNoTerminal(format.name, terminal);
  }
  const edits = editsOf(args, createdSeconds);
  const display = downloadDisplay(terminal, loudness);
  const notices = new NoticePrinter(loudness, (text) => {
    display.clear();
    terminal.writeError(text);
  });
  const onNotice: NoticeListener = (notice) => notices.show(notice);

  const image = await openImage(args.image, {
    ...storeSettings(args),
    ...downloadSettings(args),
    registry: await registrySettings(args),
    platform: args.platform,
    oneFileSystem: args.oneFileSystem,
    keepHostLabels: args.keepHostLabels,
    onNotice,
    onProgress: (event) => display.update(event),
    signal,
  });
  log.debug("image {digest} has {count} layers", {
    digest: image.digest,
    count: image.layers.length,
  });
  for (const { name, size, job } of image.layers) {
    log.debug("layer {name}: {size} bytes, {compression}, diff_id {diffId}", {
      name,
      size,
      compression: job.declaredCompression,
      diffId: job.diffId,
    });
  }
  let report: ConvertReport;
  let configOutput: OpenSink | null = null;
  try {
    if (args.configOut !== undefined && !args.dryRun) {
      configOutput = openConfigOutput(args.configOut, image, inputPaths(args.image, image));
    }
    display.begin(
      image.layers.map(({ name, size, job }) => ({
        name: `layer ${name}`,
        size,
        digest: job.kind === "tar" ? job.digest : null,
      })),
    );
    const { sink, hashSink } = sinksFor(args, output, format, image, edits, signal);
    report = await convert(image, formatWith(hashSink), sink, {
      signal,
      onNotice,
      onProgress: (event) => display.update(event),
      verifyDiffIds: args.verifyDiffIds,
      symlinkedParents: args.symlinkedParents,
      keepDirlinks: args.keepDirlinks,
      edits,
      createdSeconds,
      workers: args.workers,
      memoryBytes: args.memory,
    });
    configOutput?.commit();
  } finally {
    configOutput?.abort();
    display.clear();
    await image.close();
  }
  log.debug("done: {timings} {details}", {
    timings: report.timings,
    details: report.image.details,
  });
  notices.finish();
  if (args.json) await writeAnswer(jsonReport(report, output), terminal, signal);
  if (!args.quiet) terminal.writeError(summaryText(report, output));
}

/** The output's name; `null` where a dry run needs none. */
function outputOf(args: ConvertArguments): string | null {
  if (args.size !== undefined && args.free !== undefined) {
    throw new UsageError(
      "Cannot leave free room in a fixed size: --size and --free exclude each other",
    );
  }
  checkOutputPlaces(args);
  if (args.keepWhiteouts && args.symlinkedParents === "replace") {
    throw new UsageError(
      "Cannot keep whiteouts with --symlinked-parents replace: where links lead is the base's matter",
    );
  }
  if (args.output === "-" && args.json) {
    throw new UsageError(
      "Cannot write image and report to standard output: --json and -o - exclude each other",
    );
  }
  if (args.output !== undefined) return args.output;
  if (args.dryRun) return null;
  throw new UsageError("Cannot convert without an output: -o OUT is missing");
}

function formatEntryFor(args: ConvertArguments, output: string | null): FormatEntry {
  if (args.format !== undefined) return formatNamed(args.format)!;
  if (output === null) return FORMATS[0];
  const { name, implied } = diskFileName(output);
  const entry = formatOfFileName(name) ?? (implied === null ? null : FORMATS[0]);
  if (entry !== null) return entry;
  if (output === "-") {
    throw new UsageError("Cannot tell the format of standard output, expected --format");
  }
  const known = FORMATS.map((format) => `${format.name} (${format.extensions.join(", ")})`);
  throw new UsageError(
    `Cannot tell the format of "${output}" by its extension, expected --format or one of ` +
      known.join(", "),
  );
}

/** The format with all around it, as a function of where a hash tree goes that has its own file. */
async function createFormat(
  entry: FormatEntry,
  args: ConvertArguments,
  output: string | null,
): Promise<(hashSink?: ByteSink) => ImageFormat<unknown>> {
  const implied = output === null ? undefined : entry.optionsOfFileName?.(output);
  const compresses = entry.options.includes("compressionWorkers");
  const workers = compresses ? { compressionWorkers: args.workers } : {};
  const options = { ...implied, ...formatOptionsOf(args, entry), ...workers };
  const create = await entry.loadWriter();
  try {
    const format = create(options);
    // Options that do not go are found now, before anything is read.
    diskFormat(format, args, undefined);
    return (hashSink) => diskFormat(format, args, hashSink);
  } catch (error) {
    // What the format refuses here are its options, and those came from the command line.
    if (error instanceof RangeError || error instanceof TypeError) {
      throw new UsageError(error.message, { cause: error });
    }
    throw error;
  }
}

/** Where the image goes, and where a hash tree does that has its own file. */
function sinksFor(
  args: ConvertArguments,
  output: string | null,
  format: ImageFormat<unknown>,
  image: Image,
  edits: ImageEdits,
  signal: AbortSignal,
): { sink: ImageSink; hashSink?: ByteSink } {
  if (args.dryRun || output === null) return { sink: nullSink() };
  if (output === "-") return { sink: standardOutput(signal) };
  const options = {
    force: args.force,
    inputs: [...inputPaths(args.image, image), ...editPaths(edits)],
    inputTrees: [...inputTrees(image), ...editTrees(edits)],
  };
  if (format.makesTree) return { sink: directorySink(output, options) };
  const sink = fileSink(output, options);
  if (!args.verity) return { sink };
  const pair = pairedSink(sink, fileSink(args.verity, { ...options, force: false }));
  return { sink: pair, hashSink: pair.second };
}
