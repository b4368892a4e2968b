/**
 * Images of containers for tests of repositories.
 *
 * @module
 */
import { tarArchive, tarEntry, type TarEntryInit } from "../../layer/tar/tar_fixture.ts";
import { OCI_MANIFEST } from "../../oci/media_type.ts";
import type { Image } from "../../source/image.ts";
import {
  type FixtureDescriptor,
  type FixtureImage,
  jsonBytes,
  LayoutFixture,
  layoutOf,
  tagged,
} from "../../source/layout_fixture.ts";
import { openImage } from "../../transport/open_image.ts";
import type { Repository } from "../repository/repository.ts";
import { pullOciImage, type PullOciOptions, type PullOciReport } from "./pull.ts";

/** A tar with these entries. */
export function layerOf(entries: readonly TarEntryInit[]): Uint8Array {
  return tarArchive(entries.map(tarEntry));
}

/** Two layers with a bit of everything. */
export const BASE_LAYER: readonly TarEntryInit[] = [
  { path: "usr/", type: "5", mode: 0o755, mtime: 1_700_000_000 },
  { path: "usr/bin/", type: "5", mode: 0o755, mtime: 1_700_000_001 },
  { path: "usr/bin/large", mode: 0o755, body: "large ".repeat(20_000) },
  { path: "usr/bin/small", mode: 0o4755, body: "small" },
  { path: "usr/bin/alias", type: "1", target: "usr/bin/large" },
  { path: "run/", type: "5", mode: 0o755 },
  { path: "run/pid", body: "1" },
  { path: "etc/", type: "5", mode: 0o755 },
  { path: "etc/old", body: "old ".repeat(100) },
  { path: "lib", type: "2", target: "usr/lib" },
];

/** A layer on top of it. */
export const TOP_LAYER: readonly TarEntryInit[] = [
  { path: "etc/.wh.old" },
  { path: "etc/new", body: "new ".repeat(100) },
  { path: "usr/bin/medium", body: "m".repeat(65) },
];

/** An image of those two layers, compressed. */
export const TWO_LAYERS: FixtureImage = {
  layers: [
    { tar: layerOf(BASE_LAYER), compression: "gzip" },
    { tar: layerOf(TOP_LAYER), compression: "zstd" },
  ],
};

/** Text as bytes. */
export function bytesOfText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The blobs of an artifact: text, an empty one, and the first again. */
export const ARTIFACT_BLOBS: readonly Uint8Array[] = [
  bytesOfText("signed ".repeat(100)),
  bytesOfText(""),
  bytesOfText("signed ".repeat(100)),
];

/** What an artifact is made of. */
export interface FixtureArtifact {
  /** Text of its configuration; default `{}`. */
  readonly config?: string;
  /** Media type of that; default that of an empty one. */
  readonly configType?: string;
  /** Its layers; default `ARTIFACT_BLOBS`. */
  readonly blobs?: readonly Uint8Array[];
}

/** Adds a manifest that is of no image. */
export function addArtifact(
  layout: LayoutFixture,
  { config = "{}", configType = EMPTY_CONFIG, blobs = ARTIFACT_BLOBS }: FixtureArtifact = {},
): FixtureDescriptor {
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: "application/vnd.example",
    config: layout.addBlob(bytesOfText(config), configType),
    layers: blobs.map((bytes) => layout.addBlob(bytes, "application/vnd.example.part")),
  };
  return layout.addBlob(jsonBytes(manifest), OCI_MANIFEST);
}

const EMPTY_CONFIG = "application/vnd.oci.empty.v1+json";

/** A layout of one artifact. */
export function artifactLayout(artifact?: FixtureArtifact): LayoutFixture {
  const layout = new LayoutFixture();
  return layout.setIndex([tagged(addArtifact(layout, artifact), "latest")]);
}

/** Pulls what is meant in a layout, or at `place` of it, by the tag `artifact`. */
export async function pullLayout(
  repository: Repository,
  layout: LayoutFixture,
  options: PullOciOptions = {},
  place = "",
): Promise<PullOciReport> {
  const directory = layout.writeDirectory(Deno.makeTempDirSync({ prefix: "composefs_layout_" }));
  try {
    const image = await openImage(`oci:${directory}${place}`, {
      platform: "linux/amd64",
      withArtifacts: true,
    });
    try {
      return await pullOciImage(repository, image, { workers: 0, tag: "artifact", ...options });
    } finally {
      await image.close();
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Opens an image of a layout that is made of `fixture`, for `use`. */
export async function withImage<T>(
  fixture: FixtureImage,
  use: (image: Image, directory: string) => Promise<T>,
): Promise<T> {
  const directory = Deno.makeTempDirSync({ prefix: "composefs_layout_" });
  try {
    layoutOf(fixture).writeDirectory(directory);
    const image = await openImage(`oci:${directory}:latest`, { platform: "linux/amd64" });
    try {
      return await use(image, directory);
    } finally {
      await image.close();
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Pulls an image of a layout that is made of `fixture`. */
export async function pullFixture(
  repository: Repository,
  fixture: FixtureImage,
  options: PullOciOptions = {},
): Promise<PullOciReport> {
  return await withImage(
    fixture,
    (image) => pullOciImage(repository, image, { workers: 0, tag: "test", ...options }),
  );
}
