/**
 * `oci2rootfs pull`: copies an image from a registry into an OCI layout or archive.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { shortDigest } from "../../oci/digest.ts";
import { formatPlatform } from "../../oci/platform.ts";
import { quote } from "../../oci/quote.ts";
import { registryReferenceIn } from "../../transport/open_image.ts";
import { pullImage, type PullReport } from "../../source/pull/pull_image.ts";
import { showLog } from "../debug_log.ts";
import { downloadDisplay } from "../download_display.ts";
import { NoticePrinter } from "../notices.ts";
import { downloadSettings, registrySettings } from "../remote_settings.ts";
import { formatSize } from "../size_text.ts";
import { writeAnswer } from "../output_stream.ts";
import type { Terminal } from "../terminal.ts";
import { loudnessOf } from "./message_options.ts";
import type { PullArguments } from "./pull_options.ts";

/** Runs `pull`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runPull(
  args: PullArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  showLog(terminal, args);
  const loudness = loudnessOf(args);
  const display = downloadDisplay(terminal, loudness);
  const notices = new NoticePrinter(loudness, (text) => {
    display.clear();
    terminal.writeError(text);
  });
  const settings = { ...downloadSettings(args), registry: await registrySettings(args) };
  let report: PullReport;
  try {
    report = await pullImage(registryName(args.image), args.output, {
      ...settings,
      platform: args.platform,
      allPlatforms: args.allPlatforms,
      signal,
      onNotice: (notice) => notices.show(notice),
      onProgress: (event) => display.update(event),
      onBlobs: (blobs) =>
        display.begin(blobs.map(({ digest, size }) => ({
          name: `blob ${shortDigest(digest)}`,
          digest,
          size,
        }))),
    });
  } finally {
    display.clear();
  }
  notices.finish();
  const { digest, platform, blobCount, sizeBytes } = report;
  if (args.json) {
    await writeAnswer(
      JSON.stringify(
        {
          reference: args.image,
          output: args.output,
          digest,
          platform: platform === null ? null : formatPlatform(platform),
          blobCount,
          sizeBytes,
        },
        null,
        2,
      ) + "\n",
      terminal,
      signal,
    );
  }
  if (loudness === "quiet") return;
  const parts = [digest, `${blobCount} blobs`, formatSize(sizeBytes)];
  if (platform !== null) parts.push(formatPlatform(platform));
  terminal.writeError(`${args.output}: ${parts.join(", ")}\n`);
}

function registryName(reference: string): string {
  const name = registryReferenceIn(reference);
  if (name !== null) return name;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot pull ${quote(reference)}: it is not in a registry, expected a name as nginx:1.27 or ` +
      "docker://HOST/NAME:TAG",
  );
}
