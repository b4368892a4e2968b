import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { parseDigest } from "../../oci/digest.ts";
import { OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from "../../oci/media_type.ts";
import { BlobCache } from "./blob_cache.ts";
import { listCache } from "./cache_contents.ts";
import { descriptorOf, filesBelow, someBytes, withCache } from "./cache_fixture.ts";
import { pruneCache } from "./prune_cache.ts";
import { openSpool } from "./spool.ts";
import { verifyCache } from "./verify_cache.ts";

/** Stores a blob that was last used so many hours ago. */
function put(cache: BlobCache, size: number, hoursAgo: number) {
  const bytes = someBytes(size);
  const blob = descriptorOf(bytes);
  cache.store(blob.digest, bytes);
  setAge(cache.pathOf(parseDigest(blob.digest)), hoursAgo);
  return blob;
}

function setAge(path: string, hoursAgo: number): void {
  const time = new Date(Date.now() - hoursAgo * 3_600_000);
  Deno.utimeSync(path, time, time);
}

Deno.test("pruneCache() removes what was not used for the longest time, until the rest fits", () =>
  withCache((cache, directory) => {
    const [oldest, newest, middle] = [put(cache, 1000, 9), put(cache, 300, 1), put(cache, 500, 5)];
    deepStrictEqual(pruneCache(directory, 1800).removed, []);
    const report = pruneCache(directory, 801);
    deepStrictEqual(report.removed.map(({ digest }) => digest), [oldest.digest]);
    strictEqual(report.removedBytes, 1000);
    strictEqual(report.leftBytes, 800);
    // A use makes a blob new again.
    cache.hold(middle);
    cache.close();
    deepStrictEqual(pruneCache(directory, 500).removed.map(({ digest }) => digest), [
      newest.digest,
    ]);
    deepStrictEqual(pruneCache(directory, 0).leftBytes, 0);
    deepStrictEqual(filesBelow(directory), []);
  }));

Deno.test("pruneCache() leaves what any run is using", () =>
  withCache((cache, directory) => {
    const held = put(cache, 1000, 9);
    const free = put(cache, 300, 1);
    const other = new BlobCache(directory);
    other.hold(held);
    const partial = cache.claimPartial(held, cache.partialPath(held.digest));
    partial.write(someBytes(10), 0);
    deepStrictEqual(pruneCache(directory, 0).removed.map(({ digest }) => digest), [free.digest]);
    other.close();
    partial.release();
    deepStrictEqual(pruneCache(directory, 0).leftBytes, 0);
    deepStrictEqual(filesBelow(directory), []);
  }));

Deno.test("pruneCache() removes leftovers and notes that lead nowhere", () =>
  withCache((cache, directory) => {
    const blob = put(cache, 10, 5);
    const note = { reference: "r/a:1", digest: blob.digest, mediaType: OCI_MANIFEST, size: 10 };
    cache.writeTag(note);
    cache.writeTag({ ...note, reference: "r/b:1", digest: descriptorOf(someBytes(3)).digest });
    for (const [name, hours] of [["old", 2], ["new", 0]] as const) {
      const path = `${directory}/blobs/sha256/${name}.new`;
      Deno.writeTextFileSync(path, "x");
      setAge(path, hours);
    }
    deepStrictEqual(pruneCache(directory, 1000).removed.map(({ digest }) => digest), ["old.new"]);
    strictEqual(filesBelow(directory).length, 3);
    strictEqual(cache.readTag("r/b:1"), null);
    deepStrictEqual(cache.readTag("r/a:1"), note);
  }));

Deno.test("listCache() knows the images by name and what they take", () =>
  withCache((cache, directory) => {
    const store = (value: unknown, mediaType: string) => {
      const bytes = new TextEncoder().encode(JSON.stringify(value));
      const blob = descriptorOf(bytes, { mediaType });
      cache.store(blob.digest, bytes);
      return blob;
    };
    const layer = put(cache, 1000, 1);
    const config = store({}, OCI_CONFIG);
    const part = ({ mediaType, digest, size }: typeof layer) => ({ mediaType, digest, size });
    const missing = descriptorOf(someBytes(77));
    const manifest = store({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: part(config),
      layers: [part(layer), part(layer), part(missing)],
    }, OCI_MANIFEST);
    const index = store({ schemaVersion: 2, manifests: [part(manifest)] }, OCI_INDEX);
    put(cache, 5000, 1);
    const { digest, size, mediaType } = index;
    cache.writeTag({ reference: "r/a:1", digest, mediaType, size });
    const contents = listCache(directory);
    const sizeBytes = index.size + manifest.size + config.size + 1000;
    deepStrictEqual(contents.images, [{ reference: "r/a:1", digest, sizeBytes }]);
    strictEqual(contents.totalBytes, sizeBytes + 5000);
    deepStrictEqual(listCache(`${directory}/none`).entries, []);
  }));

Deno.test("verifyCache() finds and removes what is damaged", () =>
  withCache(async (cache, directory) => {
    const good = put(cache, 300_000, 1);
    const bad = put(cache, 600_000, 1);
    const path = cache.pathOf(parseDigest(bad.digest));
    const bytes = Deno.readFileSync(path);
    bytes[555_555] ^= 1;
    Deno.writeFileSync(path, bytes);
    const report = await verifyCache(directory);
    strictEqual(report.verifiedCount, 2);
    deepStrictEqual(report.damaged.map(({ digest }) => digest), [bad.digest]);
    deepStrictEqual(filesBelow(directory), [`blobs/sha256/${good.digest.slice(7)}`]);
    const reason = new Error("enough");
    await rejects(verifyCache(directory, AbortSignal.abort(reason)), (error) => error === reason);
  }));

Deno.test("openSpool() leaves nothing, and removes what dead runs left", () => {
  const parent = Deno.makeTempDirSync({ prefix: "spool_" });
  try {
    // As a killed run leaves it: the lock has died with the process.
    const dead = `${parent}/oci2rootfs-spool-dead`;
    Deno.mkdirSync(`${dead}/blobs`, { recursive: true });
    Deno.writeTextFileSync(`${dead}/lock`, "");
    Deno.writeTextFileSync(`${dead}/blobs/x`, "x");
    Deno.mkdirSync(`${parent}/oci2rootfs-spool-being-made`);
    Deno.mkdirSync(`${parent}/other`);
    Deno.writeTextFileSync(`${parent}/other/lock`, "");
    Deno.symlinkSync(`${parent}/other`, `${parent}/oci2rootfs-spool-link`);

    const first = openSpool(parent);
    const second = openSpool(parent);
    second.store(descriptorOf(someBytes(5)).digest, someBytes(5));
    deepStrictEqual(
      filesBelow(parent).filter((name) =>
        !name.startsWith(first.directory.slice(parent.length + 1))
      ),
      [
        "oci2rootfs-spool-link",
        `${second.directory.slice(parent.length + 1)}/blobs/sha256/` +
        descriptorOf(someBytes(5)).digest.slice(7),
        `${second.directory.slice(parent.length + 1)}/lock`,
        "other/lock",
      ].sort(),
    );
    first.close();
    second.close();
    second.close();
    deepStrictEqual(filesBelow(parent), ["oci2rootfs-spool-link", "other/lock"]);
  } finally {
    Deno.removeSync(parent, { recursive: true });
  }
});
