/**
 * How much work a policy may make.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";

/** Counts the steps of matching, so that no policy keeps a machine busy for hours. */
export class StepBudget {
  readonly #limit: number;
  #spent = 0;

  /** Allows `limit` steps. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Notes `count` steps. Throws `ImageError` `LIMIT_EXCEEDED` where they are too many. */
  spend(count: number): void {
    this.#spent += count;
    if (this.#spent <= this.#limit) return;
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot label files: the patterns of the policy took ${this.#limit} steps, expected fewer`,
    );
  }
}
