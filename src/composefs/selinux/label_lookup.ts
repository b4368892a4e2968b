/**
 * Finds the rule that decides on a file.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import type { FileKind } from "../../tree/inode.ts";
import { KIND_LETTERS } from "../../tree/kind_letters.ts";
import { matchesExactly } from "./exact_match.ts";
import type { LabelPolicy } from "./label_policy.ts";
import { Operation } from "./pattern_program.ts";
import { PatternRunner, type Places } from "./pattern_runner.ts";
import type { StepBudget } from "./step_budget.ts";

/** Looks up labels by path. */
export class LabelLookup {
  readonly #policy: LabelPolicy;
  readonly #budget: StepBudget;
  readonly #runner: PatternRunner;
  readonly #start: Places;

  /** Looks up in `policy`; all of the work counts on `budget`. */
  constructor(policy: LabelPolicy, budget: StepBudget) {
    this.#policy = policy;
    this.#budget = budget;
    this.#runner = new PatternRunner(policy.program, budget);
    this.#start = this.#runner.begin();
  }

  /** Where the patterns are behind `path`. Throws `ImageError` `LIMIT_EXCEEDED`. */
  from(path: ByteString): Places {
    return this.#runner.advance(this.#start, path);
  }

  /** Where they are when `text` follows. Throws `ImageError` `LIMIT_EXCEEDED`. */
  advance(places: Places, text: ByteString): Places {
    return this.#runner.advance(places, text);
  }

  /**
   * The label of a file of `kind` at `path`, behind which the patterns are at `places`: what the last
   * rule says that matches, `null` for none. Throws `ImageError` `LIMIT_EXCEEDED`.
   */
  label(places: Places, path: ByteString, kind: FileKind): ByteString | null {
    const { rules, program } = this.#policy;
    const { operations, operands } = program;
    const matches: number[] = [];
    for (const at of places) {
      if (operations[at] !== Operation.match) continue;
      const rule = rules[operands[at]];
      if (rule.kind === null || rule.kind === kind) matches.push(operands[at]);
    }
    matches.sort((a, b) => b - a);
    for (const number of matches) {
      if (this.#isMatch(number, path, kind)) return rules[number].label;
    }
    return null;
  }

  #isMatch(number: number, path: ByteString, kind: FileKind): boolean {
    const { program } = this.#policy;
    if (!program.looksAhead[number]) return true;
    // The letter of the kind stands behind the path as in composefs-rs, where `$` is behind it.
    const text = path + KIND_LETTERS[kind];
    return matchesExactly(program, number, text, path.length, this.#budget);
  }
}
