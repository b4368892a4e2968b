/**
 * `oci2rootfs composefs create-image`: a directory, an image or a dump file as a composefs image.
 *
 * @module
 */
import { writeImage } from "../../../composefs/image/write_image.ts";
import type { ImageVersion } from "../../../composefs/image/image_version.ts";
import { imageVersionFor } from "../../../composefs/image/image_writer.ts";
import { ImageError } from "../../../image_error.ts";
import { fileSink } from "../../../io/file_sink.ts";
import { nullSink } from "../../../io/null_sink.ts";
import { systemError } from "../../../io/system_error.ts";
import { DumpReader } from "../../../tree/dump_reader.ts";
import { NoticePrinter } from "../../notices.ts";
import { summaryText } from "../../report.ts";
import { standardOutput } from "../../standard_output.ts";
import { checkNoTerminal } from "../../output_places.ts";
import { writeAnswer } from "../../output_stream.ts";
import type { Terminal } from "../../terminal.ts";
import { UsageError } from "../../usage_error.ts";
import { loudnessOf } from "../message_options.ts";
import type { CreateImageArguments } from "./image_file_options.ts";
import { makeImage } from "./make_image.ts";

const READ_SIZE = 256 * 1024;

/** Runs the command. Rejects with `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runCreateImage(
  args: CreateImageArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const output = outputOf(args);
  if (output === "-") checkNoTerminal("image", terminal);
  const version = Number(args.minVersion) as ImageVersion;
  const maxVersion = Number(args.maxVersion) as ImageVersion;
  let digest: string;
  if (args.fromFile) {
    digest = await imageOfDump(args, output, version, maxVersion, terminal, signal);
  } else {
    const report = await makeImage(args, output, { version, maxVersion }, terminal, signal);
    digest = String(report.image.details.digest);
    if (!args.quiet && output !== null) terminal.writeError(summaryText(report, output));
  }
  if (args.printDigest || args.printDigestOnly) await writeAnswer(`${digest}\n`, terminal, signal);
}

/** Where the image goes, `null` for nowhere. */
function outputOf(args: CreateImageArguments): string | null {
  const { image, printDigest, printDigestOnly, fromFile } = args;
  if (printDigestOnly && image !== undefined) {
    throw new UsageError("Cannot write an image with --print-digest-only, expected no FILE");
  }
  if (!printDigestOnly && image === undefined) {
    throw new UsageError("Cannot make an image without an output: FILE is missing");
  }
  if (image === "-" && printDigest) {
    throw new UsageError(
      "Cannot write image and digest to standard output: --print-digest and - exclude each other",
    );
  }
  const { digestStore, useEpoch, skipDevices, skipXattrs, userXattrs, strict } = args;
  if (fromFile && (digestStore || useEpoch || skipDevices || skipXattrs || userXattrs)) {
    throw new UsageError(
      "Cannot change the files of a dump file: --from-file takes them as they are",
    );
  }
  if (strict && !fromFile) throw new UsageError("Cannot read strictly without --from-file");
  return image ?? null;
}

async function imageOfDump(
  args: CreateImageArguments,
  output: string | null,
  version: ImageVersion,
  maxVersion: ImageVersion,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<string> {
  const notices = new NoticePrinter(loudnessOf(args), (text) => terminal.writeError(text));
  const tree = await readDump(args.source, args.strict);
  const sink = output === null
    ? nullSink()
    : output === "-"
    ? standardOutput(signal)
    : fileSink(output, { inputs: [args.source] });
  const open = sink.open((notice) => notices.show(notice));
  try {
    const written = writeImage(tree, open, {
      version: imageVersionFor(tree, version, maxVersion),
      algorithm: args.algorithm,
      onNotice: (notice) => notices.show(notice),
    });
    open.truncate(written.size);
    open.commit();
    return written.digest;
  } finally {
    open.abort();
    notices.finish();
  }
}

/** The tree of a dump file, `-` for standard input. */
async function readDump(source: string, isStrict: boolean) {
  const reader = new DumpReader({ isStrict });
  const name = source === "-" ? "standard input" : source;
  try {
    using file = source === "-" ? null : await Deno.open(source);
    const input = file ?? Deno.stdin;
    const piece = new Uint8Array(READ_SIZE);
    for (let count = await input.read(piece); count !== null; count = await input.read(piece)) {
      reader.write(piece.subarray(0, count));
    }
    return reader.end();
  } catch (error) {
    const shown = systemError(error, "read dump file", name);
    throw shown instanceof ImageError ? shown.at({ source: name }) : shown;
  }
}
