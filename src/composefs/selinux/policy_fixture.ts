/**
 * Trees with a policy of SELinux, for tests.
 *
 * @module
 */
import { bytesOf, type ByteString } from "../../bytes/byte_string.ts";
import { DumpReader } from "../../tree/dump_reader.ts";
import { type FileTree, walk } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import type { ImageContent } from "../image/content.ts";
import { LABEL_XATTR } from "./label_tree.ts";

/** The directory of the policy's files. */
export const POLICY_DIRECTORY = "etc/selinux/targeted/contexts/files";

/** A tree of a dump file's lines behind the root, with files given by path and text besides. */
export function policyTree(
  lines: string,
  files: Readonly<Record<string, ByteString>>,
): FileTree<ImageContent> {
  const reader = new DumpReader();
  reader.write(bytesOf(`/ 0 40755 2 0 0 0 0.0 - - -\n${lines}`));
  const tree = reader.end();
  for (const [path, text] of Object.entries(files)) addFile(tree, path, text);
  return tree;
}

/** The files of a policy by path, of those in its directory by what follows `file_contexts`. */
export function policyFiles(
  contexts: Readonly<Record<string, ByteString>>,
): Record<string, ByteString> {
  const files: Record<string, ByteString> = {
    "etc/selinux/config": "# comment\nSELINUX=enforcing\nSELINUXTYPE=targeted\n",
  };
  for (const [suffix, text] of Object.entries(contexts)) {
    files[`${POLICY_DIRECTORY}/file_contexts${suffix}`] = text;
  }
  return files;
}

function addFile(tree: FileTree<ImageContent>, path: string, text: ByteString): void {
  const names = path.split("/");
  const last = names.pop()!;
  let directory = tree.root;
  for (const name of names) {
    let child = directory.children!.get(name);
    if (child === undefined) {
      child = new Inode<ImageContent>(FileKind.directory, 0o755);
      directory.children!.set(name, child);
    }
    directory = child;
  }
  const file = new Inode<ImageContent>(FileKind.regular, 0o644);
  file.size = text.length;
  file.content = { bytes: bytesOf(text) };
  directory.children!.set(last, file);
}

/** The label of a file, `null` for none. */
export function labelOf(inode: Inode): string | null {
  const label = inode.xattrs.find(({ name }) => name === LABEL_XATTR);
  return label === undefined ? null : new TextDecoder().decode(label.value);
}

/** The labels of all files by path, those of the policy itself left out. */
export function labelsOf(tree: FileTree): Record<string, string | null> {
  const labels: Record<string, string | null> = {};
  for (const { path, inode } of walk(tree)) {
    if (!/^etc(\/selinux|$)/.test(path)) labels[`/${path}`] = labelOf(inode);
  }
  return labels;
}
