/**
 * Finds and makes directories in the tree while a layer is applied, through symbolic links, never
 * outside the root.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import type { NoticeListener } from "../notice.ts";
import { FileKind, Inode } from "../tree/inode.ts";
import type { NameCount } from "../tree/name_count.ts";
import { copyMetadata, type MergeOptions } from "./merge_options.ts";
import type { RemovedFiles } from "./removal.ts";
import { existingDirectory, PathWalk } from "./path_walk.ts";

/** The directories of one tree, during one layer. */
export class DirectoryResolver<C> {
  /** The root directory. */
  readonly root: Inode<C>;
  readonly #removed: RemovedFiles<C>;
  readonly #options: MergeOptions;
  readonly #names: NameCount;
  readonly #onNotice: NoticeListener;
  /** What this layer placed of what may be asked about: links, and in `replace` mode all files. */
  readonly #own = new Set<Inode<C>>();
  readonly #reported = new Set<Inode<C>>();
  // Entries come directory by directory: the last answer is kept.
  #lastPath: ByteString = "";
  #lastDirectory: Inode<C>;

  /**
   * `removed` is what this layer took away: a directory made again in its place inherits. `names`
   * counts those that are added.
   */
  constructor(
    root: Inode<C>,
    removed: RemovedFiles<C>,
    options: MergeOptions,
    names: NameCount,
    onNotice: NoticeListener,
  ) {
    this.root = root;
    this.#removed = removed;
    this.#options = options;
    this.#names = names;
    this.#onNotice = onNotice;
    this.#lastDirectory = root;
  }

  /** The directory at `path`; what is missing of it is made. */
  directory(path: ByteString): Inode<C> {
    if (path === this.#lastPath) return this.#lastDirectory;
    const walk = new PathWalk<C>(this.root, path);
    for (let name = walk.next(); name !== null; name = walk.next()) {
      const child = walk.directory.children!.get(name);
      if (child === undefined) {
        walk.enter(name, this.#make(walk, name));
      } else if (child.kind === FileKind.directory) {
        walk.enter(name, child);
      } else {
        this.#passNonDirectory(walk, name, child, path);
      }
    }
    this.#lastPath = path;
    return this.#lastDirectory = walk.directory;
  }

  /** What stands at `path`, its last component not followed; `null` where there is nothing. */
  find(path: ByteString): Inode<C> | null {
    if (path === "") return this.root;
    const slash = path.lastIndexOf("/");
    const parent = this.existing(slash === -1 ? "" : path.slice(0, slash));
    return parent === null ? null : parent.children!.get(path.slice(slash + 1)) ?? null;
  }

  /**
   * What stood at `path` in the older layers and was taken out of the tree by a mark of this layer
   * behind `offset`: for an entry there, it is still in its place. `null` for nothing.
   */
  findRemovedBehind(path: ByteString, offset: number): Inode<C> | null {
    return this.#removed.removedBehind(path, offset);
  }

  /** The directory that `path` leads to, links followed; `null` where there is none. */
  existing(path: ByteString): Inode<C> | null {
    if (path === this.#lastPath) return this.#lastDirectory;
    return existingDirectory(new PathWalk<C>(this.root, path));
  }

  /** Puts `inode` under a name, in place of whatever stood there. */
  set(directory: Inode<C>, name: ByteString, inode: Inode<C>): void {
    const existing = directory.children!.get(name);
    if (existing === undefined) this.#names.add();
    else this.#forgetLast(existing);
    directory.children!.set(name, inode);
    if (inode.kind === FileKind.symlink || this.#options.symlinkedParents === "replace") {
      this.#own.add(inode);
    }
  }

  /** Tells that an explicit directory at `path` took the place of an older link to a directory. */
  reportReplaced(path: ByteString, link: Inode<C>): void {
    if (this.#own.has(link)) return;
    this.#onNotice({
      code: "DIRECTORY_REPLACED_SYMLINK",
      message: `Directory "${displayByteString(path)}" replaces a symbolic link to "${
        displayByteString(link.target)
      }"`,
      where: { path: displayByteString(path) },
    });
  }

  /** The cached directory may have stood in or behind what is replaced. */
  #forgetLast(existing: Inode<C>): void {
    if (existing.kind !== FileKind.directory && existing.kind !== FileKind.symlink) return;
    this.#lastPath = "";
    this.#lastDirectory = this.root;
  }

  #passNonDirectory(walk: PathWalk<C>, name: ByteString, child: Inode<C>, path: ByteString): void {
    const isLink = child.kind === FileKind.symlink;
    const isOlder = !this.#own.has(child);
    const isOlderLink = isLink && isOlder;
    if (isOlder && this.#options.symlinkedParents === "replace") {
      const branch = walk.branch();
      if (isLink && branch.canFollow) branch.follow(child.target);
      const linked = isLink ? existingDirectory(branch) : null;
      const made = this.#make(walk, name);
      if (linked !== null) copyMetadata(linked, made);
      if (isOlderLink) this.#reportSymlinkedParent(child, path, "is hidden by a real directory");
      walk.enter(name, made);
      return;
    }
    if (!isLink) {
      throw new ImageError(
        "CORRUPT",
        `Cannot place entry: its parent "${displayByteString(path)}" has a non-directory "${
          displayByteString(name)
        }" in it, expected a directory`,
      );
    }
    if (isOlderLink) this.#reportSymlinkedParent(child, path, "is followed");
    walk.follow(child.target);
  }

  #reportSymlinkedParent(link: Inode<C>, path: ByteString, what: string): void {
    if (this.#reported.has(link)) return;
    this.#reported.add(link);
    this.#onNotice({
      code: "SYMLINKED_PARENT",
      message: `Parent directory "${
        displayByteString(path)
      }" goes through a symbolic link of an older layer, which ${what}: it leads to "${
        displayByteString(link.target)
      }"`,
      where: { path: displayByteString(path) },
    });
  }

  /**
   * Makes a directory that no entry of this layer describes. Where this layer removed a directory
   * of that name, it takes over that one's metadata; else it is 0755 root:root.
   */
  #make(walk: PathWalk<C>, name: ByteString): Inode<C> {
    const made = new Inode<C>(FileKind.directory, 0o755);
    made.mtimeSeconds = made.atimeSeconds = this.#options.createdSeconds;
    const older = this.#removed.directory(walk.path === "" ? name : `${walk.path}/${name}`);
    if (older !== null) copyMetadata(older, made);
    this.#names.add();
    walk.directory.children!.set(name, made);
    return made;
  }
}
