/**
 * `oci2rootfs composefs fsck`: checks a repository and the images in it.
 *
 * @module
 */
import { utf8ByteString } from "../../../bytes/byte_string.ts";
import {
  checkOciImages,
  type OciFsckKind,
  type OciFsckReport,
} from "../../../composefs/oci/oci_fsck.ts";
import {
  checkRepository,
  type FsckKind,
  type FsckProblem,
  type FsckReport,
  metadataProblem,
} from "../../../composefs/repository/fsck.ts";
import { oneLine } from "../../error_text.ts";
import type { ExitCode } from "../../exit_code.ts";
import { OutputStream } from "../../output_stream.ts";
import type { Terminal } from "../../terminal.ts";
import { loudnessOf } from "../message_options.ts";
import type { FsckArguments } from "./keep_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs fsck`; 1 where something is wrong. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runFsck(
  args: FsckArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ExitCode> {
  const output = new OutputStream(terminal, signal);
  const isQuiet = loudnessOf(args) === "quiet";
  const problems: FsckProblem<FsckKind | OciFsckKind>[] = [];
  const onProblem = (problem: FsckProblem<FsckKind | OciFsckKind>) => {
    problems.push(problem);
    if (args.json || isQuiet) return;
    const { kind, path, message } = problem;
    output.send(utf8ByteString(`${kind}: ${oneLine(path)}: ${oneLine(message)}\n`));
  };
  const { report, container } = await check(args, onProblem, signal);
  const isOk = problems.length === 0;
  if (args.json) {
    const { streamsChecked = 0, imagesChecked = 0, refsChecked = 0 } = report ?? {};
    const result = {
      ok: isOk,
      objectsChecked: report?.objectsChecked ?? container.objectsChecked,
      streamsChecked,
      imagesChecked,
      refsChecked,
      ociImagesChecked: container.imagesChecked,
      errors: problems,
    };
    output.write(utf8ByteString(`${JSON.stringify(result, null, 2)}\n`));
  } else if (!isQuiet) {
    const parts = report === null ? [`${container.objectsChecked} objects`] : [
      `${report.objectsChecked} objects`,
      `${report.streamsChecked} streams`,
      `${report.imagesChecked} images`,
    ];
    parts.push(`${container.imagesChecked} container images`);
    output.write(
      `${isOk ? "ok" : `${problems.length} problems`}: checked ${parts.join(", ")}\n`,
    );
  }
  await output.end();
  return isOk ? 0 : 1;
}

/** What was checked: all, or one image. */
interface Checked {
  readonly report: FsckReport | null;
  readonly container: OciFsckReport;
}

async function check(
  args: FsckArguments,
  onProblem: (problem: FsckProblem<FsckKind | OciFsckKind>) => void,
  signal: AbortSignal,
): Promise<Checked> {
  const { image, metadataOnly } = args;
  try {
    return await withRepository(args, { signal }, async (repository) => ({
      report: image === undefined
        ? await checkRepository(repository, { metadataOnly, onProblem, signal })
        : null,
      container: await checkOciImages(repository, { name: image, metadataOnly, onProblem, signal }),
    }));
  } catch (error) {
    onProblem(metadataProblem(error));
    return { report: null, container: { imagesChecked: 0, objectsChecked: 0 } };
  }
}
