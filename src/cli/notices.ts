/**
 * Which notices a person sees, and how many.
 *
 * @module
 */
import type { Notice, NoticeCode } from "../notice.ts";
import { noticeText } from "./error_text.ts";

/** Ordinary things that only interest with `--verbose`. */
const MINOR: ReadonlySet<NoticeCode> = new Set(["IMAGE_SKIPPED", "SYMLINKED_PARENT"]);
/** So many of one kind are shown without `--verbose`. */
const SHOWN_OF_A_KIND = 10;

/** How much the program tells. */
export type Loudness = "quiet" | "normal" | "verbose";

/** Shows notices as they come and counts those that it keeps back. */
export class NoticePrinter {
  readonly #loudness: Loudness;
  readonly #write: (text: string) => void;
  readonly #counts = new Map<NoticeCode, number>();

  /** Creates a printer that gives its lines to `write`. */
  constructor(loudness: Loudness, write: (text: string) => void) {
    this.#loudness = loudness;
    this.#write = write;
  }

  /** Shows a notice, unless it is of a kind or number that is kept back. */
  show(notice: Notice): void {
    if (this.#loudness === "quiet") return;
    if (this.#loudness === "verbose") {
      this.#write(noticeText(notice));
      return;
    }
    if (MINOR.has(notice.code)) return;
    const count = (this.#counts.get(notice.code) ?? 0) + 1;
    this.#counts.set(notice.code, count);
    if (count <= SHOWN_OF_A_KIND) this.#write(noticeText(notice));
  }

  /** Says how many notices were kept back for their number. */
  finish(): void {
    for (const [code, count] of this.#counts) {
      if (count <= SHOWN_OF_A_KIND) continue;
      this.#write(`oci2rootfs: note: ${count - SHOWN_OF_A_KIND} more of ${code} (-v shows all)\n`);
    }
  }
}
