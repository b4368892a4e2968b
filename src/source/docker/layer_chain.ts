/**
 * From the digests of an image's layers to the directories with their files.
 *
 * Docker names a layer by its chain: the digest of the chain below it and of its own uncompressed
 * tar. `layerdb/sha256/CHAIN` says in `cache-id` which directory of the storage driver has its
 * files, in `diff` and `parent` what it was made of.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import { ImageError, type ImageErrorCode } from "../../image_error.ts";
import { digestOf } from "../../oci/digest.ts";
import { quote } from "../../oci/quote.ts";
import { readDocumentFile, type StoredFile } from "../file_store.ts";
import { overlay2Chain } from "../overlay2.ts";
import type { StoredLayer } from "../stored_image.ts";
import { type DockerRoot, DRIVER } from "./docker_root.ts";

const LAYERS = `image/${DRIVER}/layerdb/sha256`;

/**
 * The layers `diffIds`, base first: the directories with their files, and what is kept of their tars.
 *
 * Throws `ImageError` `NOT_FOUND` where one is not there, `CORRUPT` where the store contradicts
 * itself.
 */
export function dockerLayers(root: DockerRoot, diffIds: readonly string[]): StoredLayer[] {
  const names: string[] = [];
  const records: (StoredFile | null)[] = [];
  const sizes: (number | null)[] = [];
  let chain: string | null = null;
  for (const diffId of diffIds) {
    const parent: string | null = chain;
    chain = chainOf(parent, diffId);
    expectField(root, chain, "diff", diffId);
    if (parent !== null) expectField(root, chain, "parent", parent);
    const name = readField(root, chain, "cache-id");
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) {
      const observed = `its directory is ${quote(name)}`;
      throw failure("UNSAFE_PATH", root, chain, observed, "the name of one");
    }
    names.push(name);
    records.push(root.files.find(`${LAYERS}/${chain.slice(7)}/tar-split.json.gz`));
    sizes.push(sizeOf(root, chain));
  }
  if (chain === null) return [];
  const top = `${root.path}/${DRIVER}/${names.at(-1)}`;
  const directories = overlay2Chain(top).reverse();
  const found = directories.map((directory) => basename(dirname(directory)));
  if (found.join() !== names.join()) {
    const observed = `directory ${quote(top)} is over ${found.length - 1} others`;
    const expected = `the ${names.length - 1} of the layers below it`;
    throw failure("CORRUPT", root, chain, observed, expected);
  }
  return diffIds.map((diffId, i) => ({
    diffId,
    directory: directories[i],
    record: records[i],
    size: sizes[i],
  }));
}

/** The digest that names `diffId` over the layers `parent`. */
export function chainOf(parent: string | null, diffId: string): string {
  return parent === null ? diffId : digestOf(new TextEncoder().encode(`${parent} ${diffId}`));
}

function expectField(root: DockerRoot, chain: string, name: string, expected: string): void {
  const value = readField(root, chain, name);
  if (value === expected) return;
  throw failure("CORRUPT", root, chain, `its ${name} is ${quote(value)}`, expected);
}

/** Bytes of the files of a layer, nearly those of its tar; `null` where the store does not say. */
function sizeOf(root: DockerRoot, chain: string): number | null {
  const bytes = readDocumentFile(root.files, `${LAYERS}/${chain.slice("sha256:".length)}/size`);
  const text = bytes === null ? "" : new TextDecoder().decode(bytes).trim();
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : null;
}

function readField(root: DockerRoot, chain: string, name: string): string {
  const path = `${LAYERS}/${chain.slice("sha256:".length)}/${name}`;
  const bytes = readDocumentFile(root.files, path);
  if (bytes === null) {
    throw failure("NOT_FOUND", root, chain, `nothing is at ${quote(path)}`, "a complete store");
  }
  return new TextDecoder().decode(bytes).trim();
}

function failure(
  code: ImageErrorCode,
  root: DockerRoot,
  chain: string,
  observed: string,
  expected: string,
): ImageError {
  return new ImageError(
    code,
    `Cannot read layer "${chain}" of Docker store ${quote(root.path)}: ${observed}, expected ` +
      expected,
  );
}
