/**
 * What was made, for people in one line and for programs as JSON.
 *
 * @module
 */
import type { ConvertReport } from "../convert/convert.ts";
import { formatPlatform } from "../oci/platform.ts";
import { formatSize } from "./size_text.ts";

/** The report as JSON; `output` is the file that was written, `null` or with no file for a dry run. */
export function jsonReport(report: ConvertReport, output: string | null): string {
  const { reference, digest, platform, image, counts, layers, notices, timings } = report;
  // A report of a disk has more to tell those that put something around it.
  const { format, imageSize, writtenBytes, details } = image;
  const document = {
    reference,
    digest,
    platform: platform === null ? null : formatPlatform(platform),
    output,
    image: { format, imageSize, writtenBytes, details },
    counts,
    layers,
    notices,
    timings,
  };
  return JSON.stringify(document, null, 2) + "\n";
}

/** One line that says what was made, and one for the root hash where there is one. */
export function summaryText(report: ConvertReport, output: string | null): string {
  const { image, counts, layers, platform, timings } = report;
  const files = counts.regular + counts.directory + counts.symlink + counts.characterDevice +
    counts.blockDevice + counts.fifo + counts.socket;
  const { containers, verityRootHash, veritySalt } = image.details;
  const kind = [image.format, ...containers === undefined ? [] : [containers]].join("+");
  const parts = [
    `${kind}, ${formatSize(image.imageSize)} (${formatSize(image.writtenBytes)} written)`,
    `${counted(files, "file")} from ${counted(layers.length, "layer")}`,
    ...(platform === null ? [] : [formatPlatform(platform)]),
    `${timings.totalSeconds.toFixed(1)} s`,
  ];
  const name = output ?? "dry run";
  const lines = [`${name}: ${parts.join(", ")}`];
  if (verityRootHash !== undefined) {
    lines.push(`${name}: root hash ${verityRootHash}, salt ${veritySalt || "none"}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
