/**
 * Judges of archives: programs that extract one, and our own parser.
 *
 * @module
 */
import type { LayerEntry, LayerVisitor } from "../../src/layer/layer_entry.ts";
import { TarParser } from "../../src/layer/tar/tar_parser.ts";
import { mergeLayers } from "../../src/merge/merge.ts";
import type { ComparedTree, TreeField } from "../../src/tree/compare.ts";
import type { FileTree } from "../../src/tree/file_tree.ts";
import { FileKind } from "../../src/tree/inode.ts";
import { MountedTree } from "../mounted_tree.ts";
import { runTool } from "../run_tool.ts";
import type { GeneratedContent } from "./generated_content.ts";
import { complaintsAbout } from "./image_judges.ts";

/** The differences of a real directory. */
export function directoryComplaints(
  directory: string,
  expected: FileTree<GeneratedContent>,
  ignore: readonly TreeField[] = [],
): string[] {
  using mounted = new MountedTree(directory);
  const ignored = ["atime", ...ignore] as const;
  return complaintsAbout(expected, { tree: mounted.tree, reader: mounted }, ignored);
}

/** Lets a program extract an archive into a new directory, and looks at what it made. */
export function extractedComplaints(
  program: string,
  args: (directory: string) => readonly string[],
  expected: FileTree<GeneratedContent>,
  ignore: readonly TreeField[] = [],
  input?: Uint8Array,
): string[] {
  const directory = Deno.makeTempDirSync({ prefix: "extracted_" });
  try {
    const result = runTool(program, args(directory), { cwd: directory, input });
    if (result.status !== 0) return [`${program} ended with ${result.status}: ${result.stderr}`];
    return directoryComplaints(directory, expected, ignore);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** What our own parser makes of a tar, bytes of files in memory. */
export function parsedTar(archive: Uint8Array, hasPlainNames = false): ComparedTree<Uint8Array> {
  const entries: LayerEntry<Uint8Array>[] = [];
  let at = 0;
  const visitor: LayerVisitor = {
    entry(entry) {
      const ours = entry as LayerEntry<Uint8Array>;
      entries.push(ours);
      if (ours.inode?.kind !== FileKind.regular || ours.inode.size === 0) return false;
      ours.inode.content = new Uint8Array(ours.inode.size);
      at = 0;
      return true;
    },
    write(bytes) {
      entries.at(-1)!.inode!.content!.set(bytes, at);
      at += bytes.length;
    },
    skip: (byteCount) => void (at += byteCount),
    end() {},
  };
  const parser = new TarParser(visitor, () => {}, { hasPlainNames });
  parser.push(archive);
  parser.finish();
  return { tree: mergeLayers([{ name: "tar", entries }]).tree, reader: memoryReader };
}

/** Reads contents that are in memory. */
export const memoryReader = {
  read(content: Uint8Array, into: Uint8Array, position: number): number {
    const piece = content.subarray(position, position + into.length);
    into.set(piece);
    return piece.length;
  },
  seekData: (_content: Uint8Array, position: number): number => position,
};
