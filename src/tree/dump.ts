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
import { type FileTree, walk } from "./file_tree.ts";
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
const HARD_LINK_MODE = "@120000";
const NOTHING = "-";

/**
 * Yields a line (without a line break) for every name: directories before their content, siblings
 * in byte order. A further name of a file is a line that has only its path and, as `PAYLOAD`, the
 * first name. Without `describe` nothing is said about the bytes of files.
 */
export function* dumpTree<C>(
  tree: FileTree<C>,
  describe: ContentDescriber<C> = () => ({}),
): Generator<string> {
  const firstPaths = new Map<Inode<C>, ByteString>();
  for (const { path: relativePath, inode } of walk(tree)) {
    const path = `/${relativePath}`;
    const firstPath = firstPaths.get(inode);
    if (firstPath !== undefined) {
      yield [escape(path), "0", HARD_LINK_MODE, "- - - - 0.0", escape(firstPath), "- -"].join(" ");
      continue;
    }
    if (inode.kind !== FileKind.directory) firstPaths.set(inode, path);
    yield dumpLine(path, inode, describe);
  }
}

function dumpLine<C>(path: ByteString, inode: Inode<C>, describe: ContentDescriber<C>): string {
  const described = inode.content === null ? {} : describe(inode.content, inode.size);
  const payload = inode.kind === FileKind.symlink ? inode.target : described.payload;
  const { bytes } = described;
  const fields = [
    escape(path),
    inode.size,
    modeOf(inode).toString(8),
    inode.linkCount,
    inode.uid,
    inode.gid,
    deviceNumber(inode),
    `${inode.mtimeSeconds}.${inode.mtimeNanoseconds}`,
    payload === undefined ? NOTHING : escape(payload),
    bytes === undefined || bytes.length === 0 ? NOTHING : escape(byteStringFrom(bytes)),
    described.digest ?? NOTHING,
  ];
  for (const { name, value } of inode.xattrs) {
    fields.push(`${escapeXattr(name)}=${escapeXattr(byteStringFrom(value))}`);
  }
  return fields.join(" ");
}

/** The number of 32 bits that the kernel writes to disks: minor 8 bits, major 12, minor 12. */
function deviceNumber({ deviceMajor, deviceMinor }: Inode): number {
  const low = deviceMinor % 256;
  return low + deviceMajor * 256 + (deviceMinor - low) * 4096;
}

/** A field; a dash alone would mean that there is nothing. */
function escape(text: ByteString): string {
  return text === NOTHING ? "\\x2d" : text.replace(/[^\x21-\x7e]|\\/g, escapeUnit);
}

function escapeXattr(text: ByteString): string {
  return text.replace(/[^\x21-\x7e]|[\\=]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  switch (unit) {
    case "\\":
      return "\\\\";
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    case "\t":
      return "\\t";
    default:
      return `\\x${unit.charCodeAt(0).toString(16).padStart(2, "0")}`;
  }
}
