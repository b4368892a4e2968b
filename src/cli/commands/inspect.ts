/**
 * `oci2rootfs inspect`: what an image is, without its layers.
 *
 * @module
 */
import type { Descriptor } from "../../oci/descriptor.ts";
import { formatPlatform } from "../../oci/platform.ts";
import type { Image } from "../../source/image.ts";
import { openImageFile } from "../../source/image_file.ts";
import { openImage, registryReferenceIn } from "../../transport/open_image.ts";
import {
  listReferrers,
  listTags,
  type ReferrerListOptions,
} from "../../source/remote/repository_lists.ts";
import type { RegistryOptions } from "../../source/registry/options.ts";
import { imageFileIn, type ImageFileReference } from "../../view/file_view.ts";
import { showLog } from "../debug_log.ts";
import { oneLine } from "../error_text.ts";
import { NoticePrinter } from "../notices.ts";
import { downloadSettings, registrySettings } from "../remote_settings.ts";
import { formatSize } from "../size_text.ts";
import { writeAnswer } from "../output_stream.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage_error.ts";
import { descriptionJson, descriptionText, withDisk } from "./inspect_file.ts";
import type { InspectArguments } from "./inspect_options.ts";
import { loudnessOf } from "./message_options.ts";
import { storeSettings } from "./store_options.ts";

/** What is told of an image. */
interface Inspection {
  readonly reference: string;
  readonly digest: string | null;
  readonly platform: string | null;
  readonly size: number;
  readonly layers: readonly {
    readonly digest: string | null;
    readonly diffId: string | null;
    readonly mediaType: string | null;
    readonly size: number;
  }[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly config: unknown;
  readonly manifest: unknown;
  readonly tags?: readonly string[];
  readonly referrers?: readonly Descriptor[];
}

/** Runs `inspect`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runInspect(
  args: InspectArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  showLog(terminal, args);
  const file = imageFileIn(args.image);
  if (file !== null) return await inspectFile(file, args, terminal, signal);
  const notices = new NoticePrinter(loudnessOf(args), (text) => terminal.writeError(text));
  const registry = await registrySettings(args);
  const image = await openImage(args.image, {
    ...storeSettings(args),
    ...downloadSettings(args),
    registry,
    platform: args.platform,
    onNotice: (notice) => notices.show(notice),
    signal,
  });
  let inspection: Inspection;
  try {
    inspection = { ...inspect(image), ...await lists(args, image, registry, signal) };
  } finally {
    await image.close();
  }
  notices.finish();
  await writeAnswer(
    args.json ? JSON.stringify(inspection, null, 2) + "\n" : inspectionText(inspection, image),
    terminal,
    signal,
  );
}

async function inspectFile(
  { path, format }: ImageFileReference,
  args: InspectArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  if (args.tags || args.referrers) throw noRegistry();
  const notices = new NoticePrinter(loudnessOf(args), (text) => terminal.writeError(text));
  const { reader, disk } = await openImageFile(
    path,
    format,
    (notice) => notices.show(notice),
    signal,
  );
  const { description } = reader;
  reader.close();
  notices.finish();
  const write = args.json ? descriptionJson : descriptionText;
  await writeAnswer(write(args.image, withDisk(description, disk)), terminal, signal);
}

function inspect(image: Image): Inspection {
  const { reference, digest, platform, manifest, annotations, config } = image;
  return {
    reference,
    digest,
    platform: platform === null ? null : formatPlatform(platform),
    size: image.layers.reduce((sum, { size }) => sum + size, 0),
    layers: image.layers.map(({ job, size }, index) => ({
      digest: job.kind === "tar" ? job.digest : null,
      diffId: job.kind === "tar" ? job.diffId : null,
      mediaType: job.digest === null ? null : manifest?.layers[index].mediaType ?? null,
      size,
    })),
    annotations,
    config: config?.raw ?? null,
    manifest: manifest ?? null,
  };
}

async function lists(
  args: InspectArguments,
  image: Image,
  registry: RegistryOptions,
  signal: AbortSignal,
): Promise<Pick<Inspection, "tags" | "referrers">> {
  if (!args.tags && !args.referrers) return {};
  const name = registryReferenceIn(args.image);
  if (name === null || image.digest === null || args.offline) {
    throw noRegistry();
  }
  const options = { registry, signal };
  return {
    ...(args.tags ? { tags: await listTags(name, options) } : {}),
    ...(args.referrers ? { referrers: await allReferrers(name, image.digest, options) } : {}),
  };
}

function noRegistry(): UsageError {
  return new UsageError(
    "Cannot list tags or referrers: they are known to a registry only, expected its image and " +
      "no --offline",
  );
}

/** What refers to the image, or to the index that it was chosen from. */
async function allReferrers(
  name: string,
  digest: string,
  options: ReferrerListOptions,
): Promise<Descriptor[]> {
  const ofIndex = await listReferrers(name, options);
  const ofImage = await listReferrers(name, { ...options, digest });
  return [...new Map([...ofIndex, ...ofImage].map((it) => [it.digest, it])).values()];
}

function inspectionText(inspection: Inspection, image: Image): string {
  const { config } = image;
  const rows: [string, string][] = [
    ["Reference", inspection.reference],
    ["Digest", inspection.digest ?? "unknown"],
    ["Platform", inspection.platform ?? "unknown"],
  ];
  if (config !== null) {
    if (config.createdSeconds !== null) {
      rows.push(["Created", new Date(config.createdSeconds * 1000).toISOString()]);
    }
    const { entrypoint, cmd, workingDir, user, env } = config;
    if (entrypoint.length > 0) rows.push(["Entrypoint", JSON.stringify(entrypoint)]);
    if (cmd.length > 0) rows.push(["Command", JSON.stringify(cmd)]);
    if (workingDir !== "") rows.push(["Directory", workingDir]);
    if (user !== "") rows.push(["User", user]);
    for (const variable of env) rows.push(["Variable", variable]);
  }
  if (image.layers.every(({ job }) => job.kind === "tar")) {
    rows.push(["Size", `${formatSize(inspection.size)} in ${inspection.layers.length} layers`]);
  }
  inspection.layers.forEach(({ digest, diffId, mediaType, size }, index) => {
    const { job, name } = image.layers[index];
    const parts = job.kind === "tar"
      ? [digest ?? diffId ?? name, formatSize(size), mediaType ?? ""]
      : [name];
    rows.push(["Layer", parts.join("  ")]);
  });
  for (const tag of inspection.tags ?? []) rows.push(["Tag", tag]);
  for (const { digest, artifactType, mediaType } of inspection.referrers ?? []) {
    rows.push(["Referrer", `${digest}  ${artifactType || mediaType}`]);
  }
  return rows.map(([name, value]) => `${`${name}:`.padEnd(12)}${oneLine(value)}\n`).join("");
}
