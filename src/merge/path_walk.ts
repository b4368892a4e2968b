/**
 * One walk along a path of the tree: symbolic links are expanded, `..` cannot leave the root.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import type { Inode } from "../tree/inode.ts";

/** How many symbolic links one walk may follow. */
export const MAX_SYMLINKS = 255;

/** Where a walk stands and which components are still to come. */
export class PathWalk<C> {
  /** The directories from the root to where the walk stands. */
  readonly #stack: Inode<C>[];
  /** Their names, without the root's. */
  readonly #names: ByteString[] = [];
  /** Components to come, the next one last. */
  readonly #pending: ByteString[] = [];
  #followed = 0;

  /** Starts at `root`, to go along `path`. */
  constructor(root: Inode<C>, path: ByteString) {
    this.#stack = [root];
    this.#push(path);
  }

  /** The directory where the walk stands. */
  get directory(): Inode<C> {
    return this.#stack[this.#stack.length - 1];
  }

  /** The path of `directory`, free of symbolic links. */
  get path(): ByteString {
    return this.#names.join("/");
  }

  /** Whether one more symbolic link may be followed. */
  get canFollow(): boolean {
    return this.#followed < MAX_SYMLINKS;
  }

  /** The next component to look up in `directory`; `null` at the end. */
  next(): ByteString | null {
    for (let name = this.#pending.pop(); name !== undefined; name = this.#pending.pop()) {
      if (name === "" || name === ".") continue;
      if (name !== "..") return name;
      if (this.#names.pop() !== undefined) this.#stack.pop();
    }
    return null;
  }

  /** Goes down into a directory that stands in `directory` as `name`. */
  enter(name: ByteString, directory: Inode<C>): void {
    this.#names.push(name);
    this.#stack.push(directory);
  }

  /** Goes where a symbolic link found in `directory` leads. */
  follow(target: ByteString): void {
    if (!this.canFollow) {
      throw new ImageError(
        "CORRUPT",
        `Cannot follow symbolic links: more than ${MAX_SYMLINKS} in one path, expected no loop`,
      );
    }
    this.#followed++;
    if (target.startsWith("/")) {
      this.#stack.length = 1;
      this.#names.length = 0;
    }
    this.#push(target);
  }

  /** A second walk that stands where this one stands, with nothing to come. */
  branch(): PathWalk<C> {
    const walk = new PathWalk<C>(this.#stack[0], "");
    this.#names.forEach((name, i) => walk.enter(name, this.#stack[i + 1]));
    walk.#followed = this.#followed;
    return walk;
  }

  #push(path: ByteString): void {
    const names = path.split("/");
    for (let i = names.length - 1; i >= 0; i--) this.#pending.push(names[i]);
  }
}

/** Walks to the end; `null` where something on the way is missing or no directory. */
export function existingDirectory<C>(walk: PathWalk<C>): Inode<C> | null {
  for (let name = walk.next(); name !== null; name = walk.next()) {
    const child = walk.directory.children!.get(name);
    if (child?.children) walk.enter(name, child);
    else if (child === undefined || child.target === "" || !walk.canFollow) return null;
    else walk.follow(child.target);
  }
  return walk.directory;
}
