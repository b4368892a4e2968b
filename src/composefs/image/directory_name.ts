/**
 * A directory and the name of something in or beside it, in one word.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { quote } from "../../oci/quote.ts";

/**
 * The parts of `DIRECTORY:NAME`: the directory is what stands before the first colon that has a
 * directory in front of it. `form` is the whole reference, for people. Throws `ImageError`
 * `NOT_FOUND`.
 */
export function splitDirectory(
  text: string,
  form: string,
): { readonly directory: string; readonly name: string } {
  for (let at = text.indexOf(":"); at >= 0; at = text.indexOf(":", at + 1)) {
    const directory = text.slice(0, at);
    if (isDirectory(directory) && at < text.length - 1) {
      return { directory, name: text.slice(at + 1) };
    }
  }
  const prefix = form.slice(0, form.indexOf(":") + 1);
  throw new ImageError(
    "NOT_FOUND",
    `Cannot open ${quote(`${prefix}${text}`)}: ` +
      `${isDirectory(text) ? "it names no image" : "there is no such directory"}, expected ${form}`,
  );
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
