/**
 * Storages of Podman and Buildah made by hand, for tests: right ones, to be broken on purpose.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { digestOf } from "../../oci/digest.ts";
import { splitTar, storedRecord } from "../../layer/tar_split/tar_split_fixture.ts";
import { OCI_CONFIG, OCI_MANIFEST } from "../../oci/media_type.ts";

/** An image of a storage. */
export interface WrittenStorageImage {
  /** Its identifier. */
  readonly id: string;
  /** Digest of its manifest. */
  readonly digest: string;
}

/** An entry of `images.json` or `layers.json`. */
export type StorageRecord = Record<string, unknown>;

/** A storage in a directory; `write` makes its lists. */
export class StorageFixture {
  /** Entries of `images.json`. */
  readonly images: StorageRecord[] = [];
  /** Entries of `layers.json`. */
  readonly layers: StorageRecord[] = [];
  readonly #root: string;

  /** Begins a storage in `root`. */
  constructor(root: string) {
    this.#root = root;
    for (const name of ["overlay/l", "overlay-images", "overlay-layers"]) {
      mkdirSync(`${root}/${name}`, { recursive: true });
    }
  }

  /**
   * Adds `count` layers, each over the one before, of a file each; `hasRecords` keeps their tars.
   * Answers their identifiers, base first.
   */
  addLayers(count: number, hasRecords = false): string[] {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) {
      const id = `layer${i}`;
      const directory = `${this.#root}/overlay/${id}`;
      mkdirSync(`${directory}/diff`, { recursive: true });
      writeFileSync(`${directory}/link`, `L${i}`);
      symlinkSync(`../${id}/diff`, `${this.#root}/overlay/l/L${i}`);
      const lower = ids.map((_, below) => `l/L${below}`).reverse().join(":");
      if (lower !== "") writeFileSync(`${directory}/lower`, lower);
      const { diffId, lines, tar } = splitTar(
        [{ path: `file${i}`, body: `layer ${i}` }],
        `${directory}/diff`,
      );
      if (hasRecords) {
        const record = `${this.#root}/overlay-layers/${id}.tar-split.gz`;
        writeFileSync(record, storedRecord(lines));
      }
      this.layers.push({
        id,
        ...(i === 0 ? {} : { parent: `layer${i - 1}` }),
        "diff-digest": diffId,
        "diff-size": i === 0 ? -1 : tar.length,
      });
      ids.push(id);
    }
    return ids;
  }

  /** Adds an image of the first `layerCount` layers. */
  addImage(names: readonly string[], layerCount: number, user = ""): WrittenStorageImage {
    const diffIds = this.layers.slice(0, layerCount).map((layer) => `${layer["diff-digest"]}`);
    const config = jsonBytes({
      os: "linux",
      architecture: "amd64",
      config: { User: user },
      rootfs: { type: "layers", diff_ids: diffIds },
    });
    const describe = (bytes: Uint8Array, mediaType: string) => ({
      mediaType,
      digest: digestOf(bytes),
      size: bytes.length,
    });
    const layers = diffIds.map((digest) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      digest,
      size: 1,
    }));
    const manifest = jsonBytes({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: describe(config, OCI_CONFIG),
      layers,
    });
    const digest = digestOf(manifest);
    const id = digestOf(config).slice(7);
    const directory = `${this.#root}/overlay-images/${id}`;
    mkdirSync(directory);
    writeFileSync(`${directory}/manifest`, manifest);
    writeFileSync(`${directory}/${encodedName(`sha256:${id}`)}`, config);
    this.images.push({
      id,
      digest,
      names,
      ...(layerCount === 0 ? {} : { layer: `layer${layerCount - 1}` }),
      "big-data-names": [`sha256:${id}`, `manifest-${digest}`, "manifest"],
    });
    return { id, digest };
  }

  /** Writes the lists. */
  write(): void {
    writeFileSync(`${this.#root}/overlay-images/images.json`, JSON.stringify(this.images));
    writeFileSync(`${this.#root}/overlay-layers/layers.json`, JSON.stringify(this.layers));
  }
}

/** Name of the file of a document whose key is no plain name. */
export function encodedName(key: string): string {
  return `=${Buffer.from(key).toString("base64")}`;
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
