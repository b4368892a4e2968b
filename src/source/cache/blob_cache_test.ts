import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { parseDigest } from "../../oci/digest.ts";
import { BlobCache } from "./blob_cache.ts";
import { defaultCacheDirectory } from "./cache_directory.ts";
import { descriptorOf, filesBelow, someBytes, withCache } from "./cache_fixture.ts";

const BYTES = someBytes(5000);
const BLOB = descriptorOf(BYTES);
const SIGNAL = new AbortController().signal;

function claim(cache: BlobCache) {
  return cache.claimPartial(BLOB, cache.partialPath(BLOB.digest));
}

Deno.test("BlobCache gives a blob its name when it is committed", () =>
  withCache((cache, directory) => {
    strictEqual(cache.hold(BLOB), null);
    const partial = claim(cache);
    partial.write(BYTES.subarray(0, 3000), 0);
    partial.write(BYTES.subarray(3000), 3000);
    strictEqual(cache.hold(BLOB), null);
    match(filesBelow(directory).join(), /^partial\/sha256-[0-9a-f]{64}\.[0-9a-f]{16}$/);
    cache.commit(partial, BLOB.digest);
    const path = cache.hold(BLOB)!;
    strictEqual(path, cache.pathOf(parseDigest(BLOB.digest)));
    deepStrictEqual(Deno.readFileSync(path), BYTES);
    deepStrictEqual(filesBelow(directory), [`blobs/sha256/${BLOB.digest.slice(7)}`]);
    strictEqual(Deno.statSync(directory + "/blobs").mode! % 0o1000, 0o700);
  }));

Deno.test("BlobCache goes on with what was kept, and hashes it", () =>
  withCache(async (cache, directory) => {
    const first = claim(cache);
    strictEqual(first.keptBytes, 0);
    first.write(BYTES.subarray(0, 3000), 0);
    first.release();
    const second = claim(cache);
    strictEqual(second.keptBytes, 3000);
    const hash = await second.hashKept(SIGNAL);
    strictEqual(
      `sha256:${hash.digest("hex")}`,
      descriptorOf(BYTES.slice(0, 3000)).digest,
    );
    second.write(BYTES.subarray(3000), 3000);
    cache.commit(second, BLOB.digest);
    deepStrictEqual(Deno.readFileSync(cache.hold(BLOB)!), BYTES);
    strictEqual(filesBelow(directory).length, 1);
  }));

Deno.test("BlobCache leaves a file that is being written alone, and begins another", () =>
  withCache((cache, directory) => {
    const first = claim(cache);
    first.write(BYTES.subarray(0, 3000), 0);
    const second = claim(cache);
    strictEqual(second.keptBytes, 0);
    second.write(BYTES, 0);
    strictEqual(filesBelow(directory).length, 2);
    cache.commit(second, BLOB.digest);
    // The slower one ends too, over the same bytes.
    first.write(BYTES.subarray(3000), 3000);
    cache.commit(first, BLOB.digest);
    deepStrictEqual(Deno.readFileSync(cache.hold(BLOB)!), BYTES);
    strictEqual(filesBelow(directory).length, 1);
  }));

Deno.test("BlobCache keeps the largest of several leftovers, and none that is too large", () =>
  withCache((cache, directory) => {
    const partials = [1000, 4000, 2000, 6000].map((size) => [claim(cache), size] as const);
    for (const [partial, size] of partials) partial.write(someBytes(size), 0);
    for (const [partial] of partials) partial.release();
    strictEqual(filesBelow(directory).length, 4);
    const claimed = claim(cache);
    strictEqual(claimed.keptBytes, 4000);
    strictEqual(filesBelow(directory).length, 1);
    claimed.discard();
    deepStrictEqual(filesBelow(directory), []);
  }));

Deno.test("a partial blob without bytes leaves nothing", () =>
  withCache((cache, directory) => {
    claim(cache).release();
    deepStrictEqual(filesBelow(directory), []);
  }));

Deno.test("hashing what was kept stops when cancelled", () =>
  withCache(async (cache) => {
    const partial = claim(cache);
    partial.write(new Uint8Array(5 * 1024 * 1024), 0);
    partial.release();
    const whole = descriptorOf(new Uint8Array(6 * 1024 * 1024), { digest: BLOB.digest });
    const again = cache.claimPartial(whole, cache.partialPath(BLOB.digest));
    const reason = new Error("enough");
    await rejects(again.hashKept(AbortSignal.abort(reason)), (error) => error === reason);
    again.discard();
  }));

Deno.test("BlobCache trusts neither size nor bytes of what is there", () =>
  withCache((cache, directory) => {
    cache.store(BLOB.digest, BYTES.subarray(1));
    strictEqual(cache.hold(BLOB), null);
    // A hostile size takes nothing away.
    cache.store(BLOB.digest, BYTES);
    strictEqual(cache.hold({ ...BLOB, size: 1 }), null);
    strictEqual(cache.readDocument({ ...BLOB, size: 1 }), null);
    ok(cache.hold(BLOB) !== null);
    cache.remove(BLOB.digest);
    const wrong = BYTES.slice();
    wrong[100] ^= 1;
    for (const read of [() => cache.readDocument(BLOB), () => cache.readByDigest(BLOB.digest)]) {
      cache.store(BLOB.digest, wrong);
      strictEqual(read(), null);
      deepStrictEqual(filesBelow(directory), []);
    }
    cache.store(BLOB.digest, BYTES);
    deepStrictEqual(cache.readDocument(BLOB), BYTES);
    deepStrictEqual(cache.readByDigest(BLOB.digest), BYTES);
    strictEqual(cache.readDocument({ ...BLOB, size: 5 * 1024 * 1024 }), null);
  }));

Deno.test("BlobCache makes no path of a malformed digest", () =>
  withCache((cache) => {
    for (const digest of ["sha256:../../x", "md5:0", "", "sha256:ABC"]) {
      throws(() => cache.hold({ ...BLOB, digest }), { name: "ImageError" });
      throws(() => cache.store(digest, BYTES), { name: "ImageError" });
      throws(() => cache.partialPath(digest), { name: "ImageError" });
    }
  }));

Deno.test("BlobCache passes over what is no regular file", () =>
  withCache((cache) => {
    const path = cache.pathOf(parseDigest(BLOB.digest));
    Deno.mkdirSync(path, { recursive: true });
    strictEqual(cache.hold(BLOB), null);
    strictEqual(cache.readByDigest(BLOB.digest), null);
  }));

Deno.test("BlobCache remembers what a tag named, and nothing that is damaged", () =>
  withCache((cache, directory) => {
    const reference = "example.org/a/b:1";
    strictEqual(cache.readTag(reference), null);
    const note = { reference, digest: BLOB.digest, mediaType: "x", size: 5 };
    cache.writeTag({ ...note, size: 4 });
    cache.writeTag(note);
    deepStrictEqual(cache.readTag(reference), note);
    strictEqual(cache.readTag("example.org/a/b:2"), null);
    const [file] = filesBelow(directory);
    for (
      const text of ["", "{", '{"reference":"x"}', JSON.stringify({ ...note, digest: "../x" })]
    ) {
      Deno.writeTextFileSync(`${directory}/${file}`, text);
      strictEqual(cache.readTag(reference), null, text);
    }
  }));

Deno.test("BlobCache explains a directory that it cannot use", () =>
  withCache((_, directory) => {
    Deno.writeTextFileSync(`${directory}/file`, "");
    const cache = new BlobCache(`${directory}/file/cache`);
    throws(() => claim(cache), { name: "ImageError", message: /Cannot make cache directory/ });
  }));

Deno.test("defaultCacheDirectory() follows the specification of XDG", () => {
  const at = (variables: Record<string, string>) =>
    defaultCacheDirectory((name) => variables[name]);
  strictEqual(at({ XDG_CACHE_HOME: "/x", HOME: "/h" }), "/x/oci2rootfs");
  strictEqual(at({ XDG_CACHE_HOME: "relative", HOME: "/h" }), "/h/.cache/oci2rootfs");
  strictEqual(at({ HOME: "/h" }), "/h/.cache/oci2rootfs");
  strictEqual(at({ XDG_CACHE_HOME: "" }), null);
  ok(at({ HOME: "" }) === null);
});
