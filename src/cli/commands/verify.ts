/**
 * `oci2rootfs verify`: whether an image is sound, and holds what it must.
 *
 * @module
 */
import { type ByteString, utf8ByteString } from "../../bytes/byte_string.ts";
import type { ImageProblem } from "../../format/image_reader.ts";
import { checkImage } from "../../verify/check_image.ts";
import { oneLine } from "../error_text.ts";
import { DifferenceCount } from "../difference_output.ts";
import type { ExitCode } from "../exit_code.ts";
import { JsonArray } from "../json_array.ts";
import { Session } from "../session.ts";
import { exactText, jsonLine, type NameStyle } from "../shown_name.ts";
import { OutputClosed } from "../standard_output.ts";
import type { Terminal } from "../terminal.ts";
import type { VerifyArguments } from "./compare_options.ts";
import { rulesOf, writeDifferences } from "./diff.ts";

/** Runs `verify`; 1 where something is wrong. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runVerify(
  args: VerifyArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { reference } = args;
  // An image of layers is checked by all digests that it has.
  const verifyDiffIds = args.verifyDiffIds || reference === undefined;
  const session = new Session({ ...args, verifyDiffIds }, terminal, signal);
  const rules = rulesOf(args);
  const { output, style } = session;
  let problemCount = 0;
  const differences = new DifferenceCount();
  const contents = reference === undefined ? "none" : "digests";
  const isSound = () => problemCount === 0 && differences.isZero;
  try {
    await session.withTree(args.image, contents, async (view) => {
      if (args.json) {
        const names = jsonLine({ image: args.image, reference: reference ?? null });
        output.write(`${names.slice(0, -1)},"problems":`);
      }
      const array = args.json ? new JsonArray(output) : null;
      await checkImage(view, (problem) => {
        problemCount++;
        if (array === null) output.write(problemLine(problem, style));
        else array.push(problemJson(problem));
      }, { hashTree: args.verity, rootHash: args.rootHash, signal });
      array?.finish();
      if (reference !== undefined) {
        if (args.json) output.write(`,"differences":`);
        await session.withTree(
          reference,
          "digests",
          (other) => writeDifferences(view, other, rules, session, args.json, differences),
          view,
        );
      }
    });
    if (args.json) output.write(`,"ok":${isSound()}}\n`);
    else if (session.loudness !== "quiet") {
      output.write(utf8ByteString(summary(args, problemCount, differences)));
    }
    await session.finish();
  } catch (error) {
    // Nobody reads on, but somebody may ask how it ended.
    if (error instanceof OutputClosed && !isSound()) return 1;
    throw error;
  }
  return isSound() ? 0 : 1;
}

function summary(
  { image, reference }: VerifyArguments,
  problemCount: number,
  differences: DifferenceCount,
): string {
  const problems = problemCount === 0
    ? "no problem"
    : `${problemCount} ${problemCount === 1 ? "problem" : "problems"}`;
  const compared = reference === undefined ? "" : `; ${differences.text} from ${reference}`;
  return `${oneLine(`${image}: ${problems}${compared}`)}\n`;
}

function problemLine({ message, path, offset }: ImageProblem, style: NameStyle): ByteString {
  const place = [
    ...(path === undefined ? [] : [style(`/${path}`)]),
    ...(offset === undefined ? [] : [`offset ${offset}`]),
  ].join(", ");
  const text = utf8ByteString(oneLine(message));
  return `! ${text}${place === "" ? "" : ` (${place})`}\n`;
}

function problemJson({ message, path, offset }: ImageProblem): unknown {
  return { message, ...(path === undefined ? {} : { path: exactText(`/${path}`) }), offset };
}
