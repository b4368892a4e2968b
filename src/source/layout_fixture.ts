/**
 * Builds images for tests: OCI layouts and `docker save` archives, old and new form, right or
 * wrong on purpose.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { digestOf } from "../oci/digest.ts";
import { OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from "../oci/media_type.ts";
import type { Platform } from "../oci/platform.ts";

/** A JSON object. */
export type JsonObject = Record<string, unknown>;

/** A descriptor as it stands in a document. */
export interface FixtureDescriptor extends JsonObject {
  /** Media type. */
  mediaType: string;
  /** Digest of the blob. */
  digest: string;
  /** Bytes of the blob. */
  size: number;
}

/** One layer of an image to build. */
export interface FixtureLayer {
  /** The uncompressed tar. */
  readonly tar: Uint8Array;
  /** How it is stored; default plain. */
  readonly compression?: "none" | "gzip" | "zstd";
  /** Fields of its descriptor that are to be other than they should. */
  readonly descriptor?: JsonObject;
}

/** An image to build. */
export interface FixtureImage {
  /** Layers, base first; default none. */
  readonly layers?: readonly FixtureLayer[];
  /** What the configuration says it is for; default linux/amd64, `null` for nothing. */
  readonly platform?: Platform | null;
  /** Fields inside `config` of the configuration: `Cmd`, `Env`… */
  readonly runtime?: JsonObject;
  /** Fields of the configuration to add or replace. */
  readonly config?: JsonObject;
  /** Fields of the manifest to add or replace. */
  readonly manifest?: JsonObject;
}

/** A layout in memory. */
export class LayoutFixture {
  /** Files by their path. */
  readonly files = new Map<string, Uint8Array>();

  /** Creates a layout with the file `oci-layout`, and no image. */
  constructor() {
    this.writeJson("oci-layout", { imageLayoutVersion: "1.0.0" });
  }

  /** Sets a file to a JSON value. */
  writeJson(path: string, value: unknown): void {
    this.files.set(path, jsonBytes(value));
  }

  /** Stores a blob and describes it. */
  addBlob(bytes: Uint8Array, mediaType: string): FixtureDescriptor {
    const digest = digestOf(bytes);
    this.files.set(blobPath(digest), bytes);
    return { mediaType, digest, size: bytes.length };
  }

  /** Stores an image and describes its manifest. */
  addImage(image: FixtureImage = {}): FixtureDescriptor {
    const layers = (image.layers ?? []).map((layer) => ({
      ...this.addBlob(stored(layer), layerType(layer)),
      ...layer.descriptor,
    }));
    const config = this.addBlob(jsonBytes(configOf(image)), OCI_CONFIG);
    const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers };
    return this.addBlob(jsonBytes({ ...manifest, ...image.manifest }), OCI_MANIFEST);
  }

  /** Stores an index and describes it. */
  addIndex(manifests: readonly JsonObject[], fields: JsonObject = {}): FixtureDescriptor {
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests, ...fields };
    return this.addBlob(jsonBytes(index), OCI_INDEX);
  }

  /** Sets `index.json`. */
  setIndex(manifests: readonly JsonObject[], fields: JsonObject = {}): this {
    this.writeJson("index.json", { schemaVersion: 2, manifests, ...fields });
    return this;
  }

  /** Writes the files below `path` and answers it. */
  writeDirectory(path: string): string {
    for (const [name, bytes] of this.files) {
      const full = join(path, name);
      mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, bytes);
    }
    return path;
  }

  /** The files as a tar archive. */
  toArchive(): Uint8Array<ArrayBuffer> {
    return tarOf([...this.files].map(([name, body]) => ({ name, body })));
  }
}

/** A layout of one image with the tag `latest`. */
export function layoutOf(image: FixtureImage = {}): LayoutFixture {
  const layout = new LayoutFixture();
  return layout.setIndex([tagged(layout.addImage(image), "latest")]);
}

/** A descriptor with a tag. */
export function tagged(descriptor: FixtureDescriptor, tag: string): FixtureDescriptor {
  return { ...descriptor, annotations: { "org.opencontainers.image.ref.name": tag } };
}

/** A descriptor with a platform. */
export function onPlatform(
  descriptor: FixtureDescriptor,
  os: string,
  architecture: string,
  variant?: string,
): FixtureDescriptor {
  return { ...descriptor, platform: { os, architecture, ...(variant ? { variant } : {}) } };
}

/** The members of a `docker save` archive of the old form: `manifest.json` and `<id>/layer.tar`. */
export function dockerMembers(
  images: readonly { readonly image: FixtureImage; readonly names: readonly string[] }[],
): TarMember[] {
  const members: TarMember[] = [];
  const index = images.map(({ image, names }) => {
    const config = jsonBytes(configOf(image));
    const configName = `${digestOf(config).slice(7)}.json`;
    members.push({ name: configName, body: config });
    const layerPaths = (image.layers ?? []).map((layer) => {
      const path = `${digestOf(layer.tar).slice(7)}/layer.tar`;
      members.push({ name: path, body: stored(layer) });
      return path;
    });
    return { Config: configName, RepoTags: names, Layers: layerPaths };
  });
  members.push({ name: "manifest.json", body: jsonBytes(index) });
  return members;
}

/** Adds `manifest.json` to a layout of one image, as Docker writes it since version 25. */
export function addDockerIndex(
  layout: LayoutFixture,
  manifest: FixtureDescriptor,
  names: readonly string[],
): void {
  const text = new TextDecoder().decode(layout.files.get(blobPath(manifest.digest)));
  const { config, layers } = JSON.parse(text) as {
    config: FixtureDescriptor;
    layers: FixtureDescriptor[];
  };
  layout.writeJson("manifest.json", [{
    Config: blobPath(config.digest),
    RepoTags: names,
    Layers: layers.map(({ digest }) => blobPath(digest)),
  }]);
}

/** A member of an archive to build: a file, or with a target a link. */
export interface TarMember {
  /** Its path, at most 100 bytes. */
  readonly name: string;
  /** Bytes of a file. */
  readonly body?: Uint8Array;
  /** What a symbolic link (`"2"`) or hard link (`"1"`) names. */
  readonly target?: string;
  /** Type flag; default a file. */
  readonly type?: string;
}

/** A tar archive (ustar) of these members, with its two end blocks. */
export function tarOf(members: readonly TarMember[]): Uint8Array<ArrayBuffer> {
  const blocks: Uint8Array[] = [];
  for (const { name, body = new Uint8Array(), target = "", type = "0" } of members) {
    const header = new Uint8Array(512);
    const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
    put(0, name);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, `${body.length.toString(8).padStart(11, "0")}\0`);
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, type);
    put(157, target);
    put(257, "ustar\x0000");
    const sum = header.reduce((total, byte) => total + byte, 0);
    put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
    blocks.push(header, body, new Uint8Array((512 - body.length % 512) % 512));
  }
  blocks.push(new Uint8Array(1024));
  return concat(blocks);
}

/** JSON text as bytes. */
export function jsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** Where a layout keeps a blob. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function configOf(image: FixtureImage): JsonObject {
  const { layers = [], platform = { os: "linux", architecture: "amd64" }, runtime = {} } = image;
  return {
    ...platform,
    config: runtime,
    rootfs: { type: "layers", diff_ids: layers.map((layer) => digestOf(layer.tar)) },
    ...image.config,
  };
}

function stored({ tar, compression = "none" }: FixtureLayer): Uint8Array {
  if (compression === "gzip") return gzipSync(tar);
  return compression === "zstd" ? zstdCompressSync(tar) : tar;
}

function layerType({ compression = "none" }: FixtureLayer): string {
  const suffix = compression === "none" ? "" : `+${compression}`;
  return `application/vnd.oci.image.layer.v1.tar${suffix}`;
}

function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Runs `body` with a new directory, which is deleted afterwards. */
export async function withDirectory<T>(body: (path: string) => T | Promise<T>): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), "layout-"));
  try {
    return await body(path);
  } finally {
    rmSync(path, { recursive: true });
  }
}
