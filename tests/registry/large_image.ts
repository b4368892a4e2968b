/**
 * An image large enough to be decoded while it is being downloaded, in a registry and as a layout.
 *
 * @module
 */
import { join } from "node:path";
import { layoutOf } from "../../src/source/layout_fixture.ts";
import { tarArchive } from "../../src/layer/tar/tar_fixture.ts";
import { mustRun } from "../run_tool.ts";
import type { RegistryServer } from "./registry_server.ts";
import { scrambledBytes } from "./test_client.ts";

/** Its repository and tag. */
export const LARGE_PATH = "test/large";
export const LARGE_TAG = "2.0";
/** Its platform. */
export const LARGE_PLATFORM = "linux/amd64";

/** An image that is in a registry and on disk. */
export interface LargeImage {
  /** The layout. */
  readonly layout: string;
  /** Digests of the layers, base first. */
  readonly layers: readonly string[];
  /** Digest of its manifest. */
  readonly digest: string;
}

/** Makes the image in `directory` and copies it into `server`. */
export function pushLargeImage(server: RegistryServer, directory: string): LargeImage {
  const fixture = layoutOf({
    layers: [
      // Some files are there twice: those of older layers are dead.
      { tar: filesOf("base", 3_000_000, 1), compression: "gzip" },
      { tar: filesOf("middle", 5_000_000, 2), compression: "zstd" },
      { tar: filesOf("base", 9_000_000, 3) },
    ],
  });
  const layout = fixture.writeDirectory(join(directory, "large"));
  mustRun("skopeo", [
    "--insecure-policy",
    "copy",
    "--quiet",
    "--preserve-digests",
    "--dest-tls-verify=false",
    `oci:${layout}:latest`,
    `docker://${server.host}/${LARGE_PATH}:${LARGE_TAG}`,
  ]);
  const read = (path: string) => JSON.parse(Deno.readTextFileSync(join(layout, path)));
  const digest: string = read("index.json").manifests[0].digest;
  const manifest = read(`blobs/sha256/${digest.slice(7)}`);
  const layers = manifest.layers.map((layer: { digest: string }) => layer.digest);
  return { layout, layers, digest };
}

/** Many small files around a large one that does not compress. */
function filesOf(name: string, size: number, seed: number): Uint8Array {
  const small = Array.from({ length: 200 }, (_, i) => ({
    path: `${name}/small${i}`,
    body: `${name} ${i} ${seed}\n`.repeat(i),
  }));
  return tarArchive([
    { path: `${name}/`, type: "5" },
    ...small,
    { path: `${name}/large${seed}`, body: scrambledBytes(size, seed) },
    { path: `${name}/last`, body: "end" },
  ]);
}
