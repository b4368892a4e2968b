/**
 * The names of a repository: symbolic links to objects, and further names for those in `refs`.
 *
 * ```text
 * images/HEX           -> ../objects/XX/REST
 * images/refs/NAME     -> ../HEX
 * streams/ID           -> ../objects/XX/REST
 * streams/refs/A/NAME  -> ../../ID
 * ```
 *
 * Links are read as text and never followed: a repository may be anybody's.
 *
 * @module
 */
import { join, posix } from "node:path";
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { ImageError } from "../../image_error.ts";
import { systemError } from "../../io/system_error.ts";
import { quote } from "../../oci/quote.ts";
import { objectPath } from "../../tree/object_content.ts";
import { isObjectId, type ObjectId } from "./object_id.ts";
import { ensureRealDirectory, isRealDirectory, removeIfThere } from "./object_store.ts";

/** Directory of further names. */
export const REFS = "refs";
/** Deepest nesting of the directories in `refs`. */
const DEEPEST_REF = 32;

/** A further name. */
export interface Ref {
  /** Its path below `refs`. */
  readonly name: string;
  /** The entry that it stands for; `null` where it leads nowhere or out of the repository. */
  readonly target: string | null;
}

/** `images` or `streams`. */
export class LinkDirectory {
  /** Its path. */
  readonly path: string;
  /** Its name. */
  readonly kind: "images" | "streams";
  readonly #temporary: string;
  readonly #algorithm: VerityAlgorithm;

  /** Opens one of the two directories of the repository at `repository`. */
  constructor(repository: string, kind: "images" | "streams", algorithm: VerityAlgorithm) {
    this.path = join(repository, kind);
    this.#temporary = join(repository, "tmp");
    this.kind = kind;
    this.#algorithm = algorithm;
  }

  /**
   * All names but those in `refs`, sorted. What is no link is no name, but somebody's own. Throws
   * `ImageError` `IO` or `PERMISSION`.
   */
  names(): string[] {
    const links = entriesIn(this.path).filter(({ name, isSymlink }) => isSymlink && name !== REFS);
    return links.map(({ name }) => name);
  }

  /** The object of that name; `null` where there is no such name. Throws `ImageError` `CORRUPT`. */
  objectOf(name: string): ObjectId | null {
    const path = join(this.path, checkEntryName(name));
    const text = readLink(path);
    if (text === null) return null;
    const id = this.parseLink(text);
    if (id !== null) return id;
    throw new ImageError(
      "CORRUPT",
      `Cannot read repository link ${quote(name)}: it leads to ${quote(text)}, expected ` +
        "../objects/XX/REST",
      { where: { source: path } },
    );
  }

  /** The object that the text of a link names, `null` where it names none. */
  parseLink(text: string): ObjectId | null {
    const match = /^\.\.\/objects\/([0-9a-f]{2})\/([0-9a-f]+)$/.exec(text);
    if (match === null) return null;
    const id = match[1] + match[2];
    return isObjectId(id, this.#algorithm) ? id : null;
  }

  /** Gives an object a name, in place of what had it. */
  put(name: string, id: ObjectId): void {
    ensureRealDirectory(this.path);
    this.#putLink(join(this.path, checkEntryName(name)), `../objects/${objectPath(id)}`);
  }

  /** Takes a name away; without effect where it is not there. */
  remove(name: string): void {
    removeLink(join(this.path, checkEntryName(name)));
  }

  /** All further names, sorted. Throws `ImageError`, also for a name that is no UTF-8. */
  refs(): Ref[] {
    const found: Ref[] = [];
    const visit = (prefix: string, depth: number): void => {
      if (depth > DEEPEST_REF) {
        throw new ImageError(
          "LIMIT_EXCEEDED",
          `Cannot read references "${this.path}/${REFS}": they are nested too deep, expected at ` +
            `most ${DEEPEST_REF} levels`,
        );
      }
      for (const entry of entriesIn(join(this.path, REFS, prefix))) {
        const name = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
        if (entry.isDirectory) visit(checkRefName(name), depth + 1);
        else found.push({ name, target: this.#resolve(name) });
      }
    };
    visit("", 0);
    return found;
  }

  /** The entry that a further name stands for; `null` where there is no such name. */
  refTarget(name: string): string | null {
    const path = this.#refPath(name);
    const text = readLink(path);
    if (text === null) return null;
    const target = this.#resolve(name);
    if (target !== null) return target;
    throw new ImageError(
      "CORRUPT",
      `Cannot read repository reference ${quote(name)}: it leads to ${quote(text)}, expected a ` +
        `name in ${this.kind}`,
      { where: { source: path } },
    );
  }

  /** Gives an entry a further name, in place of what had it. */
  putRef(name: string, target: string): void {
    checkEntryName(target);
    const path = this.#refPath(name);
    const parents = this.#refParents(name);
    parents.forEach(ensureRealDirectory);
    this.#putLink(path, `${"../".repeat(parents.length - 1)}${target}`);
  }

  /** Takes a further name away, and directories that are empty then. Answers whether it was there. */
  removeRef(name: string): boolean {
    const path = this.#refPath(name);
    const parents = this.#refParents(name);
    if (!parents.every(isRealDirectory)) return false;
    const wasThere = removeLink(path);
    for (const directory of parents.slice(2).reverse()) {
      try {
        Deno.removeSync(directory);
      } catch {
        break; // Others are in it.
      }
    }
    return wasThere;
  }

  /** Makes a link, or replaces one at once. */
  #putLink(path: string, text: string): void {
    ensureRealDirectory(this.#temporary);
    const temporary = join(this.#temporary, crypto.getRandomValues(new Uint8Array(8)).toHex());
    try {
      Deno.symlinkSync(text, temporary);
      Deno.renameSync(temporary, path);
    } catch (error) {
      removeIfThere(temporary);
      throw systemError(error, "create link", path);
    }
  }

  #resolve(name: string): string | null {
    const text = readLink(this.#refPath(name));
    if (text === null || text.startsWith("/")) return null;
    const path = posix.join(REFS, posix.dirname(name), text);
    return isEntryName(path) ? path : null;
  }

  /** The directories on the way to a further name, from the outermost on. */
  #refParents(name: string): string[] {
    const parents = [this.path, join(this.path, REFS)];
    for (const part of name.split("/").slice(0, -1)) parents.push(join(parents.at(-1)!, part));
    return parents;
  }

  #refPath(name: string): string {
    return join(this.path, REFS, checkRefName(name));
  }
}

/** Whether `name` can stand for an object: one component that is not `refs`. */
export function isEntryName(name: string): boolean {
  return isComponent(name) && name !== REFS;
}

/** Throws `ImageError` `UNSAFE_PATH` where `name` is no name of an entry. */
function checkEntryName(name: string): string {
  if (isEntryName(name)) return name;
  throw unsafeName(name, "one component of UTF-8");
}

/** Throws `ImageError` `UNSAFE_PATH` where `name` is no path below `refs`. */
export function checkRefName(name: string): string {
  const parts = name.split("/");
  if (parts.length <= DEEPEST_REF && parts.every(isComponent)) return name;
  throw unsafeName(name, "UTF-8 between single slashes, without . and ..");
}

function isComponent(text: string): boolean {
  // Bytes that are no UTF-8 come as U+FFFD: a name with it would be another one on the disk.
  return text !== "" && text !== "." && text !== ".." && !/[/\0\ufffd]/.test(text) &&
    new TextEncoder().encode(text).length <= 255;
}

function unsafeName(name: string, expected: string): ImageError {
  return new ImageError(
    "UNSAFE_PATH",
    `Cannot use repository name ${quote(name)}: it is no safe path, expected ${expected}`,
  );
}

/** What is in a directory, sorted; nothing where it is not there. */
export function entriesIn(path: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(path)].sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw systemError(error, "read directory", path);
  }
}

/** The text of a symbolic link; `null` where nothing is there. */
export function readLink(path: string): string | null {
  try {
    return Deno.readLinkSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    if (error instanceof Error && (error as { code?: unknown }).code === "EINVAL") {
      throw new ImageError(
        "CORRUPT",
        `Cannot read repository link "${path}": it is no symbolic link, expected one`,
        { where: { source: path }, cause: error },
      );
    }
    throw systemError(error, "read link", path);
  }
}

function removeLink(path: string): boolean {
  try {
    // What is no link is somebody's own.
    if (!Deno.lstatSync(path).isSymlink) return false;
    Deno.removeSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw systemError(error, "remove link", path);
  }
}
