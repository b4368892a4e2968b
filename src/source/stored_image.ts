/**
 * An image of a container engine whose layers are directories.
 *
 * @module
 */
import type { Layer } from "../layer/layer.ts";
import type { ParsedConfig } from "../oci/config.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { DirectoryOptions } from "./directory_options.ts";
import type { StoredFile } from "./file_store.ts";
import type { Image } from "./image.ts";
import type { ImageRequest } from "./open_options.ts";
import { directoryLayer } from "./root_directory.ts";
import { rootEntryTar } from "./tar_split.ts";

/** What describes a stored image. */
export interface StoredDescription {
  /** Digest of its manifest or of its configuration. */
  readonly digest: string;
  /** Its configuration. */
  readonly parsed: ParsedConfig;
  /** Its manifest, where the store has it. */
  readonly manifest?: Manifest;
}

/** Where the layers of a stored image are. */
export interface StoredLayers {
  /** The directories with their files, newest first. */
  readonly directories: readonly string[];
  /** What the engine keeps of their tars, newest first; `null` where it keeps nothing of one. */
  readonly records: readonly (StoredFile | null)[];
}

/**
 * The image of the layers in `layers`: all directories are one layer, their overlay, since a file of
 * one may lead to a file of another. Its root is as the tars had it: that of the directories is the
 * work of the engine, at the time when it unpacked them.
 *
 * Throws `ImageError` for damaged records; the signal's reason when cancelled.
 */
export async function storedImage(
  request: ImageRequest,
  { digest, parsed, manifest }: StoredDescription,
  layers: StoredLayers,
  options: DirectoryOptions,
): Promise<Image> {
  return {
    reference: request.reference,
    digest,
    config: parsed.config,
    platform: parsed.platform,
    layers: await imageLayers(layers, request, options),
    ...(manifest === undefined ? {} : { manifest }),
    annotations: manifest?.annotations ?? {},
    notices: request.notices,
    close: () => Promise.resolve(),
  };
}

async function imageLayers(
  { directories, records }: StoredLayers,
  request: ImageRequest,
  options: DirectoryOptions,
): Promise<Layer[]> {
  if (directories.length === 0) return [];
  const overlay = directoryLayer(directories, "overlay", options);
  const known = records.filter((record) => record !== null);
  // Without all records nobody knows what the root was; it stays as a container sees it.
  if (known.length < records.length || overlay.job.kind !== "directory") return [overlay];
  const layers: Layer[] = [{ ...overlay, job: { ...overlay.job, hasForeignRoot: true } }];
  for (const record of known) {
    const tar = await rootEntryTar(record, () => request.checkCancelled());
    if (tar === null) continue;
    layers.push(rootLayer(tar));
    break;
  }
  return layers;
}

/** A layer of a root directory alone. */
function rootLayer(tar: Uint8Array): Layer {
  return {
    index: 1,
    name: "1 (root directory)",
    size: tar.length,
    job: {
      kind: "tar",
      location: { kind: "memory", bytes: tar },
      size: tar.length,
      declaredCompression: "none",
      digest: null,
      diffId: null,
    },
  };
}
