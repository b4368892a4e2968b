/**
 * Differences of two images, as lines and as JSON.
 *
 * @module
 */
import { type ByteString, utf8ByteString } from "../bytes/byte_string.ts";
import type { TreeDifference } from "../tree/compare.ts";
import { fieldName } from "../verify/difference_fields.ts";
import { exactText, type NameStyle } from "./shown_name.ts";

/** A difference as a line to write. */
export function differenceLine(difference: TreeDifference, style: NameStyle): ByteString {
  const { what, a, b, xattrName } = difference;
  const path = style(`/${difference.path}`);
  if (what === "only in a") return `- ${path}: ${utf8ByteString(a)}\n`;
  if (what === "only in b") return `+ ${path}: ${utf8ByteString(b)}\n`;
  const field = xattrName === "" ? fieldName(what) : `xattrs ${style(xattrName)}`;
  return `~ ${path}: ${field}: ${utf8ByteString(`${a} | ${b}`)}\n`;
}

/** A difference as JSON. */
export function differenceJson(difference: TreeDifference): unknown {
  const { what, a, b, xattrName } = difference;
  const path = exactText(`/${difference.path}`);
  if (what === "only in a") return { path, change: "removed", a };
  if (what === "only in b") return { path, change: "added", b };
  return {
    path,
    change: "changed",
    field: fieldName(what),
    ...(xattrName === "" ? {} : { xattr: exactText(xattrName) }),
    a,
    b,
  };
}

/** How many files differ, counted as the differences come. */
export class DifferenceCount {
  /** Names that only the first image has. */
  removed = 0;
  /** Names that only the second image has. */
  added = 0;
  /** Names that both have, with some difference. */
  changed = 0;
  #lastChanged: ByteString | null = null;

  /** Takes the next difference; those of one name follow each other. */
  add({ what, path }: TreeDifference): void {
    if (what === "only in a") this.removed++;
    else if (what === "only in b") this.added++;
    else if (path !== this.#lastChanged) {
      this.changed++;
      this.#lastChanged = path;
    }
  }

  /** Whether there was none. */
  get isZero(): boolean {
    return this.removed + this.added + this.changed === 0;
  }

  /** For a person. */
  get text(): string {
    if (this.isZero) return "no difference";
    return `${this.removed} removed, ${this.added} added, ${this.changed} changed`;
  }
}
