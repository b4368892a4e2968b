/**
 * Every difference between two trees: names, metadata, which names are one file, and content.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../bytes/byte_string.ts";
import { digestSteps } from "./content_digest.ts";
import { firstDifference } from "./compare_content.ts";
import type { ContentReader } from "./content_reader.ts";
import type { FileTree } from "./file_tree.ts";
import { canonicalXattrs, FileKind, type Inode, type Xattr } from "./inode.ts";
import { LinkIdentity } from "./link_identity.ts";

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
  /** Bytes of files; `null` where they cannot be read, only told by their digest. */
  readonly reader: ContentReader<C> | null;
  /**
   * Digest of a file's bytes, hexadecimal. Contents are compared by it where a tree has no reader,
   * and shown by it where they differ. A tree with neither leaves contents out of the comparison.
   */
  readonly digest?: (content: C, size: number) => string;
  /** Whether a content is known to be the same as one of the other tree; else it is compared. */
  readonly isSame?: (content: C, other: unknown) => boolean;
}

/** Options of {@linkcode compareTrees}. */
export interface CompareOptions {
  /** Fields that may differ. Nothing when absent. */
  readonly ignore?: readonly TreeField[];
  /** Names that are passed over, with all that is below them. None when absent. */
  readonly ignorePath?: (path: ByteString) => boolean;
  /** Times are compared by their whole seconds: one of the trees has no fractions. */
  readonly wholeSeconds?: boolean;
}

const ABSENT = "absent";

/** Where larger files differ the first byte tells: hashing a hole of terabytes would take hours. */
const HASHED_SIZE = 64 * 1024 ** 3;

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
  for (const step of compareInSteps(a, b, options)) {
    if (step !== null) yield step;
  }
}

/**
 * Like {@linkcode compareTrees}, and yields `null` after every name and inside of large files, so
 * that the caller can let other work have its turn, or stop.
 */
export function* compareInSteps<A, B>(
  a: ComparedTree<A>,
  b: ComparedTree<B>,
  options: CompareOptions = {},
): Generator<TreeDifference | null> {
  const ignored = new Set<string>(options.ignore ?? []);
  const links = new LinkIdentity(a.tree, b.tree);
  for (const pair of walkBoth(a.tree, b.tree, options.ignorePath ?? (() => false))) {
    for (const found of comparePair(pair, links, options)) {
      if (!ignored.has(found.what)) yield found;
    }
    const areRegular = pair.a?.kind === FileKind.regular && pair.b?.kind === FileKind.regular;
    if (areRegular && !links.isAgain && !ignored.has("content")) {
      const content = yield* compareContent(pair.path, a, pair.a!, b, pair.b!);
      if (content !== null) yield content;
    }
    yield null;
  }
}

function* comparePair<A, B>(
  { path, a, b }: Pair<A, B>,
  links: LinkIdentity,
  options: CompareOptions,
): Generator<TreeDifference> {
  if (b === null) yield difference(path, "only in a", displayKind(a!), ABSENT);
  else if (a === null) yield difference(path, "only in b", ABSENT, displayKind(b));
  else if (a.kind !== b.kind) yield difference(path, "kind", displayKind(a), displayKind(b));
  else {
    const link = links.compare(a, b);
    if (links.isAgain) return;
    if (link !== null) yield difference(path, "link", link.a, link.b);
    yield* compareMetadata(path, a, b, options.wholeSeconds ?? false);
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
function* walkBoth<A, B>(
  a: FileTree<A>,
  b: FileTree<B>,
  isIgnored: (path: ByteString) => boolean,
): Generator<Pair<A, B>> {
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
    const path = directory.path === "" ? name : `${directory.path}/${name}`;
    if (isIgnored(path)) continue;
    const pair: Pair<A, B> = {
      path,
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

function* compareMetadata(
  path: ByteString,
  a: Inode,
  b: Inode,
  wholeSeconds: boolean,
): Generator<TreeDifference> {
  if (a.permissions !== b.permissions) {
    yield difference(path, "permissions", displayOctal(a.permissions), displayOctal(b.permissions));
  }
  if (a.uid !== b.uid) yield difference(path, "uid", `${a.uid}`, `${b.uid}`);
  if (a.gid !== b.gid) yield difference(path, "gid", `${a.gid}`, `${b.gid}`);
  if (a.size !== b.size) yield difference(path, "size", `${a.size}`, `${b.size}`);
  const mtimeA = displayTime(a.mtimeSeconds, wholeSeconds ? 0 : a.mtimeNanoseconds);
  const mtimeB = displayTime(b.mtimeSeconds, wholeSeconds ? 0 : b.mtimeNanoseconds);
  if (mtimeA !== mtimeB) yield difference(path, "mtime", mtimeA, mtimeB);
  const atimeA = displayTime(a.atimeSeconds, wholeSeconds ? 0 : a.atimeNanoseconds);
  const atimeB = displayTime(b.atimeSeconds, wholeSeconds ? 0 : b.atimeNanoseconds);
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
  const valuesA = new Map(a.map((xattr) => [xattr.name, xattr.value.toHex()]));
  const valuesB = new Map(b.map((xattr) => [xattr.name, xattr.value.toHex()]));
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

function* compareContent<A, B>(
  path: ByteString,
  a: ComparedTree<A>,
  inodeA: Inode<A>,
  b: ComparedTree<B>,
  inodeB: Inode<B>,
): Generator<null, TreeDifference | null> {
  if (inodeA.size !== inodeB.size || inodeA.size === 0) return null;
  const canTell = a.reader !== null && b.reader !== null || a.digest && b.digest;
  if (!canTell) return null;
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
  const isSame = a.isSame?.(inodeA.content, inodeB.content) ||
    b.isSame?.(inodeB.content, inodeA.content);
  if (isSame) return null;
  if (a.reader === null || b.reader === null) {
    return yield* compareDigests(path, a, inodeA, b, inodeB);
  }
  const { size } = inodeA;
  const found = yield* firstDifference(a.reader, inodeA.content, b.reader, inodeB.content, size);
  if (found === null) return null;
  if (a.digest && b.digest && size <= HASHED_SIZE) {
    return yield* compareDigests(path, a, inodeA, b, inodeB);
  }
  const displayByte = (byte: number | null) =>
    byte === null
      ? `ends at ${found.position}`
      : `0x${byte.toString(16).padStart(2, "0")} at ${found.position}`;
  return difference(path, "content", displayByte(found.a), displayByte(found.b));
}

function* compareDigests<A, B>(
  path: ByteString,
  a: ComparedTree<A>,
  inodeA: Inode<A>,
  b: ComparedTree<B>,
  inodeB: Inode<B>,
): Generator<null, TreeDifference | null> {
  const digestA = yield* digestOf(a, inodeA);
  const digestB = yield* digestOf(b, inodeB);
  if (digestA === digestB) return null;
  return difference(path, "content", `sha256:${digestA}`, `sha256:${digestB}`);
}

function* digestOf<C>(
  { reader, digest }: ComparedTree<C>,
  { content, size }: Inode<C>,
): Generator<null, string> {
  if (reader === null) return digest!(content!, size);
  return yield* digestSteps(reader, content!, size);
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
