/**
 * `oci2rootfs extract`: files of an image in a directory or a tar archive.
 *
 * @module
 */
import { convert } from "../../convert/convert.ts";
import { type FormatEntry, formatNamed, formatOfFileName } from "../../format/formats.ts";
import type { ImageFormat, WriteReport } from "../../format/image_format.ts";
import type { ImageSink } from "../../io/byte_sink.ts";
import { directorySink } from "../../io/directory_sink.ts";
import { fileSink } from "../../io/file_sink.ts";
import type { Image } from "../../source/image.ts";
import { openImage } from "../../transport/open_image.ts";
import { extractTree } from "../../view/extract_tree.ts";
import { imageFileIn } from "../../view/file_view.ts";
import { inputPaths, inputTrees } from "../input_paths.ts";
import { checkNoTerminal } from "../output_places.ts";
import { pathIn } from "../path_argument.ts";
import { Session } from "../session.ts";
import { formatSize } from "../size_text.ts";
import { standardOutput } from "../standard_output.ts";
import { writeAnswer } from "../output_stream.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage_error.ts";
import type { ExtractArguments } from "./extract_options.ts";

/** Runs `extract`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runExtract(
  args: ExtractArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const session = new Session(args, terminal, signal);
  if (args.output === "-" && args.json) {
    throw new UsageError(
      "Cannot write archive and report to standard output: --json and -o - exclude each other",
    );
  }
  if (args.output === "-") checkNoTerminal("tar", terminal);
  const format = await formatFor(args);
  const isAll = (args.path ?? "/").replace(/\/+$/, "") === "";
  // All of an image of layers is read once; parts are known only when the layers were merged.
  const report = isAll && imageFileIn(args.image) === null
    ? await extractAll(args, format, session)
    : await session.withTree(
      args.image,
      "none",
      (view) =>
        extractTree(
          view,
          pathIn(view.tree, args.path ?? "/"),
          format,
          sinkFor(args, format, view.image, signal),
          { signal, onNotice: session.onNotice },
        ),
    );
  await session.finish();
  if (args.json) await writeAnswer(JSON.stringify(report, null, 2) + "\n", terminal, signal);
  else if (session.loudness !== "quiet") {
    session.tell(`${args.output}: ${report.format}, ${formatSize(report.writtenBytes)} written\n`);
  }
}

async function extractAll(
  args: ExtractArguments,
  format: ImageFormat<unknown>,
  session: Session,
): Promise<WriteReport> {
  const image = await openImage(args.image, await session.imageOptions());
  try {
    session.beginLayers(image);
    const { image: report } = await convert(
      image,
      format,
      sinkFor(args, format, image, session.signal),
      {
        ...session.readingOptions(),
        onNotice: session.onNotice,
      },
    );
    return report;
  } finally {
    await image.close();
  }
}

async function formatFor({ output, onLoss }: ExtractArguments): Promise<ImageFormat<unknown>> {
  const entry = entryFor(output);
  const create = await entry.loadWriter();
  return create({ ...entry.optionsOfFileName?.(output), onLoss });
}

function entryFor(output: string): FormatEntry {
  if (output === "-") return formatNamed("tar")!;
  const named = formatOfFileName(output);
  if (named === null) return formatNamed("directory")!;
  if (named.name === "tar" || named.name === "directory") return named;
  throw new UsageError(
    `Cannot extract to "${output}": that is the name of ${named.name}, expected a directory, a tar ` +
      `or -; "oci2rootfs IMAGE -o ${output}" converts`,
  );
}

function sinkFor(
  { output, force, image: reference }: ExtractArguments,
  format: ImageFormat<unknown>,
  image: Image | null,
  signal: AbortSignal,
): ImageSink {
  if (output === "-") return standardOutput(signal);
  const options = {
    inputs: image === null ? [imageFileIn(reference)!.path] : inputPaths(reference, image),
    inputTrees: image === null ? [] : inputTrees(image),
  };
  return format.makesTree
    ? directorySink(output, { ...options, force })
    : fileSink(output, options);
}
