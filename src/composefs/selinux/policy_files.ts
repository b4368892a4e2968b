/**
 * Finds the policy of SELinux in a tree and reads it.
 *
 * ```text
 * etc/selinux/config                                         SELINUXTYPE=TYPE
 * etc/selinux/TYPE/contexts/files/file_contexts              rules, then those of
 *                                 file_contexts.local        these, then those of
 *                                 file_contexts.homedirs     these
 *                                 file_contexts.subs         aliases, then those of
 *                                 file_contexts.subs_dist    these
 * ```
 *
 * The order is that of composefs-rs: a policy gives the same labels, and so the same image.
 *
 * @module
 */
import { type ByteString, byteStringFrom, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { ContentReader } from "../../tree/content_reader.ts";
import type { FileTree } from "../../tree/file_tree.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import { parseAliases } from "./path_aliases.ts";
import type { LabelPolicy } from "./label_policy.ts";
import { type LabelRule, parseLabelRules } from "./label_rule.ts";
import { PatternProgram } from "./pattern_program.ts";

const SPACES = "\t\v\f\r ";
const CONFIG = "etc/selinux/config";
const RULE_SUFFIXES = ["", ".local", ".homedirs"];
const ALIAS_SUFFIXES = [".subs", ".subs_dist"];
/** Bytes of a file with rules; those of distributions have half a million. */
const LARGEST_RULES = 16 * 1024 * 1024;
/** Bytes of another file. */
const LARGEST_FILE = 1024 * 1024;

/**
 * The policy of a tree, `null` where it has none: no configuration, or none that names one. Throws
 * `ImageError`: `CORRUPT` where a file is not what it should be, `UNSUPPORTED` for a pattern that is
 * not handled, `NOT_FOUND` without `file_contexts`, `LIMIT_EXCEEDED`, and as `content` does.
 */
export function readPolicy<C>(tree: FileTree<C>, content: ContentReader<C>): LabelPolicy | null {
  const config = readFile(tree, CONFIG, LARGEST_FILE, content);
  const type = config === null ? null : policyType(config);
  if (type === null) return null;
  const base = `etc/selinux/${type}/contexts/files/file_contexts`;
  const rules: LabelRule[] = [];
  const program = new PatternProgram();
  for (const suffix of RULE_SUFFIXES) {
    const path = base + suffix;
    const text = readFile(tree, path, LARGEST_RULES, content);
    if (text !== null) {
      within(path, () => {
        for (const rule of parseLabelRules(text)) {
          program.add(rule.pattern, rule.line);
          rules.push(rule);
        }
      });
    } else if (suffix === "") {
      throw new ImageError(
        "NOT_FOUND",
        `Cannot read policy "${displayByteString(type)}": it has no ${displayByteString(path)}, ` +
          "expected it",
      );
    }
  }
  const aliases = new Map<ByteString, ByteString>();
  for (const suffix of ALIAS_SUFFIXES) {
    const path = base + suffix;
    const text = readFile(tree, path, LARGEST_FILE, content);
    if (text !== null) within(path, () => parseAliases(text, aliases));
  }
  return { rules, program, aliases };
}

/** The value of `SELINUXTYPE`, `null` where there is none. */
function policyType(config: ByteString): ByteString | null {
  for (const line of config.split("\n")) {
    const equals = line.indexOf("=");
    if (equals === -1 || trimmed(line.slice(0, equals)).toUpperCase() !== "SELINUXTYPE") continue;
    return trimmed(line.slice(equals + 1));
  }
  return null;
}

/** Without spaces at both ends; `trim` would take bytes of UTF-8 too. */
function trimmed(text: ByteString): ByteString {
  let start = 0;
  let end = text.length;
  while (start < end && SPACES.includes(text[start])) start++;
  while (end > start && SPACES.includes(text[end - 1])) end--;
  return text.slice(start, end);
}

/** Does `work` on the file at `path`, which errors name. */
function within(path: ByteString, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw error instanceof ImageError ? error.at({ path: displayByteString(path) }) : error;
  }
}

/** The bytes of a file, `null` where there is no such name. */
function readFile<C>(
  tree: FileTree<C>,
  path: ByteString,
  limitBytes: number,
  content: ContentReader<C>,
): ByteString | null {
  const inode = findInode(tree, path);
  if (inode === null) return null;
  if (inode.kind !== FileKind.regular) throw notUsable(path, "it is no regular file");
  if (inode.size > limitBytes) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot read file of policy: it has ${inode.size} bytes, expected at most ${limitBytes}`,
      { where: { path: displayByteString(path) } },
    );
  }
  const bytes = new Uint8Array(inode.size);
  if (inode.content !== null && content.read(inode.content, bytes, 0) < bytes.length) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read file of policy: it ends early, expected ${bytes.length} bytes`,
      { where: { path: displayByteString(path) } },
    );
  }
  return byteStringFrom(bytes);
}

/** What has a name; symbolic links are not followed. */
function findInode<C>(tree: FileTree<C>, path: ByteString): Inode<C> | null {
  let inode = tree.root;
  for (const name of path.split("/")) {
    if (inode.children === null) throw notUsable(path, "a part of its path is no directory");
    const child = inode.children.get(name);
    if (child === undefined) return null;
    inode = child;
  }
  return inode;
}

function notUsable(path: ByteString, observed: string): ImageError {
  return new ImageError(
    "UNSUPPORTED",
    `Cannot read file of policy: ${observed}, expected it to be there without links`,
    { where: { path: displayByteString(path) } },
  );
}
