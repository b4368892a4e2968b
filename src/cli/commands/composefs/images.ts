/**
 * `oci2rootfs composefs images`: lists the tagged images of a repository.
 *
 * @module
 */
import { type ListedOciImage, listOciImages } from "../../../composefs/oci/list_images.ts";
import { shortDigest } from "../../../oci/digest.ts";
import { oneLine } from "../../error_text.ts";
import { writeAnswer } from "../../output_stream.ts";
import type { Terminal } from "../../terminal.ts";
import type { ImagesArguments } from "./image_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs images`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runImages(
  args: ImagesArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const images = await withRepository(args, { signal }, listOciImages);
  await writeAnswer(
    args.json ? `${JSON.stringify(images, null, 2)}\n` : tableText(images, args.noTrunc),
    terminal,
    signal,
  );
}

function tableText(images: readonly ListedOciImage[], isWhole: boolean): string {
  const rows = images.map((it) => [
    oneLine(it.name),
    isWhole ? it.manifestDigest : shortDigest(it.manifestDigest),
    it.isContainer ? oneLine(it.architecture) || "-" : "artifact",
    String(it.layerCount),
    String(it.referrerCount),
    it.created === null ? "-" : it.created.slice(0, 10),
  ]);
  rows.unshift(["NAME", "DIGEST", "ARCH", "LAYERS", "REFS", "CREATED"]);
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    `${row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()}\n`
  ).join("");
}
