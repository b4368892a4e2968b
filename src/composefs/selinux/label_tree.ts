/**
 * Gives the files of a tree the labels that a policy has for their paths.
 *
 * @module
 */
import { bytesOf, type ByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { countNames, type FileTree, sortedNames } from "../../tree/file_tree.ts";
import { canonicalXattrs, FileKind, Inode, type Xattr } from "../../tree/inode.ts";
import { LONGEST_PATH } from "./exact_match.ts";
import { LabelLookup } from "./label_lookup.ts";
import type { LabelPolicy } from "./label_policy.ts";
import type { Places } from "./pattern_runner.ts";
import { StepBudget } from "./step_budget.ts";

/** The attribute of a file that has its label; its value has no NUL at the end. */
export const LABEL_XATTR = "security.selinux";

/** Steps of work: at worst half a minute. A distribution's policy takes a hundred for each file. */
const MOST_STEPS = 500_000_000;
/** Places that are kept for the directories that are open, all together: 64 MiB. */
const MOST_PLACES = 16 * 1024 * 1024;

/** A directory whose files are labelled. */
interface Level<C> {
  readonly directory: Inode<C>;
  /** What stands before the names in it. */
  readonly prefix: ByteString;
  /** Where the patterns are behind that. */
  readonly places: Places;
  readonly names: readonly ByteString[];
  next: number;
}

/**
 * Labels every file; labels from before are replaced, or removed where the policy has none. A file
 * with several names that deserve different labels becomes several files: the first name in the order
 * of a walk keeps it, with all that deserve the same.
 *
 * Throws `ImageError` `LIMIT_EXCEEDED` where the policy takes more than `stepLimit` steps of work.
 */
export function labelTree<C>(
  tree: FileTree<C>,
  policy: LabelPolicy,
  stepLimit = MOST_STEPS,
): void {
  new TreeLabeller<C>(policy, stepLimit).label(tree);
}

class TreeLabeller<C> {
  readonly #aliases: ReadonlyMap<ByteString, ByteString>;
  readonly #lookup: LabelLookup;
  readonly #xattrs = new LabelXattrs();
  // The labels of files with several names.
  readonly #shared = new Map<Inode, ByteString | null>();
  readonly #levels: Level<C>[] = [];
  #placeCount = 0;

  constructor(policy: LabelPolicy, stepLimit: number) {
    this.#aliases = policy.aliases;
    this.#lookup = new LabelLookup(policy, new StepBudget(stepLimit));
  }

  label(tree: FileTree<C>): void {
    countNames(tree);
    this.#visit(tree.root, "/", this.#lookup.from("/"));
    for (let level = this.#levels.at(-1); level; level = this.#levels.at(-1)) {
      if (level.next === level.names.length) {
        this.#levels.pop();
        this.#placeCount -= level.places.length;
        continue;
      }
      const name = level.names[level.next++];
      const path = level.prefix + name;
      const inode = level.directory.children!.get(name)!;
      // Longer ones are not worth the time it takes to compare them.
      const alias = this.#aliases.size === 0 || path.length > LONGEST_PATH
        ? undefined
        : this.#aliases.get(path);
      const labelled = alias === undefined
        ? this.#visit(inode, path, this.#lookup.advance(level.places, name))
        : this.#visit(inode, alias, this.#lookup.from(alias));
      if (labelled !== inode) level.directory.children!.set(name, labelled);
    }
  }

  /** Labels a file; answers a copy where the file itself has another label. */
  #visit(inode: Inode<C>, path: ByteString, places: Places): Inode<C> {
    const label = this.#lookup.label(places, path, inode.kind);
    let labelled = inode;
    if (inode.kind === FileKind.directory) {
      this.#open(inode, path, places);
    } else if (inode.number > 1) {
      const known = this.#shared.get(inode);
      if (known === undefined) this.#shared.set(inode, label);
      else if (known === label) return inode;
      else labelled = Object.assign(new Inode<C>(inode.kind, inode.permissions), inode);
    }
    labelled.xattrs = this.#xattrs.with(inode.xattrs, label);
    return labelled;
  }

  #open(directory: Inode<C>, path: ByteString, places: Places): void {
    const isOpen = path.endsWith("/");
    const inside = isOpen ? places : this.#lookup.advance(places, "/");
    this.#placeCount += inside.length;
    if (this.#placeCount > MOST_PLACES) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        "Cannot label files: too many patterns go on in too many directories, expected fewer",
      );
    }
    this.#levels.push({
      directory,
      prefix: isOpen ? path : `${path}/`,
      places: inside,
      names: sortedNames(directory),
      next: 0,
    });
  }
}

/** Attribute lists with labels; files with nothing but the same label share one. */
class LabelXattrs {
  readonly #lists = new Map<ByteString, readonly Xattr[]>();

  /** `xattrs` with another label, or none. */
  with(xattrs: readonly Xattr[], label: ByteString | null): readonly Xattr[] {
    const others = xattrs.filter(({ name }) => name !== LABEL_XATTR);
    if (label === null) return canonicalXattrs(others);
    let list = this.#lists.get(label);
    if (list === undefined) {
      list = [{ name: LABEL_XATTR, value: bytesOf(label) }];
      this.#lists.set(label, list);
    }
    return others.length === 0 ? list : canonicalXattrs([...others, ...list]);
  }
}
