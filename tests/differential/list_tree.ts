/**
 * A tree as lines of text, short enough to be written by hand as an expectation.
 *
 * @module
 */
import { type ByteString, byteStringFrom } from "../../src/bytes/byte_string.ts";
import type { ContentReader } from "../../src/tree/content_reader.ts";
import { type FileTree, walk } from "../../src/tree/file_tree.ts";
import { FileKind, type Inode } from "../../src/tree/inode.ts";

/** What {@linkcode listTree} takes for granted. */
export interface ListDefaults {
  /** Time of the entries that say nothing else, seconds since 1970. */
  readonly mtimeSeconds: number;
  /** Time of what the merge made itself, shown as `created`. */
  readonly createdSeconds: number;
}

/**
 * One line for each name in byte order: `a = content`, `d/`, `s -> target`, `c 1:3` (a character
 * device), `b 8:1 block`, `p |` (a fifo), `b == a` (a further name of `a`), and behind it what is
 * not as usual: `mode=` (octal), `uid=`, `gid=`, `mtime=`, attributes. The root stands there as
 * `./` when something of it is unusual. Bytes that are not plain ASCII are shown as `\xNN`.
 */
export function listTree<C>(
  tree: FileTree<C>,
  reader: ContentReader<C>,
  defaults: ListDefaults,
): string[] {
  const firstNames = new Map<Inode<C>, ByteString>();
  const lines: string[] = [];
  for (const { path, inode } of walk(tree)) {
    if (path === "") {
      const unusual = describe(inode, defaults).replace(" mtime=created", "");
      if (unusual !== "") lines.push(`./${unusual}`);
      continue;
    }
    const first = firstNames.get(inode);
    if (first !== undefined) {
      lines.push(`${show(path)} == ${show(first)}`);
      continue;
    }
    firstNames.set(inode, path);
    lines.push(`${show(path)}${contentOf(inode, reader)}${describe(inode, defaults)}`);
  }
  return lines;
}

function contentOf<C>(inode: Inode<C>, reader: ContentReader<C>): string {
  switch (inode.kind) {
    case FileKind.directory:
      return "/";
    case FileKind.symlink:
      return ` -> ${show(inode.target)}`;
    case FileKind.characterDevice:
      return ` ${inode.deviceMajor}:${inode.deviceMinor}`;
    case FileKind.blockDevice:
      return ` ${inode.deviceMajor}:${inode.deviceMinor} block`;
    case FileKind.fifo:
      return " |";
    default: {
      if (inode.size === 0) return " =";
      const bytes = new Uint8Array(inode.size);
      const byteCount = inode.content === null ? 0 : reader.read(inode.content, bytes, 0);
      return ` = ${show(byteStringFrom(bytes, 0, byteCount))}`;
    }
  }
}

function describe(inode: Inode, defaults: ListDefaults): string {
  const usualMode = inode.kind === FileKind.directory
    ? 0o755
    : inode.kind === FileKind.symlink
    ? 0o777
    : 0o644;
  let text = "";
  if (inode.permissions !== usualMode) text += ` mode=${inode.permissions.toString(8)}`;
  if (inode.uid !== 0) text += ` uid=${inode.uid}`;
  if (inode.gid !== 0) text += ` gid=${inode.gid}`;
  text += describeTime(inode, defaults);
  for (const { name, value } of inode.xattrs) {
    text += ` ${show(name)}=${show(byteStringFrom(value))}`;
  }
  return text;
}

function describeTime(inode: Inode, defaults: ListDefaults): string {
  const { mtimeSeconds, mtimeNanoseconds } = inode;
  if (mtimeNanoseconds !== 0) {
    return ` mtime=${mtimeSeconds}.${String(mtimeNanoseconds).padStart(9, "0")}`;
  }
  if (mtimeSeconds === defaults.mtimeSeconds) return "";
  return ` mtime=${mtimeSeconds === defaults.createdSeconds ? "created" : mtimeSeconds}`;
}

function show(text: ByteString): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /[\x00-\x1f\x7f-\xff]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
