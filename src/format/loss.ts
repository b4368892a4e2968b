/**
 * What becomes of things that a format cannot hold: an error, or, when asked, a line in the report.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import type { NoticeListener } from "../notice.ts";

/** `error` refuses what cannot be held, `report` leaves it out and says so. */
export type OnLoss = "error" | "report";

/** Something that the output cannot hold, where losses are errors: code `UNSUPPORTED`. */
export class LossError extends ImageError {
  /** What cannot be held, as `extended attributes`. */
  readonly loss: string;

  /** Creates the error for `loss` of the file at `path`, which is fit to be shown. */
  constructor(loss: string, path: string, message: string) {
    super("UNSUPPORTED", message, { where: { path } });
    this.name = "LossError";
    this.loss = loss;
  }
}

/** Counts what is lost, by what it is. */
export class LossLog {
  readonly #format: string;
  readonly #onLoss: OnLoss;
  readonly #lost = new Map<string, Loss>();

  /** `format` is its name, for messages. */
  constructor(format: string, onLoss: OnLoss) {
    this.#format = format;
    this.#onLoss = onLoss;
  }

  /** How many things were lost. */
  get count(): number {
    return [...this.#lost.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /**
   * Leaves out `what` of the file at `path` (as `extended attributes`) for `reason` (as `the format
   * has none`). Throws `LossError` where losses are errors.
   */
  add(path: ByteString, what: string, reason: string): void {
    if (this.#onLoss === "error") {
      const shown = shownPath(path);
      const message = `Cannot write ${what} of "${shown}" to ${this.#format}: ${reason}`;
      throw new LossError(what, shown, message);
    }
    const key = JSON.stringify([what, reason]);
    const known = this.#lost.get(key);
    if (known === undefined) this.#lost.set(key, { what, reason, first: path, count: 1 });
    else known.count++;
  }

  /** One notice `LOSS` for each kind of thing. */
  report(onNotice: NoticeListener): void {
    for (const { what, reason, first, count } of this.#lost.values()) {
      const shown = shownPath(first);
      const files = count === 1 ? `"${shown}"` : `${count} files, the first is "${shown}"`;
      onNotice({
        code: "LOSS",
        message: `Left out of ${this.#format}: ${what} of ${files}: ${reason}`,
        where: { path: shown },
      });
    }
  }
}

interface Loss {
  readonly what: string;
  readonly reason: string;
  readonly first: ByteString;
  count: number;
}

function shownPath(path: ByteString): string {
  return displayByteString(path === "" ? "/" : path);
}
