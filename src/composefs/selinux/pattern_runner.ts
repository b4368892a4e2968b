/**
 * Runs a program over paths that share their beginnings, as those of a tree do: where the machine is
 * behind a directory's name is kept, and only the names in it are read.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import { BYTE_COUNT } from "./byte_set.ts";
import { Operation, type PatternProgram } from "./pattern_program.ts";
import type { StepBudget } from "./step_budget.ts";

/** The instructions that take the next byte, or end a pattern. */
export type Places = Int32Array;

/**
 * Follows a program. What patterns say of what must follow is not asked here: who gets a match of such
 * a pattern asks `matchesExactly`. The end of the text never is one: something may follow.
 */
export class PatternRunner {
  readonly #program: PatternProgram;
  readonly #budget: StepBudget;
  // When each instruction was reached; this round is the last one.
  readonly #rounds: Uint32Array;
  #round = 0;
  #current: Int32Array;
  #next: Int32Array;
  readonly #pending: Int32Array;

  /** Prepares to run a program that is complete. */
  constructor(program: PatternProgram, budget: StepBudget) {
    const size = program.operations.length;
    this.#program = program;
    this.#budget = budget;
    this.#rounds = new Uint32Array(size);
    this.#current = new Int32Array(size);
    this.#next = new Int32Array(size);
    this.#pending = new Int32Array(size);
  }

  /** Where all patterns begin. */
  begin(): Places {
    this.#round++;
    let count = 0;
    for (const start of this.#program.starts) {
      count = this.#reach(start, this.#next, count, true);
    }
    this.#budget.spend(count);
    return this.#next.slice(0, count);
  }

  /** From `places` on behind `text`. Throws `ImageError` `LIMIT_EXCEEDED`. */
  advance(places: Places, text: ByteString): Places {
    const { operations, operands, sets } = this.#program;
    let from = places;
    let fromCount = places.length;
    for (let i = 0; i < text.length && fromCount > 0; i++) {
      const byte = text.charCodeAt(i);
      this.#budget.spend(fromCount);
      this.#round++;
      const to = this.#next;
      let count = 0;
      for (let k = 0; k < fromCount; k++) {
        const at = from[k];
        if (operations[at] === Operation.byte && sets[operands[at] * BYTE_COUNT + byte] === 1) {
          count = this.#reach(at + 1, to, count, false);
        }
      }
      this.#next = this.#current;
      this.#current = from = to;
      fromCount = count;
    }
    return from.slice(0, fromCount);
  }

  /** Adds what is reached from `first` without a byte to `places`; answers their new count. */
  #reach(first: number, places: Int32Array, count: number, isStart: boolean): number {
    const { operations, operands } = this.#program;
    const rounds = this.#rounds;
    const pending = this.#pending;
    let pendingCount = 0;
    let steps = 0;
    for (let at = first;;) {
      if (rounds[at] !== this.#round) {
        rounds[at] = this.#round;
        steps++;
        switch (operations[at]) {
          case Operation.byte:
          case Operation.match:
            places[count++] = at;
            break;
          case Operation.split:
            pending[pendingCount++] = operands[at];
            at++;
            continue;
          case Operation.jump:
          case Operation.ahead:
          case Operation.notAhead:
            at = operands[at];
            continue;
          case Operation.start:
            if (!isStart) break;
            at++;
            continue;
        }
      }
      if (pendingCount === 0) break;
      at = pending[--pendingCount];
    }
    this.#budget.spend(steps);
    return count;
  }
}
