/**
 * Which objects there are, as lists of the directories that they are in: asking for each of many
 * objects costs more.
 *
 * @module
 */
import { join } from "node:path";
import { systemError } from "../../io/system_error.ts";
import { objectPath } from "../../tree/object_content.ts";
import type { ObjectId } from "./object_id.ts";

/** Names that are kept: about 100 MB. Of a larger repository the rest is asked for one by one. */
const MOST_NAMES = 500_000;

/** Names of objects. Each directory is listed when it is first asked for, and stays as it was then. */
export class ObjectListing {
  readonly #directory: string;
  readonly #mostNames: number;
  readonly #names = new Map<string, Set<string>>();
  #nameCount = 0;

  /** Lists the objects in `directory`, no further directory once there are `mostNames` names. */
  constructor(directory: string, mostNames = MOST_NAMES) {
    this.#directory = directory;
    this.#mostNames = mostNames;
  }

  /** Whether an object of that name was there. Throws `ImageError` `IO`. */
  has(id: ObjectId): boolean {
    const names = this.#namesBeside(id);
    return names === null ? isFile(join(this.#directory, objectPath(id))) : names.has(id.slice(2));
  }

  /** There is one more. */
  add(id: ObjectId): void {
    const names = this.#namesBeside(id);
    if (names === null) return;
    names.add(id.slice(2));
    this.#nameCount++;
  }

  /** The names in the directory of an object; `null` where it is not listed any more. */
  #namesBeside(id: ObjectId): Set<string> | null {
    const head = id.slice(0, 2);
    let names = this.#names.get(head);
    if (names !== undefined) return names;
    if (this.#nameCount >= this.#mostNames) return null;
    names = namesIn(join(this.#directory, head));
    this.#names.set(head, names);
    this.#nameCount += names.size;
    return names;
  }
}

/** Names of the files in a directory, which need not be there. */
function namesIn(path: string): Set<string> {
  const names = new Set<string>();
  try {
    for (const { name, isFile } of Deno.readDirSync(path)) if (isFile) names.add(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw systemError(error, "read directory", path);
  }
  return names;
}

function isFile(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw systemError(error, "read object", path);
  }
}
