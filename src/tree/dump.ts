/**
 * A tree as text, one line for each name, in the syntax of composefs dump files
 * (`composefs-dump(5)`): for golden tests and for people.
 *
 * ```text
 * PATH SIZE MODE NLINK UID GID RDEV MTIME PAYLOAD CONTENT DIGEST [XATTR=VALUE]...
 * ```
 *
 * @module
 */
import { type ByteString, byteStringFrom } from "../bytes/byte_string.ts";
import { packDeviceNumber } from "./device_number.ts";
import { escapeField, escapeXattr, HARD_LINK_MARK, NOTHING } from "./dump_syntax.ts";
import { countNames, type FileTree, walk } from "./file_tree.ts";
import { FileKind, type Inode, modeOf } from "./inode.ts";

/** What a line says of a regular file's bytes. */
export interface DumpedContent {
  /** Where the bytes are, in `PAYLOAD`; nothing when absent. */
  readonly payload?: ByteString;
  /** The bytes themselves, in `CONTENT`; nothing when absent. */
  readonly bytes?: Uint8Array;
  /** Hexadecimal digest of the bytes, in `DIGEST`; nothing when absent. */
  readonly digest?: string;
}

/** Says of a regular file with content where its bytes are, what they are, or their digest. */
export type ContentDescriber<C> = (content: C, size: number) => DumpedContent;

/** `MODE` of a line for a further name of a file. */
const HARD_LINK_MODE = `${HARD_LINK_MARK}120000`;

/**
 * Yields a line (without a line break) for every name: directories before their content, siblings
 * in byte order. A further name of a file is a line that has only its path and, as `PAYLOAD`, the
 * first name. Without `describe` nothing is said about the bytes of files. `at` is the path of the
 * root, where the tree is a part of another.
 */
export function* dumpTree<C>(
  tree: FileTree<C>,
  describe: ContentDescriber<C> = () => ({}),
  at: ByteString = "",
): Generator<string> {
  countNames(tree);
  const firstPaths = new Map<Inode<C>, ByteString>();
  for (const { path: relativePath, inode } of walk(tree)) {
    const path = relativePath === "" ? at || "/" : `${at}/${relativePath}`;
    const firstPath = firstPaths.get(inode);
    if (firstPath !== undefined) {
      yield [escapeField(path), "0", HARD_LINK_MODE, "- - - - 0.0", escapeField(firstPath), "- -"]
        .join(" ");
      continue;
    }
    if (inode.number > 1) firstPaths.set(inode, path);
    yield dumpLine(path, inode, describe);
  }
}

/** The line of a file with the absolute path `path`. */
export function dumpLine<C>(
  path: ByteString,
  inode: Inode<C>,
  describe: ContentDescriber<C>,
): string {
  const described = inode.content === null ? {} : describe(inode.content, inode.size);
  const payload = inode.kind === FileKind.symlink ? inode.target : described.payload;
  const { bytes } = described;
  const fields = [
    escapeField(path),
    inode.size,
    modeOf(inode).toString(8),
    inode.linkCount,
    inode.uid,
    inode.gid,
    packDeviceNumber(inode.deviceMajor, inode.deviceMinor),
    `${inode.mtimeSeconds}.${inode.mtimeNanoseconds}`,
    payload === undefined ? NOTHING : escapeField(payload),
    bytes === undefined || bytes.length === 0 ? NOTHING : escapeField(byteStringFrom(bytes)),
    described.digest ?? NOTHING,
  ];
  for (const { name, value } of inode.xattrs) {
    fields.push(`${escapeXattr(name)}=${escapeXattr(byteStringFrom(value))}`);
  }
  return fields.join(" ");
}
