/**
 * `oci2rootfs diff`: every difference between two images.
 *
 * @module
 */
import { compareViews, hasWholeSeconds } from "../../verify/compare_views.ts";
import { DifferenceRules } from "../../verify/difference_rules.ts";
import type { TreeView } from "../../view/tree_view.ts";
import { DifferenceCount, differenceJson, differenceLine } from "../difference_output.ts";
import type { ExitCode } from "../exit_code.ts";
import { JsonArray } from "../json_array.ts";
import { Session } from "../session.ts";
import { jsonLine } from "../shown_name.ts";
import { OutputClosed } from "../standard_output.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage_error.ts";
import type { DiffArguments, RuleArguments } from "./compare_options.ts";

/** Runs `diff`; 1 where images differ. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runDiff(
  args: DiffArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ExitCode> {
  const session = new Session(args, terminal, signal);
  const rules = rulesOf(args);
  const { output } = session;
  const count = new DifferenceCount();
  try {
    await session.withTwoTrees(args.a, args.b, async (a, b) => {
      if (args.json) {
        const names = jsonLine({ a: args.a, b: args.b });
        output.write(`${names.slice(0, -1)},"differences":`);
      }
      await writeDifferences(a, b, rules, session, args.json, count);
      if (args.json) output.write(`,"equal":${count.isZero}}\n`);
    });
    await session.finish();
  } catch (error) {
    // Nobody reads on, but somebody may ask how it ended.
    if (error instanceof OutputClosed && !count.isZero) return 1;
    throw error;
  }
  if (!args.json && session.loudness !== "quiet" && !count.isZero) session.tell(`${count.text}\n`);
  return count.isZero ? 0 : 1;
}

/** The rules that the command line asks for. Throws `UsageError`. */
export function rulesOf(args: RuleArguments): DifferenceRules {
  try {
    return new DifferenceRules(args);
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** Writes all differences as they are found, and adds them to `count`. */
export async function writeDifferences(
  a: TreeView,
  b: TreeView,
  rules: DifferenceRules,
  session: Session,
  asJson: boolean,
  count: DifferenceCount,
): Promise<void> {
  const { output, style, loudness } = session;
  const coarse = [a, b].find(hasWholeSeconds);
  if (coarse !== undefined && loudness !== "quiet") {
    const { format } = coarse.reader!.description;
    session.tell(
      `oci2rootfs: note: Times are compared by whole seconds, as this ${format} has them\n`,
    );
  }
  const array = asJson ? new JsonArray(output) : null;
  for await (const difference of compareViews(a, b, rules, session.signal)) {
    count.add(difference);
    if (array !== null) await array.add(differenceJson(difference));
    else {
      output.write(differenceLine(difference, style));
      await output.turn();
    }
  }
  array?.finish();
}
