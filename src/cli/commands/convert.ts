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
import type { ImageSink, OpenSink } from "../../io/byte_sink.ts";
import { fileSink } from "../../io/file_sink.ts";
import { nullSink } from "../../io/null_sink.ts";
import { pipeSink } from "../../io/pipe_sink.ts";
import type { NoticeListener } from "../../notice.ts";
import type { Image } from "../../source/image.ts";
import { openImage } from "../../source/open_image.ts";
import { showLog } from "../debug_log.ts";
import { openConfigOutput } from "../config_output.ts";
import { downloadDisplay } from "../download_display.ts";
import { editPaths, editsOf, editTrees } from "../edits.ts";
import { inputPaths, inputTrees } from "../input_paths.ts";
import { NoticePrinter } from "../notices.ts";
import { downloadSettings, registrySettings } from "../remote_settings.ts";
import { jsonReport, summaryText } from "../report.ts";
import { sourceDateEpoch } from "../source_date_epoch.ts";
import { environment, type Terminal } from "../terminal.ts";
import { UsageError } from "../usage_error.ts";
import type { ConvertArguments } from "./convert_options.ts";
import { formatOptionsOf } from "./format_options.ts";
import { loudnessOf } from "./message_options.ts";
import { storeSettings } from "./store_options.ts";

/** Runs the main form. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runConvert(
  args: ConvertArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  showLog(terminal, args);
  const log = getLogger(["oci2rootfs", "cli"]);
  const loudness = loudnessOf(args);
  const output = outputOf(args);
  const createdSeconds = sourceDateEpoch(environment("SOURCE_DATE_EPOCH"));
  const format = await createFormat(formatEntryFor(args, output), args, output);
  if (output === "-" && !format.streams) {
    throw new UsageError(
      `Cannot write ${format.name} to standard output: it is not written in order, expected a file name`,
    );
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
    report = await convert(image, format, sinkFor(args, output, image, edits), {
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
  if (args.json) terminal.writeOutput(jsonReport(report, output));
  if (!args.quiet) terminal.writeError(summaryText(report, output));
}

/** The output's name; `null` where a dry run needs none. */
function outputOf(args: ConvertArguments): string | null {
  if (args.size !== undefined && args.free !== undefined) {
    throw new UsageError(
      "Cannot leave free room in a fixed size: --size and --free exclude each other",
    );
  }
  if (args.output !== undefined && args.output === args.configOut) {
    throw new UsageError("Cannot write image and configuration to one file, expected two");
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
  const entry = formatOfFileName(output);
  if (entry !== null) return entry;
  const known = FORMATS.map((format) => `${format.name} (${format.extensions.join(", ")})`);
  throw new UsageError(
    `Cannot tell the format of "${output}" by its extension, expected --format or one of ` +
      known.join(", "),
  );
}

async function createFormat(
  entry: FormatEntry,
  args: ConvertArguments,
  output: string | null,
): Promise<ImageFormat<unknown>> {
  const implied = output === null ? undefined : entry.optionsOfFileName?.(output);
  const options = { ...implied, ...formatOptionsOf(args, entry) };
  const create = await entry.loadWriter();
  try {
    return create(options);
  } catch (error) {
    // What the format refuses here are its options, and those came from the command line.
    if (error instanceof RangeError || error instanceof TypeError) {
      throw new UsageError(error.message, { cause: error });
    }
    throw error;
  }
}

function sinkFor(
  args: ConvertArguments,
  output: string | null,
  image: Image,
  edits: ImageEdits,
): ImageSink {
  if (args.dryRun || output === null) return nullSink();
  if (output === "-") return pipeSink("standard output", Deno.stdout);
  return fileSink(output, {
    force: args.force,
    inputs: [...inputPaths(args.image, image), ...editPaths(edits)],
    inputTrees: [...inputTrees(image), ...editTrees(edits)],
  });
}
