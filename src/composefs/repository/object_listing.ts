/**
 * Which objects there are, as lists of the directories that they are in: asking for each of many
 * objects costs more.
 *
 * @module
 */
import { join } from "node:path";
import { systemError } from "../../io/system_error.ts";
import type { ObjectId } from "./object_id.ts";

/** Names of objects. Each directory is listed when it is first asked for, and stays as it was then. */
export class ObjectListing {
  readonly #directory: string;
  readonly #names = new Map<string, Set<string>>();

  /** Lists the objects in `directory`. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Whether an object of that name was there. Throws `ImageError` `IO`. */
  has(id: ObjectId): boolean {
    return this.#namesBeside(id).has(id.slice(2));
  }

  /** There is one more. */
  add(id: ObjectId): void {
    this.#namesBeside(id).add(id.slice(2));
  }

  #namesBeside(id: ObjectId): Set<string> {
    const head = id.slice(0, 2);
    let names = this.#names.get(head);
    if (names === undefined) {
      names = new Set(namesIn(join(this.#directory, head)));
      this.#names.set(head, names);
    }
    return names;
  }
}

/** Names of the files in a directory, which need not be there. */
function namesIn(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].filter((it) => it.isFile).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw systemError(error, "read directory", path);
  }
}
