/**
 * Where a check says what it found.
 *
 * @module
 */
import { type ByteString, byteStringFrom } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { ImageProblem } from "../image_reader.ts";

/** Reports what is wrong with an image. */
export class CheckReport {
  readonly #onProblem: (problem: ImageProblem) => void;

  /** `onProblem` hears of everything. */
  constructor(onProblem: (problem: ImageProblem) => void) {
    this.#onProblem = onProblem;
  }

  /** Something is not as it should be; `offset` is where in the image, bytes. */
  wrong(thing: string, observed: string, expected: string, offset?: number): void {
    const message = `Cannot accept ${thing}: ${observed}, expected ${expected}`;
    this.#onProblem(offset === undefined ? { message } : { message, offset });
  }

  /** Reports the `ImageError` that `step` throws; answers what it answers, else `null`. */
  attempt<T>(step: () => T, path?: ByteString): T | null {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      const { offset, path: shown } = error.where;
      const where = path ?? (shown === undefined ? undefined : byteStringFrom(utf8(shown)));
      this.#onProblem({ message: error.message, path: where, offset });
      return null;
    }
  }
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
