/**
 * Every difference between two trees: names, metadata, which names are one file, and content.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../bytes/byte_string.ts";
import { toHex } from "../bytes/hex.ts";
import { firstDifference } from "./compare_content.ts";
import type { ContentReader } from "./content_reader.ts";
import { type FileTree, walk } from "./file_tree.ts";
import { canonicalXattrs, FileKind, type Inode, type Xattr } from "./inode.ts";

/**
 * What is compared of a file that both trees have.
 *
 * `link` is the identity of hard links: two names are one file in both trees or in neither.
 * `linkCount` is the number that an inode carries.
 */
export type TreeField =
  | "kind"
  | "permissions"
  | "uid"
  | "gid"
  | "size"
  | "mtime"
  | "atime"
  | "target"
  | "device"
  | "xattr"
  | "link"
  | "linkCount"
  | "content";

/** One difference. */
export interface TreeDifference {
  /** Path without a leading slash; empty for the root. */
  readonly path: ByteString;
  /** A field of a file that both trees have, or the tree that alone has the name. */
  readonly what: TreeField | "only in a" | "only in b";
  /** Name of the attribute where `what` is `xattr`, else empty. */
  readonly xattrName: ByteString;
  /** What is in the first tree, fit to be shown; `absent` for nothing. */
  readonly a: string;
  /** What is in the second tree, fit to be shown; `absent` for nothing. */
  readonly b: string;
}

/** One of the two trees. */
export interface ComparedTree<C> {
  /** Names and metadata. */
  readonly tree: FileTree<C>;
  /** Bytes of files; `null` leaves contents out of the comparison. */
  readonly reader: ContentReader<C> | null;
}

/** Options of {@linkcode compareTrees}. */
export interface CompareOptions {
  /** Fields that may differ. Nothing when absent. */
  readonly ignore?: readonly TreeField[];
}

const ABSENT = "absent";

/**
 * Yields every difference, directories before their content, siblings in byte order.
 *
 * Memory is two read buffers and a number for each file. Where kinds differ nothing else of the
 * two files is compared; where sizes differ contents are not. A file with several names is
 * compared under the first of them.
 */
export function* compareTrees<A, B>(
  a: ComparedTree<A>,
  b: ComparedTree<B>,
  options: CompareOptions = {},
): Generator<TreeDifference> {
  const ignored = new Set(options.ignore ?? []);
  const links = new LinkIdentity(a.tree, b.tree);
  for (const pair of walkBoth(a.tree, b.tree)) {
    if (pair.b === null) {
      yield difference(pair.path, "only in a", displayKind(pair.a!), ABSENT);
    } else if (pair.a === null) {
      yield difference(pair.path, "only in b", ABSENT, displayKind(pair.b));
    } else if (pair.a.kind !== pair.b.kind) {
      if (!ignored.has("kind")) {
        yield difference(pair.path, "kind", displayKind(pair.a), displayKind(pair.b));
      }
    } else {
      const link = links.compare(pair.path, pair.a, pair.b);
      if (link === "compared before") continue;
      if (link !== null && !ignored.has("link")) yield link;
      for (const found of compareMetadata(pair.path, pair.a, pair.b)) {
        if (!ignored.has(found.what as TreeField)) yield found;
      }
      if (pair.a.kind === FileKind.regular && !ignored.has("content")) {
        const content = compareContent(pair.path, a, pair.a, b, pair.b);
        if (content !== null) yield content;
      }
    }
  }
}

/** A difference as one line for a person. */
export function formatDifference(difference: TreeDifference): string {
  const what = difference.xattrName === ""
    ? difference.what
    : `${difference.what} ${displayByteString(difference.xattrName)}`;
  return `/${displayByteString(difference.path)}: ${what}: ${difference.a} | ${difference.b}`;
}

interface Pair<A, B> {
  readonly path: ByteString;
  readonly a: Inode<A> | null;
  readonly b: Inode<B> | null;
}

/** All names of both trees, each directory before its content; not limited by the stack. */
function* walkBoth<A, B>(a: FileTree<A>, b: FileTree<B>): Generator<Pair<A, B>> {
  const root: Pair<A, B> = { path: "", a: a.root, b: b.root };
  yield root;
  const levels = [{ directory: root, names: namesOf(root), next: 0 }];
  while (levels.length > 0) {
    const level = levels[levels.length - 1];
    if (level.next === level.names.length) {
      levels.pop();
      continue;
    }
    const name = level.names[level.next++];
    const { directory } = level;
    const pair: Pair<A, B> = {
      path: directory.path === "" ? name : `${directory.path}/${name}`,
      a: directory.a?.children?.get(name) ?? null,
      b: directory.b?.children?.get(name) ?? null,
    };
    yield pair;
    const names = namesOf(pair);
    if (names.length > 0) levels.push({ directory: pair, names, next: 0 });
  }
}

function namesOf(pair: Pair<unknown, unknown>): ByteString[] {
  const names = new Set(pair.a?.children?.keys());
  for (const name of pair.b?.children?.keys() ?? []) names.add(name);
  return [...names].sort();
}

/** Finds out whether names are one file in both trees or in neither. */
class LinkIdentity {
  readonly #a: FileTree;
  readonly #b: FileTree;
  // The number of the first name, among the names that both trees have, of every file.
  readonly #firstInA = new Map<Inode, number>();
  readonly #firstInB = new Map<Inode, number>();
  #nameCount = 0;

  constructor(a: FileTree, b: FileTree) {
    this.#a = a;
    this.#b = b;
  }

  compare(path: ByteString, a: Inode, b: Inode): TreeDifference | "compared before" | null {
    const number = this.#nameCount++;
    const firstInA = this.#firstInA.get(a);
    const firstInB = this.#firstInB.get(b);
    if (firstInA === undefined) this.#firstInA.set(a, number);
    if (firstInB === undefined) this.#firstInB.set(b, number);
    if (firstInA === firstInB) return firstInA === undefined ? null : "compared before";
    return difference(
      path,
      "link",
      firstInA === undefined ? "first name" : `same as ${firstPath(this.#a, a)}`,
      firstInB === undefined ? "first name" : `same as ${firstPath(this.#b, b)}`,
    );
  }
}

function firstPath(tree: FileTree, inode: Inode): string {
  for (const entry of walk(tree)) {
    if (entry.inode === inode) return `/${displayByteString(entry.path)}`;
  }
  return ABSENT;
}

function* compareMetadata(path: ByteString, a: Inode, b: Inode): Generator<TreeDifference> {
  if (a.permissions !== b.permissions) {
    yield difference(path, "permissions", displayOctal(a.permissions), displayOctal(b.permissions));
  }
  if (a.uid !== b.uid) yield difference(path, "uid", `${a.uid}`, `${b.uid}`);
  if (a.gid !== b.gid) yield difference(path, "gid", `${a.gid}`, `${b.gid}`);
  if (a.size !== b.size) yield difference(path, "size", `${a.size}`, `${b.size}`);
  const mtimeA = displayTime(a.mtimeSeconds, a.mtimeNanoseconds);
  const mtimeB = displayTime(b.mtimeSeconds, b.mtimeNanoseconds);
  if (mtimeA !== mtimeB) yield difference(path, "mtime", mtimeA, mtimeB);
  const atimeA = displayTime(a.atimeSeconds, a.atimeNanoseconds);
  const atimeB = displayTime(b.atimeSeconds, b.atimeNanoseconds);
  if (atimeA !== atimeB) yield difference(path, "atime", atimeA, atimeB);
  if (a.target !== b.target) {
    yield difference(path, "target", displayByteString(a.target), displayByteString(b.target));
  }
  if (a.deviceMajor !== b.deviceMajor || a.deviceMinor !== b.deviceMinor) {
    yield difference(path, "device", displayDevice(a), displayDevice(b));
  }
  if (a.linkCount !== b.linkCount) {
    yield difference(path, "linkCount", `${a.linkCount}`, `${b.linkCount}`);
  }
  yield* compareXattrs(path, a.xattrs, b.xattrs);
}

function* compareXattrs(
  path: ByteString,
  a: readonly Xattr[],
  b: readonly Xattr[],
): Generator<TreeDifference> {
  if (a.length === 0 && b.length === 0) return;
  const valuesA = new Map(a.map((xattr) => [xattr.name, toHex(xattr.value)]));
  const valuesB = new Map(b.map((xattr) => [xattr.name, toHex(xattr.value)]));
  for (const { name } of canonicalXattrs([...a, ...b])) {
    const valueA = valuesA.get(name);
    const valueB = valuesB.get(name);
    if (valueA === valueB) continue;
    yield {
      path,
      what: "xattr",
      xattrName: name,
      a: valueA === undefined ? ABSENT : `0x${valueA}`,
      b: valueB === undefined ? ABSENT : `0x${valueB}`,
    };
  }
}

function compareContent<A, B>(
  path: ByteString,
  a: ComparedTree<A>,
  inodeA: Inode<A>,
  b: ComparedTree<B>,
  inodeB: Inode<B>,
): TreeDifference | null {
  if (a.reader === null || b.reader === null || inodeA.size === 0) return null;
  if (inodeA.size !== inodeB.size) return null;
  if (inodeA.content === null || inodeB.content === null) {
    if (inodeA.content === inodeB.content) return null;
    const displayContent = (content: unknown) => content === null ? ABSENT : "present";
    return difference(
      path,
      "content",
      displayContent(inodeA.content),
      displayContent(inodeB.content),
    );
  }
  const found = firstDifference(a.reader, inodeA.content, b.reader, inodeB.content, inodeA.size);
  if (found === null) return null;
  const displayByte = (byte: number | null) =>
    byte === null
      ? `ends at ${found.position}`
      : `0x${byte.toString(16).padStart(2, "0")} at ${found.position}`;
  return difference(path, "content", displayByte(found.a), displayByte(found.b));
}

function difference(
  path: ByteString,
  what: TreeDifference["what"],
  a: string,
  b: string,
): TreeDifference {
  return { path, what, xattrName: "", a, b };
}

function displayKind(inode: Inode): string {
  return Object.entries(FileKind).find(([, kind]) => kind === inode.kind)![0];
}

function displayOctal(permissions: number): string {
  return permissions.toString(8).padStart(4, "0");
}

function displayDevice(inode: Inode): string {
  return `${inode.deviceMajor}:${inode.deviceMinor}`;
}

function displayTime(seconds: number, nanoseconds: number): string {
  return `${seconds} s + ${nanoseconds} ns`;
}
