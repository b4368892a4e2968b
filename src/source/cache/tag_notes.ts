/**
 * Which manifest a tag named when the registry was last asked: what `--offline` goes by.
 *
 * @module
 */
import * as v from "valibot";
import { ImageError } from "../../image_error.ts";
import { systemError } from "../../io/system_error.ts";
import { parseDigest } from "../../oci/digest.ts";
import { sizeBytes } from "../../oci/fields.ts";
import { checkDocument, parseJson } from "../../oci/json_document.ts";
import { makeCacheDirectory, namesIn, tagDirectory, tagPath } from "./cache_paths.ts";
import { replaceFile } from "./replace_file.ts";

/** A manifest or index, by the name that it had. */
export interface TagNote {
  /** The full reference, as `docker.io/library/nginx:1.27`. */
  readonly reference: string;
  /** Digest of the manifest or index. */
  readonly digest: string;
  /** Its media type. */
  readonly mediaType: string;
  /** Its bytes. */
  readonly size: number;
}

const noteSchema = v.object({
  reference: v.string(),
  digest: v.string(),
  mediaType: v.string(),
  size: sizeBytes,
});

/** The note on a tag; `null` where there is none that can be read. */
export function readTagNote(cache: string, reference: string): TagNote | null {
  const note = readNote(tagPath(cache, reference));
  return note?.reference === reference ? note : null;
}

/** Writes the note on a tag in one step. Throws `ImageError` `PERMISSION`, `OUT_OF_SPACE` or `IO`. */
export function writeTagNote(cache: string, note: TagNote): void {
  makeCacheDirectory(tagDirectory(cache));
  const path = tagPath(cache, note.reference);
  replaceFile(path, new TextEncoder().encode(JSON.stringify(note) + "\n"));
}

/** All notes with their files. */
export function listTagNotes(cache: string): { readonly path: string; readonly note: TagNote }[] {
  const directory = tagDirectory(cache);
  return namesIn(directory)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => {
      const path = `${directory}/${name}`;
      const note = readNote(path);
      return note === null ? [] : [{ path, note }];
    });
}

function readNote(path: string): TagNote | null {
  try {
    const document = { kind: "tag note", name: path };
    const note = checkDocument(noteSchema, parseJson(Deno.readFileSync(path), document), document);
    parseDigest(note.digest);
    return note;
  } catch (cause) {
    const error = systemError(cause, "read tag note", path);
    // A note that cannot be read says nothing: the registry is asked instead.
    if (error instanceof ImageError) return null;
    throw error;
  }
}
