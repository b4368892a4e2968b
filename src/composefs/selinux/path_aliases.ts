/**
 * The lines of `file_contexts.subs`: directories that are labelled as if they were others.
 *
 * ```text
 * # DIRECTORY  AS
 * /srv/home    /home
 * ```
 *
 * @see https://man7.org/linux/man-pages/man5/file_contexts.subs_dist.5.html
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { wordLines } from "./word_lines.ts";

/**
 * Adds the aliases of a file to `aliases`; the later one of a path wins. Throws `ImageError` `CORRUPT`
 * where a line is no alias.
 */
export function parseAliases(text: ByteString, aliases: Map<ByteString, ByteString>): void {
  for (const { line, words } of wordLines(text)) {
    if (words.length !== 2) {
      throw new ImageError(
        "CORRUPT",
        `Cannot read alias of line ${line}: it has ${words.length} words, expected two paths`,
      );
    }
    aliases.set(words[0], words[1]);
  }
}
