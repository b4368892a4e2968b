/**
 * `oci2rootfs dump`: a line for each file of an image.
 *
 * @module
 */
import { dumpTree } from "../../tree/dump.ts";
import { walk } from "../../tree/file_tree.ts";
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
    const { tree, digest } = view;
    const digestOf = args.digests && digest !== undefined
      ? (content: unknown, size: number) => ({ digest: digest(content, size) })
      : undefined;
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
  session.finish();
}
