/**
 * `oci2rootfs cache`: lists, prunes and verifies the cache of blobs.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { type CacheContents, listCache } from "../../source/cache/cache_contents.ts";
import { defaultCacheDirectory } from "../../source/cache/cache_directory.ts";
import { pruneCache } from "../../source/cache/prune_cache.ts";
import { verifyCache } from "../../source/cache/verify_cache.ts";
import { showLog } from "../debug_log.ts";
import { oneLine } from "../error_text.ts";
import { formatSize } from "../size_text.ts";
import { writeAnswer } from "../output_stream.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage_error.ts";
import type { CacheArguments } from "./cache_options.ts";
import { loudnessOf } from "./message_options.ts";

/** Runs `cache ls`, `cache prune` or `cache verify`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runCache(
  args: CacheArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  showLog(terminal, args);
  const isQuiet = loudnessOf(args) === "quiet";
  const directory = args.cache ?? defaultCacheDirectory();
  if (directory === null) {
    throw new UsageError(
      "Cannot find the cache: neither XDG_CACHE_HOME nor HOME is set, expected one or --cache DIR",
    );
  }
  const tell = async (result: unknown, text: string) => {
    if (args.json) await writeAnswer(JSON.stringify(result, null, 2) + "\n", terminal, signal);
    else if (!isQuiet) await writeAnswer(text, terminal, signal);
  };
  switch (args.command) {
    case "cache ls": {
      const contents = listCache(directory);
      return await tell(contents, contentsText(contents));
    }
    case "cache prune": {
      const report = pruneCache(directory, args.cacheSize ?? 0);
      const removed = `removed ${counted(report.removed.length)}, ${
        formatSize(report.removedBytes)
      }`;
      return await tell(
        { directory, ...report },
        `${removed}; ${formatSize(report.leftBytes)} left\n`,
      );
    }
    case "cache verify": {
      const report = await verifyCache(directory, signal);
      const { verifiedCount, verifiedBytes, damaged } = report;
      await tell(
        { directory, ...report },
        `verified ${counted(verifiedCount)}, ${formatSize(verifiedBytes)}\n`,
      );
      if (damaged.length === 0) return;
      throw new ImageError(
        "DIGEST_MISMATCH",
        `Cannot trust ${counted(damaged.length)} of the cache: the digest of ` +
          `${damaged.map(({ digest }) => digest).join(", ")} is another, expected the named one ` +
          "(removed)",
        { where: { source: directory } },
      );
    }
  }
}

function contentsText({ directory, images, entries, totalBytes }: CacheContents): string {
  const lines = images.map(({ reference, digest, sizeBytes }) =>
    oneLine(`${reference}  ${digest}  ${formatSize(sizeBytes)}`)
  );
  const partials = entries.filter(({ kind }) => kind === "partial").length;
  const unfinished = partials === 0 ? "" : `, ${partials} unfinished`;
  lines.push(`${directory}: ${counted(entries.length)}${unfinished}, ${formatSize(totalBytes)}`);
  return lines.join("\n") + "\n";
}

function counted(count: number): string {
  return `${count} ${count === 1 ? "blob" : "blobs"}`;
}
