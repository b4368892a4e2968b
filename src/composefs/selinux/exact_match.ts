/**
 * Whether a pattern matches a text where it asks for what follows, `(?=…)` and `(?!…)`.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { BYTE_COUNT } from "./byte_set.ts";
import { Operation, type PatternProgram } from "./pattern_program.ts";
import type { StepBudget } from "./step_budget.ts";

/** Bytes of a path, as Linux takes them. */
export const LONGEST_PATH = 4096;

/**
 * Whether a pattern matches `text` from its beginning up to `end`; what it asks to follow may stand
 * behind that. Takes time as the square of the text's length at most. Throws `ImageError`
 * `LIMIT_EXCEEDED`, also for a path that is longer than {@linkcode LONGEST_PATH}.
 */
export function matchesExactly(
  program: PatternProgram,
  pattern: number,
  text: ByteString,
  end: number,
  budget: StepBudget,
): boolean {
  if (end > LONGEST_PATH) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot label file: its path has ${end} bytes, expected at most ${LONGEST_PATH} where a ` +
        "pattern asks for what follows",
    );
  }
  const { operations, operands, sets } = program;
  // What was found out of the instructions that ask, by position in the text.
  const answers = new Map<number, boolean>();

  /** Whether `first` leads to an end of its own: of the pattern at `end`, of what is asked anywhere. */
  function leadsToEnd(first: number, from: number): boolean {
    let places = new Set([first]);
    for (let position = from; places.size > 0; position++) {
      const next = new Set<number>();
      // What is added meanwhile is visited too.
      for (const at of places) {
        switch (operations[at]) {
          case Operation.byte:
            if (
              position < text.length &&
              sets[operands[at] * BYTE_COUNT + text.charCodeAt(position)] === 1
            ) next.add(at + 1);
            break;
          case Operation.split:
            places.add(at + 1).add(operands[at]);
            break;
          case Operation.jump:
            places.add(operands[at]);
            break;
          case Operation.match:
            if (position === end) return true;
            break;
          case Operation.ahead:
          case Operation.notAhead:
            if (follows(at, position) === (operations[at] === Operation.ahead)) {
              places.add(operands[at]);
            }
            break;
          case Operation.aheadEnd:
            return true;
          case Operation.start:
            if (position === 0) places.add(at + 1);
            break;
          case Operation.end:
            if (position === text.length) places.add(at + 1);
            break;
        }
      }
      budget.spend(places.size);
      places = next;
    }
    return false;
  }

  function follows(at: number, position: number): boolean {
    const key = at * (text.length + 1) + position;
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = leadsToEnd(at + 1, position);
    answers.set(key, answer);
    return answer;
  }

  return leadsToEnd(program.starts[pattern], 0);
}
