/**
 * Opening an image by a reference: the one table of transports, and what a bare path may be.
 *
 * @module
 */
import { IMAGE_FILE_FORMATS } from "../format/formats.ts";
import { ImageError } from "../image_error.ts";
import { quote } from "../oci/quote.ts";
import type { Image } from "../source/image.ts";
import { pathExists, pathKind } from "../source/path_kind.ts";
import { isImageName } from "../source/image_names.ts";
import type { ImageOptions } from "../source/remote/remote_options.ts";
import { splitReference } from "../source/split_reference.ts";

/** A kind of source, named by what stands before the first `:` of a reference. */
interface Transport {
  /** What a reference begins with. */
  readonly prefix: string;
  /** Opens what follows the prefix. */
  open(rest: string, options: ImageOptions): Promise<Image>;
}

const REGISTRY_PREFIX = "docker://";

// What opens a source is loaded when one of its kind is opened.
const doors = () => import("../source/image_doors.ts");
const paths = () => import("../source/open_path.ts");
const registryImage: Transport["open"] = async (rest, options) =>
  await (await import("../source/remote/open_registry_image.ts")).registryImage(rest, options);

const TRANSPORTS: readonly Transport[] = [
  {
    prefix: REGISTRY_PREFIX,
    open: registryImage,
  },
  {
    prefix: "oci:",
    async open(rest, options) {
      const { path, name: tag, digest } = choiceIn(rest);
      return await (await doors()).ociLayout(path, { ...options, tag, digest });
    },
  },
  {
    prefix: "oci-archive:",
    async open(rest, options) {
      const { path, name: tag, digest } = choiceIn(rest);
      return await (await doors()).ociArchive(path, { ...options, tag, digest });
    },
  },
  {
    prefix: "docker-archive:",
    async open(rest, options) {
      const { path, name, digest } = choiceIn(rest);
      return await (await doors()).dockerArchive(path, { ...options, name, digest });
    },
  },
  {
    prefix: "docker-daemon:",
    async open(rest, options) {
      const { dockerDaemon } = await import("../source/docker/open_docker_daemon.ts");
      return await dockerDaemon(rest, options);
    },
  },
  {
    prefix: "containers-storage:",
    async open(rest, options) {
      const { containersStorage } = await import(
        "../source/containers_storage/open_containers_storage.ts"
      );
      return await containersStorage(rest, options);
    },
  },
  {
    prefix: "containerd:",
    async open(rest, options) {
      const { containerdImage } = await import("../source/containerd/open_containerd.ts");
      return await containerdImage(rest, options);
    },
  },
  {
    prefix: "overlay2:",
    open: async (rest, options) =>
      await (await import("../source/overlay2.ts")).overlay2(rest, options),
  },
  {
    prefix: "dir:",
    open: async (rest, options) =>
      await (await import("../source/root_directory.ts")).rootDirectory(rest, options),
  },
  {
    prefix: "tar:",
    open: async (rest, options) =>
      await (await import("../source/root_tar.ts")).rootTar(rest, options),
  },
  {
    prefix: "composefs:",
    async open(rest, options) {
      const { repositoryImage } = await import("../composefs/oci/repository_image.ts");
      return await repositoryImage(rest, options);
    },
  },
  {
    prefix: "composefs-image:",
    async open(rest, options) {
      const { composefsImageFile } = await import("../composefs/image/image_file_source.ts");
      return await composefsImageFile(rest, options);
    },
  },
  ...IMAGE_FILE_FORMATS.map(({ name }): Transport => ({
    prefix: `${name}:`,
    async open(rest, options) {
      const { imageFile } = await import("../source/image_file.ts");
      return await imageFile(rest, { ...options, format: name });
    },
  })),
];

/** The path in what follows a prefix, and the image that it chooses there. */
function choiceIn(rest: string): { path: string; name?: string; digest?: string } {
  const { path, name, digest } = splitReference(rest);
  return { path, name: name ?? undefined, digest: digest ?? undefined };
}

/**
 * What a reference says of a registry, without `docker://`; `null` where it means something else (a
 * path that exists, another transport) or nothing.
 */
export function registryReferenceIn(reference: string): string | null {
  const transport = TRANSPORTS.find(({ prefix }) => reference.startsWith(prefix));
  if (transport !== undefined) {
    return transport.prefix === REGISTRY_PREFIX ? reference.slice(REGISTRY_PREFIX.length) : null;
  }
  return !pathExists(reference) && isImageName(reference) ? reference : null;
}

/**
 * Opens the image that `reference` names: a transport and a path (`oci:DIRECTORY[:TAG|@DIGEST]`,
 * `oci-archive:FILE[:TAG|@DIGEST]`, `docker-archive:FILE[:NAME]`, `overlay2:DIRECTORY`,
 * `dir:DIRECTORY`, `tar:FILE|-`, `composefs:DIRECTORY:NAME`,
 * `composefs-image:OBJECTS:FILE`, `ext4:FILE` and so on for every image format), a container engine on this machine and a name
 * (`docker-daemon:NAME`, `containers-storage:NAME`, `containerd:NAME[@NAMESPACE]`), a bare path to a
 * directory, an archive or a filesystem image, whose kind is found out, a path that no name of an image
 * looks like (`./DIRECTORY:TAG`, `/FILE@DIGEST`), or an image of a registry
 * (`docker://HOST/NAME:TAG`; also as a bare name, as `nginx:1.27`, where there is no such path). Close
 * the image when its layers have been read.
 *
 * Throws `ImageError`: `REGISTRY`, `NOT_FOUND` (no such image, tag, platform or blob; the message
 * lists what there is), `AMBIGUOUS` (several images and no choice), `CORRUPT`, `UNSUPPORTED`,
 * `DIGEST_MISMATCH`, `LIMIT_EXCEEDED`, `UNSAFE_PATH`, `PERMISSION`, `OUT_OF_SPACE`, `IO`;
 * `TypeError` for a malformed platform; the signal's reason when cancelled.
 *
 * @example
 * ```ts
 * import { openImage } from "@x/oci2rootfs";
 *
 * const image = await openImage("oci:testdata/layouts/tiny:tiny", { platform: "linux/arm64" });
 * console.log(image.digest, image.layers.length);
 * await image.close();
 * ```
 */
export async function openImage(reference: string, options: ImageOptions = {}): Promise<Image> {
  const transport = TRANSPORTS.find(({ prefix }) => reference.startsWith(prefix));
  // A path that exists is a path, whatever it looks like.
  const isPath = transport === undefined ? pathKind(reference) !== null : pathExists(reference);
  if (isPath) return await (await paths()).openPath(reference, options);
  if (transport !== undefined) {
    return await transport.open(reference.slice(transport.prefix.length), options);
  }
  if (isImageName(reference)) return await registryImage(reference, options);
  const split = splitReference(reference);
  if (pathExists(split.path)) {
    return await (await paths()).openChosenImage(reference, split, options);
  }
  throw new ImageError(
    "NOT_FOUND",
    `Cannot open image ${quote(reference)}: nothing is at this path, expected the path of a ` +
      "directory, archive or filesystem image, a name as nginx:1.27, or one that begins with " +
      TRANSPORTS.map(({ prefix }) => prefix).join(", "),
    { where: { source: reference } },
  );
}
