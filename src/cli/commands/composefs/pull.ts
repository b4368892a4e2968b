/**
 * `oci2rootfs composefs pull`: stores an image of any source in a repository.
 *
 * @module
 */
import { utf8ByteString } from "../../../bytes/byte_string.ts";
import { hasParts } from "../../../composefs/oci/image_parts.ts";
import { pullOciImage, type PullOciReport } from "../../../composefs/oci/pull.ts";
import { removeIfThere } from "../../../composefs/repository/object_store.ts";
import type { RepositoryProgress } from "../../../composefs/repository/progress.ts";
import type { FlatImageOptions } from "../../../convert/flat_image.ts";
import { shortDigest } from "../../../oci/digest.ts";
import type { Image } from "../../../source/image.ts";
import { openImage } from "../../../transport/open_image.ts";
import { oneLine } from "../../error_text.ts";
import { NoticePrinter } from "../../notices.ts";
import { downloadSettings, registrySettings } from "../../remote_settings.ts";
import { formatSize } from "../../size_text.ts";
import { OutputStream } from "../../output_stream.ts";
import { jsonLine } from "../../shown_name.ts";
import type { Terminal } from "../../terminal.ts";
import { loudnessOf } from "../message_options.ts";
import { storeSettings } from "../store_options.ts";
import type { PullArguments } from "./pull_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs pull`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runPull(
  args: PullArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const loudness = loudnessOf(args);
  const notices = new NoticePrinter(loudness, (text) => terminal.writeError(text));
  const output = new OutputStream(terminal, signal);
  const report = await withRepository(args, { access: "write", signal }, async (repository) => {
    const image = await openImage(args.image, {
      ...storeSettings(args),
      ...downloadSettings(args),
      registry: await registrySettings(args),
      platform: args.platform,
      withArtifacts: true,
      onNotice: (notice) => notices.show(notice),
      signal,
    });
    // What a source has as files alone becomes one layer.
    const isKept = image.isArtifact || hasParts(image);
    const tar = isKept ? null : repository.objects.temporaryPath();
    try {
      const layered = tar === null ? image : await flatten(image, tar, {
        signal,
        workers: args.workers,
        onNotice: (notice) => notices.show(notice),
      });
      return await pullOciImage(repository, layered, {
        tag: args.name ?? args.image,
        isBootable: args.bootable,
        isAsIs: args.asIs,
        expectedDigest: args.expectedDigest,
        workers: args.workers,
        localFetch: args.localFetch,
        onNotice: (notice) => notices.show(notice),
        onProgress: (event) => {
          if (args.events) output.send(`${jsonLine(event)}\n`);
          else if (loudness === "verbose") terminal.writeError(progressText(event));
        },
        signal,
      });
    } finally {
      if (tar !== null) removeIfThere(tar);
      await image.close();
    }
  });
  notices.finish();
  const images = Object.fromEntries(report.images);
  if (args.json) {
    output.write(utf8ByteString(`${JSON.stringify({ ...report, images }, null, 2)}\n`));
  } else if (!args.events) {
    output.write(utf8ByteString(reportText(report)));
  }
  await output.end();
  if (loudness !== "quiet") terminal.writeError(summary(report));
}

/** The same with one layer. What makes it is loaded only now, as few pulls need it. */
async function flatten(image: Image, path: string, options: FlatImageOptions): Promise<Image> {
  return await (await import("../../../convert/flat_image.ts")).flatImage(image, path, options);
}

/** What a script reads: digests and identities, one a line. */
function reportText({ manifestDigest, configDigest, tag, images }: PullOciReport): string {
  const rows = [["manifest", manifestDigest], ["config", configDigest]];
  if (tag !== null) rows.push(["tagged", oneLine(tag)]);
  for (const [name, id] of images) rows.push([name, id]);
  return rows.map((row) => `${row.join(" ")}\n`).join("");
}

function summary({ layers, objects }: PullOciReport): string {
  return `${layers.count} layers, ${layers.known} of them known; ${objects.newObjects} new objects, ` +
    `${formatSize(objects.newBytes)}; ${objects.knownObjects} known\n`;
}

function progressText(event: RepositoryProgress): string {
  switch (event.kind) {
    case "started":
      return `layer ${shortDigest(event.id)}\n`;
    case "skipped":
      return `layer ${shortDigest(event.id)}: known\n`;
    case "message":
      return `${oneLine(event.text)}\n`;
    default:
      return "";
  }
}
