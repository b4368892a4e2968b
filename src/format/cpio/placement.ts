/**
 * Puts the members of archives into one tree, as the kernel does when it unpacks them: later ones
 * win, symbolic links among the parents are followed, inside the root.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import { NameCount } from "../../tree/name_count.ts";

/** As many symbolic links as Linux follows in one path. */
const MAX_LINKS = 40;

/** A tree that grows member by member. */
export class ArchiveTree<C> {
  /** The root, 0755 of root until a member says otherwise. */
  readonly root: Inode<C> = new Inode<C>(FileKind.directory, 0o755);
  readonly #names = new NameCount();

  /**
   * Puts `inode` at the path of a member. Directories that are there keep what is in them; those
   * that no member describes are made. Answers `false` where a directory with something in it stands
   * in the place of a file.
   *
   * Throws `ImageError` `UNSAFE_PATH` for `..` and NUL, `CORRUPT` where a parent is no directory,
   * `LIMIT_EXCEEDED` for too many names.
   */
  place(name: ByteString, inode: Inode<C>): boolean {
    const path = cleanPath(name);
    if (path.length === 0) {
      if (inode.kind === FileKind.directory) copyMetadata(inode, this.root);
      else throw unplaced(name, "it is the root", "a directory");
      return true;
    }
    const last = path[path.length - 1];
    const parent = this.#parentOf(path.slice(0, -1), name);
    const existing = parent.children!.get(last);
    if (existing?.kind === FileKind.directory) {
      if (inode.kind === FileKind.directory) {
        copyMetadata(inode, existing);
        return true;
      }
      if (existing.children!.size > 0) return false;
    }
    if (existing === undefined) this.#names.add();
    parent.children!.set(last, inode);
    return true;
  }

  #parentOf(path: readonly ByteString[], name: ByteString): Inode<C> {
    const stack = [this.root];
    const pending = path.toReversed();
    let links = 0;
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (next === "" || next === ".") continue;
      if (next === "..") {
        if (stack.length > 1) stack.pop();
        continue;
      }
      const directory = stack[stack.length - 1];
      let child = directory.children!.get(next);
      if (child === undefined) {
        child = new Inode<C>(FileKind.directory, 0o755);
        this.#names.add();
        directory.children!.set(next, child);
      }
      if (child.kind === FileKind.directory) {
        stack.push(child);
      } else if (child.kind === FileKind.symlink) {
        if (++links > MAX_LINKS) throw unplaced(name, "too many symbolic links", "no loop");
        if (child.target.startsWith("/")) stack.length = 1;
        pending.push(...child.target.split("/").toReversed());
      } else {
        throw unplaced(name, `"${displayByteString(next)}" in its path is a file`, "a directory");
      }
    }
    return stack[stack.length - 1];
  }
}

function cleanPath(name: ByteString): ByteString[] {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (!parts.includes("..")) return parts;
  throw new ImageError(
    "UNSAFE_PATH",
    `Cannot place "${displayByteString(name)}": it has a component "..", expected a path without`,
  );
}

function copyMetadata(from: Inode, to: Inode): void {
  const { permissions, uid, gid, mtimeSeconds, atimeSeconds } = from;
  Object.assign(to, { permissions, uid, gid, mtimeSeconds, atimeSeconds });
}

function unplaced(name: ByteString, observed: string, expected: string): ImageError {
  return new ImageError(
    "CORRUPT",
    `Cannot place "${displayByteString(name)}": ${observed}, expected ${expected}`,
  );
}
