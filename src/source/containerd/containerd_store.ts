/**
 * The root directory of containerd: a content store, in which every blob is a file, and a database
 * with the names of images.
 *
 * @module
 */
import * as v from "valibot";
import { ImageError } from "../../image_error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { parseDigest } from "../../oci/digest.ts";
import { optionalText } from "../../oci/fields.ts";
import { parseJson } from "../../oci/json_document.ts";
import {
  isIndexMediaType,
  isManifestMediaType,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../../oci/media_type.ts";
import { quote } from "../../oci/quote.ts";
import { chooseImage } from "../choose_image.ts";
import { DirectoryStore } from "../directory_store.ts";
import { readDocumentFile } from "../file_store.ts";
import type { Image } from "../image.ts";
import { LayoutBlobs } from "../layout_blobs.ts";
import type { LocalImage } from "../local_images.ts";
import type { ImageRequest } from "../open_options.ts";
import { openStore } from "../open_store.ts";
import { openManifest } from "../opened_image.ts";
import { pathKind } from "../path_kind.ts";
import { type ContainerdImage, readContainerdImages } from "./containerd_images.ts";

const CONTENT = "io.containerd.content.v1.content";
const DATABASE = "io.containerd.metadata.v1.bolt/meta.db";

const kindSchema = v.object({
  mediaType: optionalText,
  manifests: v.optional(v.unknown()),
  layers: v.optional(v.unknown()),
});

/** An image of containerd under all its names. */
export interface NamedContainerdImage extends LocalImage {
  /** Its names, each with namespace and target; the targets have one digest. */
  readonly entries: readonly ContainerdImage[];
}

/** One root directory. */
export class ContainerdStore {
  /** Where it is. */
  readonly path: string;
  readonly #content: DirectoryStore;

  /** Creates the view of the root at `path`. */
  constructor(path: string) {
    this.path = path;
    this.#content = new DirectoryStore(`${path}/${CONTENT}`, { confined: false });
  }

  /** Whether there is a content store. Throws `ImageError` `PERMISSION` or `IO`. */
  exists(): boolean {
    return pathKind(this.#content.name) === "directory";
  }

  /** Whether there is a database with names. Throws `ImageError` `PERMISSION` or `IO`. */
  hasNames(): boolean {
    return pathKind(`${this.path}/${DATABASE}`) === "file";
  }

  /** All images of a namespace, or of all. Throws `ImageError`, as where the database is damaged. */
  images(namespace: string | null): NamedContainerdImage[] {
    const byDigest = new Map<string, ContainerdImage[]>();
    for (const image of readContainerdImages(`${this.path}/${DATABASE}`)) {
      if (namespace !== null && image.namespace !== namespace) continue;
      const same = byDigest.get(image.target.digest);
      if (same === undefined) byDigest.set(image.target.digest, [image]);
      else same.push(image);
    }
    return [...byDigest].map(([digest, entries]) => ({
      id: digest.slice(digest.indexOf(":") + 1),
      names: entries.map(({ name }) => name),
      digests: [digest],
      platform: () => null,
      entries,
    }));
  }

  /**
   * Describes the blob `digest` where it is a manifest or an index; `null` where it is something
   * else or not there. Throws `ImageError`.
   */
  describe(digest: string): Descriptor | null {
    const { algorithm, hex } = parseDigest(digest);
    const file = this.#content.find(`blobs/${algorithm}/${hex}`);
    if (file === null) return null;
    const mediaType = this.#documentType(`blobs/${algorithm}/${hex}`);
    if (mediaType === null) return null;
    return { ...NO_DETAILS, mediaType, digest, size: file.size };
  }

  /** Opens the image `target`, or the one for the right platform in it. Throws `ImageError`. */
  async open(target: Descriptor, request: ImageRequest): Promise<Image> {
    return await openStore(() => this.#content, request, async (files) => {
      const blobs = new LayoutBlobs(files);
      return await openManifest(await chooseImage([target], blobs, request), blobs, request);
    });
  }

  #documentType(path: string): string | null {
    try {
      const bytes = readDocumentFile(this.#content, path);
      if (bytes === null) return null;
      const value = parseJson(bytes, { kind: "blob", name: path });
      const { success, output } = v.safeParse(kindSchema, value);
      if (!success) return null;
      if (isIndexMediaType(output.mediaType) || isManifestMediaType(output.mediaType)) {
        return output.mediaType;
      }
      if (output.mediaType !== "") return null;
      return output.manifests !== undefined
        ? OCI_INDEX
        : output.layers !== undefined
        ? OCI_MANIFEST
        : null;
    } catch (error) {
      // A layer: too large for a document, or no JSON.
      const isOther = error instanceof ImageError &&
        (error.code === "CORRUPT" || error.code === "LIMIT_EXCEEDED");
      if (isOther) return null;
      throw error;
    }
  }
}

/** What a digest alone does not tell. */
const NO_DETAILS: Omit<Descriptor, "digest" | "mediaType" | "size"> = {
  urls: [],
  annotations: {},
  data: null,
  platform: null,
  artifactType: "",
};

/** The error for a path that is no root of containerd. */
export function noContainerdStore(path: string): ImageError {
  return new ImageError(
    "NOT_FOUND",
    `Cannot open containerd store ${quote(path)}: it has no directory ${CONTENT}, expected the ` +
      "root directory of containerd",
  );
}
