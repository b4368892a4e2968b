/**
 * From the newest layer of an image to the directories with the files of all its layers.
 *
 * @module
 */
import { dirname } from "node:path";
import { ImageError, type ImageErrorCode } from "../../image_error.ts";
import { quote } from "../../oci/quote.ts";
import { expectRealDirectory, layerFiles, overlay2Chain } from "../overlay2.ts";
import { pathKind } from "../path_kind.ts";
import type { StoredLayer } from "../stored_image.ts";
import type { StorageStore, StoredLayerRecord } from "./storage_store.ts";

/** A layer and the store that has it. */
interface FoundLayer {
  readonly record: StoredLayerRecord;
  readonly store: StorageStore;
}

/**
 * Layer `top` and all below it, base first: the directories with their files, and what is kept of
 * their tars. Layers of an image in one store may be in others. `diffIds` are what the image says
 * its layers are, base first.
 *
 * Throws `ImageError` `NOT_FOUND` where a layer is not there, `CORRUPT` where the storage
 * contradicts itself, `UNSUPPORTED` for layers that are no directories of files.
 */
export function storageLayers(
  stores: readonly StorageStore[],
  first: StorageStore,
  top: string,
  diffIds: readonly string[],
): StoredLayer[] {
  const chain = layerChain(stores, first, top, diffIds.length);
  if (chain.length !== diffIds.length) {
    throw failure("CORRUPT", first, top, `${chain.length} layers are there`, `${diffIds.length}`);
  }
  chain.forEach(({ record, store }, depth) => {
    const diffId = diffIds[diffIds.length - 1 - depth];
    if (record.diffId !== "" && record.diffId !== diffId) {
      throw failure("CORRUPT", store, record.id, `its digest is ${quote(record.diffId)}`, diffId);
    }
    expectPlainLayer(store, record.id);
  });
  const found = first.driver === "vfs" ? treesOf(chain) : differencesOf(chain);
  return chain.map(({ record, store }, depth) => ({
    diffId: diffIds[diffIds.length - 1 - depth],
    directory: found[depth],
    record: store.tarRecord(record.id),
    size: record.size,
  })).reverse();
}

/** Directories of overlay, with the files that are new in each layer of `chain`. */
function differencesOf(chain: readonly FoundLayer[]): string[] {
  if (chain.length === 0) return [];
  const directories = chain.map(({ record, store }) => store.layerDirectory(record.id));
  const [{ record, store: first }] = chain;
  if (chain.some(({ store }) => store !== first)) {
    return directories.map((it) => layerFiles(it, it));
  }
  // A mount takes what the file `lower` names: where it leads elsewhere, one of the two is wrong.
  const found = overlay2Chain(directories[0]);
  if (namesOf(found).join() !== chain.map(({ record }) => record.id).join()) {
    const observed = `its directory is over ${found.length - 1} others`;
    const expected = `the ${chain.length - 1} of the layers below it`;
    throw failure("CORRUPT", first, record.id, observed, expected);
  }
  return found;
}

/** Directories of vfs, with all files that there are up to each layer of `chain`. */
function treesOf(chain: readonly FoundLayer[]): string[] {
  return chain.map(({ record, store }) => {
    const directory = store.layerDirectory(record.id);
    expectRealDirectory(directory, directory);
    // Which of its files are new in it nobody knows then.
    if (store.tarRecord(record.id) !== null) return directory;
    throw failure("UNSUPPORTED", store, record.id, "nothing is kept of its tar", "its tar-split");
  });
}

/** Layer `top` and those below it; at most one more than `count`, so that a circle ends. */
function layerChain(
  stores: readonly StorageStore[],
  first: StorageStore,
  top: string,
  count: number,
): FoundLayer[] {
  const byId = new Map<string, FoundLayer>();
  for (const store of [first, ...stores]) {
    if (store.driver !== first.driver) continue;
    for (const record of store.layers()) {
      if (!byId.has(record.id)) byId.set(record.id, { record, store });
    }
  }
  const chain: FoundLayer[] = [];
  for (let id = top; id !== "" && chain.length <= count;) {
    const layer = byId.get(id);
    if (layer === undefined) {
      throw failure("NOT_FOUND", first, id, "nothing is known of it", "all layers of the image");
    }
    chain.push(layer);
    id = layer.record.parent;
  }
  return chain;
}

/** A layer may be an image of composefs, with the files under their digests. */
function expectPlainLayer(store: StorageStore, id: string): void {
  if (pathKind(`${store.layerDirectory(id)}/composefs-data`) === null) return;
  throw failure("UNSUPPORTED", store, id, "it is an image of composefs", "a directory of files");
}

function namesOf(directories: readonly string[]): string[] {
  return directories.map((directory) => dirname(directory)).map((path) =>
    path.slice(path.lastIndexOf("/") + 1)
  );
}

function failure(
  code: ImageErrorCode,
  store: StorageStore,
  id: string,
  observed: string,
  expected: string,
): ImageError {
  return new ImageError(
    code,
    `Cannot read layer ${quote(id)} of storage ${quote(store.path)}: ${observed}, expected ` +
      expected,
  );
}
