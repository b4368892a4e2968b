/**
 * An image of Docker on this machine: read from its data root, without its engine, or exported by
 * the engine where the data root cannot be read.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { quote } from "../../oci/quote.ts";
import { openArchive } from "../archive_store.ts";
import { ContainerdStore } from "../containerd/containerd_store.ts";
import { DEFAULT_CONTAINERD_ROOT, openNamed } from "../containerd/open_containerd.ts";
import type { DirectoryOptions } from "../directory_options.ts";
import { openDockerStore } from "../docker_archive.ts";
import type { FileStore } from "../file_store.ts";
import type { Image } from "../image.ts";
import { checkDiffIds } from "../image_layers.ts";
import { chooseLocalImage, expectPlatform, type LocalImage } from "../local_images.ts";
import { createRequest, type ImageRequest, type OpenOptions } from "../open_options.ts";
import { openStore } from "../open_store.ts";
import { pathKind } from "../path_kind.ts";
import type { StoreOptions } from "../store_options.ts";
import { storedImage } from "../stored_image.ts";
import { DockerRoot, DRIVER } from "./docker_root.ts";
import { DockerEngine } from "./engine.ts";
import { dockerLayers } from "./layer_chain.ts";

/** Options of {@linkcode dockerDaemon}. */
export interface DockerDaemonOptions extends OpenOptions, DirectoryOptions, StoreOptions {}

/** Docker's data root where nobody moved it. */
export const DEFAULT_DOCKER_ROOT = "/var/lib/docker";
const DEFAULT_SOCKET = "/var/run/docker.sock";
/** The namespace of containerd in which Docker keeps its images. */
const NAMESPACE = "moby";

/**
 * Opens the image `name` of Docker: a name (`nginx:1.27`), a digest, or the start of an identifier;
 * empty means the only image. The engine need not run.
 *
 * Of the classic image store, the tars of the layers are put together again from their files and
 * verified; only where nothing is kept of a tar, the files are read as a container would see them,
 * which takes the C library (`--allow-ffi`, Linux), and a notice says that no digest protects them.
 * Of the image store in containerd, blobs are read and verified. Where the data root cannot be read,
 * or a socket is given by option or `DOCKER_HOST`, the engine exports the image to a temporary file.
 *
 * Throws `ImageError`: `NOT_FOUND` and `AMBIGUOUS` list the images that there are; `CORRUPT`,
 * `UNSUPPORTED`, `UNSAFE_PATH`, `DIGEST_MISMATCH`, `LIMIT_EXCEEDED`, `PERMISSION`, `IO`; the
 * signal's reason when cancelled.
 */
export async function dockerDaemon(
  name: string,
  options: DockerDaemonOptions = {},
): Promise<Image> {
  const request = createRequest(`docker-daemon:${name}`, { name: name || null }, options);
  try {
    request.checkCancelled();
    return await openDocker(request, options);
  } catch (error) {
    throw error instanceof ImageError ? error.at({ source: request.reference }) : error;
  }
}

async function openDocker(request: ImageRequest, options: DockerDaemonOptions): Promise<Image> {
  const { dockerRoot } = options;
  const socket = options.dockerSocket ?? (dockerRoot === undefined ? hostSocket() : null);
  if (socket !== null) return await exportImage(socket, request, options);
  const root = dockerRoot ?? DEFAULT_DOCKER_ROOT;
  const stores = new DockerStores(root, options);
  const obstacle = stores.obstacle();
  if (obstacle === null) return await openRoot(stores, request, options);
  if (dockerRoot !== undefined || pathKind(DEFAULT_SOCKET) === null) throw obstacle;
  return await exportImage(DEFAULT_SOCKET, request, options);
}

/** What may be in a data root. */
class DockerStores {
  readonly classic: DockerRoot;
  readonly #containerd: readonly ContainerdStore[];

  constructor(path: string, options: DockerDaemonOptions) {
    this.classic = new DockerRoot(path);
    // Docker starts a containerd of its own, or uses that of the machine.
    const places = [`${path}/containerd/daemon`];
    if (options.containerdRoot !== undefined) places.push(options.containerdRoot);
    else if (path === DEFAULT_DOCKER_ROOT) places.push(DEFAULT_CONTAINERD_ROOT);
    this.#containerd = places.map((place) => new ContainerdStore(place));
  }

  /** Why there is nothing to read; `null` where there is something. */
  obstacle(): ImageError | null {
    try {
      if (this.classic.exists() || this.containerd().length > 0) return null;
      return noDockerRoot(this.classic);
    } catch (error) {
      if (error instanceof ImageError) return error;
      throw error;
    }
  }

  containerd(): ContainerdStore[] {
    return this.#containerd.filter((store) => store.exists() && store.hasNames());
  }
}

/** A classic image or one of a containerd store, and how it is opened. */
interface DockerImage extends LocalImage {
  open(): Image | Promise<Image>;
}

async function openRoot(
  stores: DockerStores,
  request: ImageRequest,
  options: DockerDaemonOptions,
): Promise<Image> {
  const { classic } = stores;
  const images = [
    ...(classic.exists() ? classic.images() : []).map((image): DockerImage => ({
      ...image,
      open: () => openClassic(classic, image, request, options),
    })),
    ...stores.containerd().flatMap((store) =>
      store.images(NAMESPACE).map((image): DockerImage => ({
        ...image,
        open: () => openNamed(store, image, request),
      }))
    ),
  ];
  return await chooseLocalImage(images, request).open();
}

/** Reads the configuration of `image` and finds the directories of its layers. */
function openClassic(
  root: DockerRoot,
  image: LocalImage,
  request: ImageRequest,
  options: DockerDaemonOptions,
): Image {
  const { bytes, parsed } = root.readConfig(image.id);
  expectPlatform(image, request);
  const { diffIds } = parsed.config;
  const digest = `sha256:${image.id}`;
  checkDiffIds(parsed, diffIds.length, digest);
  const description = { digest, parsed, documents: { config: bytes } };
  return storedImage(request, description, dockerLayers(root, diffIds), options);
}

/** Has the engine export the image to a temporary file. */
async function exportImage(
  socket: string,
  request: ImageRequest,
  options: DockerDaemonOptions,
): Promise<Image> {
  const engine = new DockerEngine(socket, options.signal);
  try {
    const image = chooseLocalImage(await engine.images(), request);
    // By a name the archive has the name too; which it is does not matter.
    const acquire = () => exportedArchive(engine, image, options.signal);
    return await openStore(acquire, { ...request, name: null }, openDockerStore);
  } finally {
    engine.close();
  }
}

async function exportedArchive(
  engine: DockerEngine,
  image: LocalImage,
  signal?: AbortSignal,
): Promise<FileStore> {
  const spooled = await engine.export(image.names[0] ?? image.digests[0]);
  try {
    const files = await openArchive(spooled.path, signal);
    return {
      name: files.name,
      find: (path) => files.find(path),
      close: () => {
        files.close();
        spooled.remove();
      },
    };
  } catch (error) {
    spooled.remove();
    throw error;
  }
}

/** The socket that `DOCKER_HOST` names, `null` where it is not set or may not be read. */
function hostSocket(): string | null {
  let host: string | undefined;
  try {
    host = Deno.env.get("DOCKER_HOST");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
  if (!host) return null;
  if (host.startsWith("unix://")) return host.slice("unix://".length);
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot ask Docker at ${quote(host)} (DOCKER_HOST): it is not on this machine, expected a ` +
      "socket as unix:///PATH",
  );
}

function noDockerRoot(root: DockerRoot): ImageError {
  const drivers = root.drivers();
  if (drivers.length > 0) {
    return new ImageError(
      "UNSUPPORTED",
      `Cannot open Docker store ${quote(root.path)}: its storage driver is ` +
        `${drivers.map(quote).join(" or ")}, expected ${DRIVER}, or a socket of Docker to ask`,
    );
  }
  return new ImageError(
    "NOT_FOUND",
    `Cannot open Docker store ${quote(root.path)}: there are no images, expected Docker's data ` +
      "root",
  );
}
