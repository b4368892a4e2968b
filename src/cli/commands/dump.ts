/**
 * `oci2rootfs dump`: a line for each file of an image.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import { digestText, DigestWriter } from "../../format/digest_writer.ts";
import { dumpTree } from "../../tree/dump.ts";
import { walk } from "../../tree/file_tree.ts";
import { FileKind } from "../../tree/inode.ts";
import type { TreeView } from "../../view/tree_view.ts";
import { fileJson } from "../file_facts.ts";
import { JsonArray } from "../json_array.ts";
import { Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import type { DumpArguments } from "./view_options.ts";

/** Runs `dump`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runDump(
  args: DumpArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const session = new Session(args, terminal, signal);
  await session.withTree(args.image, args.digests ? "digests" : "none", async (view) => {
    const { tree } = view;
    const digestOf = args.digests ? await digestsOf(view) : undefined;
    if (!args.json) {
      for (const line of dumpTree(tree, digestOf)) {
        session.output.write(`${line}\n`);
        await session.output.turn();
      }
      return;
    }
    const array = new JsonArray(session.output);
    for (const { path, inode } of walk(tree)) {
      const { content, size } = inode;
      const hash = content === null ? undefined : digestOf?.(content, size).digest;
      await array.add({
        ...fileJson(path, inode, true),
        ...(hash === undefined ? {} : { sha256: hash }),
      });
    }
    array.finish();
  });
  await session.finish();
}

/** The digests of all files, as the dump asks for them. */
async function digestsOf(
  view: TreeView,
): Promise<(content: unknown, size: number) => { readonly digest: string }> {
  const { reader, tree, digest } = view;
  if (reader === null) return (content, size) => ({ digest: digest!(content, size) });
  // Hashed here, where signals get their turn: a hole may be larger than any disk.
  const writer = new DigestWriter();
  const digests = new Map<unknown, ByteString>();
  for (const { inode } of walk(tree)) {
    const { content, kind } = inode;
    if (kind !== FileKind.regular || content === null || digests.has(content)) continue;
    const hash = writer.beginFile();
    await view.readFile(inode, hash);
    digests.set(content, hash.end());
  }
  return (content) => ({ digest: digestText(digests.get(content)!) });
}
