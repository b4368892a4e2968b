/**
 * Docker data roots made by hand, for tests: right ones, to be broken on purpose.
 *
 * @module
 */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../../oci/digest.ts";
import { chainOf } from "./layer_chain.ts";

/** An image of a data root. */
export interface WrittenImage {
  /** Its identifier, without the algorithm. */
  readonly id: string;
  /** Chains of its layers, base first. */
  readonly chains: readonly string[];
}

/** Writes the image `name` with `layerCount` layers, each a file of its own, to `root`. */
export function writeDockerImage(root: string, name: string, layerCount: number): WrittenImage {
  const metadata = `${root}/image/overlay2`;
  const diffIds = Array.from({ length: layerCount }, (_, i) => digestOf(bytesOf(`layer ${i}`)));
  const config = {
    os: "linux",
    architecture: "amd64",
    config: { Cmd: [name] },
    rootfs: { type: "layers", diff_ids: diffIds },
  };
  const chains: string[] = [];
  mkdirSync(`${root}/overlay2/l`, { recursive: true });
  diffIds.forEach((diffId, i) => {
    const parent = chains.at(-1) ?? null;
    const chain = chainOf(parent, diffId);
    const database = `${metadata}/layerdb/sha256/${chain.slice(7)}`;
    mkdirSync(database, { recursive: true });
    writeFileSync(`${database}/cache-id`, `layer${i}`);
    writeFileSync(`${database}/diff`, diffId);
    if (parent !== null) writeFileSync(`${database}/parent`, parent);
    const layer = `${root}/overlay2/layer${i}`;
    mkdirSync(`${layer}/diff`, { recursive: true });
    writeFileSync(`${layer}/diff/file${i}`, `${i}`);
    writeFileSync(`${layer}/link`, `L${i}`);
    try {
      symlinkSync(`../layer${i}/diff`, `${root}/overlay2/l/L${i}`);
    } catch {
      // Another image has the same layer.
    }
    const lower = chains.map((_, below) => `l/L${below}`).reverse().join(":");
    if (lower !== "") writeFileSync(`${layer}/lower`, lower);
    chains.push(chain);
  });
  const bytes = bytesOf(JSON.stringify(config));
  const id = digestOf(bytes).slice(7);
  mkdirSync(`${metadata}/imagedb/content/sha256`, { recursive: true });
  writeFileSync(join(metadata, "imagedb/content/sha256", id), bytes);
  return { id, chains };
}

/** Writes the names of images. */
export function writeRepositories(root: string, names: Record<string, string>): void {
  const Repositories: Record<string, Record<string, string>> = {};
  for (const [name, id] of Object.entries(names)) {
    const repository = name.split(/[@:]/, 1)[0];
    (Repositories[repository] ??= {})[name] = `sha256:${id}`;
  }
  writeFileSync(`${root}/image/overlay2/repositories.json`, JSON.stringify({ Repositories }));
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
