/**
 * Deletions as tar layers spell them: file names with a prefix that came from aufs.
 *
 * Spec: OCI image-spec, "Image Layer Filesystem Changeset", section "Whiteouts".
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import { shorten } from "./tar/entry_path.ts";

const PREFIX = ".wh.";
const META_PREFIX = ".wh..wh.";
const OPAQUE = ".wh..wh..opq";

/**
 * What a name means.
 *
 * - `whiteout`: `path` of older layers is removed.
 * - `opaque`: all older content of the directory `path` is removed.
 * - `ignored`: bookkeeping of aufs, nothing for the tree.
 */
export interface Deletion {
  /** What is meant. */
  readonly kind: "whiteout" | "opaque" | "ignored";
  /** The path that is meant; for `ignored` the entry's own. */
  readonly path: ByteString;
}

/**
 * The deletion that the clean path of an entry stands for, `null` for an ordinary name.
 *
 * Only the last component decides: below a directory called `.wh.x` names are ordinary, as
 * containerd has it. The exception are aufs' own directories (`.wh..wh.plnk/…`): what is in
 * them is bookkeeping too.
 *
 * Throws `ImageError` `CORRUPT` for a whiteout that names nothing, `.` or `..`.
 */
export function parseDeletion(path: ByteString): Deletion | null {
  // Almost every path leaves here.
  if (!path.includes(PREFIX)) return null;
  const nameAt = path.lastIndexOf("/") + 1;
  if (nameAt > 0 && isInsideMetaDirectory(path, nameAt)) return { kind: "ignored", path };
  if (!path.startsWith(PREFIX, nameAt)) return null;
  const directory = path.slice(0, Math.max(0, nameAt - 1));
  const name = path.slice(nameAt);
  if (name === OPAQUE) return { kind: "opaque", path: directory };
  if (name.startsWith(META_PREFIX)) return { kind: "ignored", path };
  const removed = name.slice(PREFIX.length);
  if (removed === "" || removed === "." || removed === "..") {
    throw new ImageError(
      "CORRUPT",
      `Cannot apply whiteout "${shorten(path)}": it names "${removed}", expected a file name`,
    );
  }
  return { kind: "whiteout", path: directory === "" ? removed : `${directory}/${removed}` };
}

/** The name that says that `name` in the directory `directory` is removed. */
export function whiteoutPath(directory: ByteString, name: ByteString): ByteString {
  return joined(directory, PREFIX + name);
}

/** The name that says that all older content of `directory` is removed. */
export function opaquePath(directory: ByteString): ByteString {
  return joined(directory, OPAQUE);
}

/** Whether a layer would take the clean path of a file for a deletion, or for nothing. */
export function readsAsDeletion(path: ByteString): boolean {
  return path.includes(PREFIX) && (path.startsWith(PREFIX, path.lastIndexOf("/") + 1) ||
    parseDeletion(path) !== null);
}

function joined(directory: ByteString, name: ByteString): ByteString {
  return directory === "" ? name : `${directory}/${name}`;
}

function isInsideMetaDirectory(path: ByteString, nameAt: number): boolean {
  return path.startsWith(META_PREFIX) || path.lastIndexOf(`/${META_PREFIX}`, nameAt - 2) >= 0;
}
