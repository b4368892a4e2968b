/**
 * Which objects there are, as lists of the directories that they are in: asking for each of many
 * objects costs more.
 *
 * @module
 */
import { join } from "node:path";
import { ImageError } from "../../image_error.ts";
import type { HostDirectory, OpenDirectory } from "../../io/host_files.ts";
import { systemError } from "../../io/system_error.ts";
import { NameTable } from "./name_table.ts";
import type { ObjectId } from "./object_id.ts";

/** Names that are kept: about 100 MB. Of a larger repository the rest is asked for one by one. */
const MOST_NAMES = 500_000;

/** Names of objects. Each directory is listed when it is first asked for, and stays as it was then. */
export class ObjectListing {
  readonly #directory: string;
  readonly #open: OpenDirectory;
  readonly #mostNames: number;
  readonly #names = new Map<string, NameTable>();
  #nameCount = 0;

  /**
   * Lists the objects in `directory`, whose parts `open` opens; no further part once there are
   * `mostNames` names.
   */
  constructor(directory: string, open: OpenDirectory, mostNames = MOST_NAMES) {
    this.#directory = directory;
    this.#open = open;
    this.#mostNames = mostNames;
  }

  /** Whether an object of that name was there. Throws `ImageError` `IO`. */
  has(id: ObjectId): boolean {
    return this.#has(id.slice(0, 2), id.slice(2));
  }

  /** The same for its path below the directory, as `ab/cd…`. */
  hasPath(path: string): boolean {
    return this.#has(path.slice(0, 2), path.slice(3));
  }

  #has(head: string, rest: string): boolean {
    const names = this.#namesIn(head);
    return names === null ? isFile(join(this.#directory, head, rest)) : names.has(rest);
  }

  /** There is one more. */
  add(id: ObjectId): void {
    const names = this.#namesIn(id.slice(0, 2));
    if (names === null) return;
    names.add(id.slice(2));
    this.#nameCount++;
  }

  /** The names in the directory `head`; `null` where it is not listed any more. */
  #namesIn(head: string): NameTable | null {
    let names = this.#names.get(head);
    if (names !== undefined) return names;
    if (this.#nameCount >= this.#mostNames) return null;
    names = this.#list(join(this.#directory, head));
    this.#names.set(head, names);
    this.#nameCount += names.size;
    return names;
  }

  /** Names of the files in a directory, which need not be there. */
  #list(path: string): NameTable {
    let directory: HostDirectory | null = null;
    try {
      directory = this.#open(path);
      return new NameTable(directory.names(true));
    } catch (error) {
      if (error instanceof ImageError && error.code === "NOT_FOUND") return new NameTable([]);
      throw error;
    } finally {
      directory?.close();
    }
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw systemError(error, "read object", path);
  }
}
