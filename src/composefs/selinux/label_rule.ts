/**
 * The lines of `file_contexts`: which files get which label.
 *
 * ```text
 * # PATTERN        [TYPE]  LABEL
 * /usr(/.*)?               system_u:object_r:usr_t:s0
 * /usr/bin/sudo    --      system_u:object_r:sudo_exec_t:s0
 * /tmp/.*                  <<none>>
 * ```
 *
 * @see https://man7.org/linux/man-pages/man5/file_contexts.5.html
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { FileKind } from "../../tree/inode.ts";
import { KIND_LETTERS } from "../../tree/kind_letters.ts";
import { wordLines } from "./word_lines.ts";

/** A rule. */
export interface LabelRule {
  /** Pattern of the whole path. */
  readonly pattern: ByteString;
  /** Line of its file, from 1. */
  readonly line: number;
  /** The files it is for; all where `null`. */
  readonly kind: FileKind | null;
  /** The label that they get, `null` for none. */
  readonly label: ByteString | null;
}

const NO_LABEL = "<<none>>";

/** The rules of a file, in its order. Throws `ImageError` `CORRUPT` where a line is no rule. */
export function* parseLabelRules(text: ByteString): Generator<LabelRule> {
  for (const { line, words } of wordLines(text)) {
    const hasKind = words.length > 1 && words[1].startsWith("-");
    if (words.length !== (hasKind ? 3 : 2)) {
      throw new ImageError(
        "CORRUPT",
        `Cannot read rule of line ${line}: it has ${words.length} words, expected a pattern, ` +
          "perhaps a type, and a label",
      );
    }
    const label = words[words.length - 1];
    yield {
      pattern: words[0],
      line,
      kind: hasKind ? kindOf(words[1], line) : null,
      label: label === NO_LABEL ? null : label,
    };
  }
}

function kindOf(word: ByteString, line: number): FileKind {
  for (const kind of Object.values(FileKind)) if (word === `-${KIND_LETTERS[kind]}`) return kind;
  throw new ImageError(
    "CORRUPT",
    `Cannot read rule of line ${line}: its type is "${displayByteString(word)}", expected one of ` +
      Object.values(KIND_LETTERS).map((letter) => `-${letter}`).join(" "),
  );
}
