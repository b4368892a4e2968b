import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { verityDigest } from "../../fsverity/verity_digest.ts";
import type { ImageError } from "../../image_error.ts";
import { objectContent } from "../image/content.ts";
import { ObjectReader } from "../image/object_reader.ts";
import { initRepository } from "./init_repository.ts";
import { createMetadata, formatMetadata, parseMetadata } from "./metadata.ts";
import { isProtected } from "./protection.ts";
import { Repository } from "./repository.ts";
import { withOpen, withRepository, withRepositoryPath } from "./repository_fixture.ts";

function metadata(fields: object): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({ version: 1, algorithm: "fsverity-sha256-12", ...fields }),
  );
}

Deno.test("parseMetadata() gives back what formatMetadata() wrote", () => {
  for (const versions of [[1], [0], [2], [1, 2], [2, 1]] as const) {
    const made = createMetadata("sha512", versions);
    const bytes = new TextEncoder().encode(formatMetadata(made));
    deepStrictEqual(parseMetadata(bytes, "meta.json"), made);
    deepStrictEqual(made.readOnlyCompatible, versions[0] === 1 ? ["v1_erofs"] : []);
  }
});

Deno.test("parseMetadata() takes version 2 for the default unless the feature of version 1 is there", () => {
  deepStrictEqual(parseMetadata(metadata({}), "m").imageVersions, [2]);
  const features = { "read-only-compatible": ["v1_erofs"] };
  deepStrictEqual(parseMetadata(metadata({ features }), "m").imageVersions, [1]);
});

Deno.test("parseMetadata() refuses what it does not know and must", () => {
  const refused = (fields: object, code: string) =>
    throws(() => parseMetadata(metadata(fields), "m"), { code });
  refused({ version: 2 }, "UNSUPPORTED");
  refused({ version: 0 }, "CORRUPT");
  refused({ algorithm: "fsverity-sha256-16" }, "UNSUPPORTED");
  refused({ algorithm: "md5" }, "UNSUPPORTED");
  refused({ features: { incompatible: ["x"] } }, "UNSUPPORTED");
  refused({ erofs_formats: { default: 3 } }, "CORRUPT");
  deepStrictEqual(
    parseMetadata(metadata({ features: { compatible: ["x"] } }), "m").compatible,
    ["x"],
  );
});

Deno.test("a repository with a feature that only readers may ignore is not written to", async () => {
  await withRepositoryPath("sha256", async (path) => {
    const features = { "read-only-compatible": ["of the future"] };
    Deno.writeFileSync(`${path}/meta.json`, metadata({ features }));
    await withOpen(path, "read", () => {});
    await rejects(Repository.open(path, { access: "write" }), {
      code: "UNSUPPORTED",
      message: /of the future/,
    });
  });
});

Deno.test("initRepository() makes what is there again only where it is the same", async () => {
  await withRepositoryPath("sha256", async (path) => {
    const same = await initRepository(path, { algorithm: "sha256", isInsecure: true });
    strictEqual(same.isNew, false);
    await rejects(initRepository(path, { algorithm: "sha512", isInsecure: true }), {
      code: "EXISTS",
    });
    await rejects(
      initRepository(path, { algorithm: "sha256", isInsecure: true, imageVersions: [2] }),
      { code: "EXISTS" },
    );
    const kept = await initRepository(path, { algorithm: "sha512", ensure: true });
    strictEqual(kept.metadata.algorithm, "sha256");
  });
});

Deno.test("initRepository() forgets names and keeps objects when it is asked to", async () => {
  await withRepositoryPath("sha256", async (path) => {
    const id = await withOpen(path, "write", ({ objects, streams }) => {
      const object = objects.put(new Uint8Array(9));
      streams.put("one", object.id);
      streams.putRef("a/b", "one");
      return object.id;
    });
    await initRepository(path, {
      algorithm: "sha256",
      isInsecure: true,
      imageVersions: [2],
      resetMetadata: true,
    });
    await withOpen(path, "read", ({ objects, streams, metadata }) => {
      deepStrictEqual(streams.names(), []);
      deepStrictEqual(streams.refs(), []);
      strictEqual(objects.sizeOf(id), 9);
      deepStrictEqual(metadata.imageVersions, [2]);
    });
  });
});

Deno.test("a repository with fs-verity is made, or it is said that it cannot be", async () => {
  const path = Deno.makeTempDirSync();
  try {
    const { isSecure } = await initRepository(path);
    strictEqual(isSecure, true);
    using repository = await Repository.open(path, { access: "write", requireVerity: true });
    strictEqual(isProtected(repository.objects.pathOf(repository.objects.put(bytes()).id)), true);
  } catch (error) {
    // Most machines of tests have no such file system.
    strictEqual((error as ImageError).code, "UNSUPPORTED");
    await initRepository(path, { isInsecure: true });
    await rejects(Repository.open(path, { requireVerity: true }), { code: "UNSUPPORTED" });
  } finally {
    Deno.removeSync(path, { recursive: true });
  }

  function bytes(): Uint8Array {
    return new Uint8Array(5000);
  }
});

Deno.test("initRepository() refuses objects of another algorithm", async () => {
  await withRepositoryPath("sha256", async (path) => {
    await withOpen(path, "write", ({ objects }) => void objects.put(new Uint8Array(1)));
    Deno.removeSync(`${path}/meta.json`);
    await rejects(initRepository(path, { algorithm: "sha512", isInsecure: true }), {
      code: "EXISTS",
      message: /sha256/,
    });
    strictEqual(
      (await initRepository(path, { algorithm: "sha256", isInsecure: true })).isNew,
      true,
    );
  });
});

Deno.test("a directory that is no repository is none", async () => {
  const path = Deno.makeTempDirSync();
  try {
    await rejects(Repository.open(path), { code: "NOT_FOUND" });
    await rejects(Repository.open(`${path}/nothing`), { code: "NOT_FOUND" });
    Deno.mkdirSync(`${path}/objects`);
    await rejects(Repository.open(path), { code: "NOT_FOUND" });
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
});

Deno.test("a repository of old gets its metadata when it is written to", async () => {
  for (const algorithm of ["sha256", "sha512"] as const) {
    await withRepositoryPath(algorithm, async (path) => {
      await withOpen(path, "write", ({ objects }) => void objects.put(new Uint8Array(3)));
      Deno.removeSync(`${path}/meta.json`);
      await withOpen(path, "read", ({ metadata }) => strictEqual(metadata.algorithm, algorithm));
      throws(() => Deno.statSync(`${path}/meta.json`));
      using kept = await Repository.open(path, { access: "write", noUpgrade: true });
      throws(() => Deno.statSync(`${path}/meta.json`));
      kept.close();
      await withOpen(path, "write", ({ metadata }) => {
        deepStrictEqual(metadata, createMetadata(algorithm, [2]));
      });
      deepStrictEqual(
        parseMetadata(Deno.readFileSync(`${path}/meta.json`), "m"),
        createMetadata(algorithm, [2]),
      );
    });
  }
});

Deno.test("objects are named by their digest, and stored once", async () => {
  for (const algorithm of ["sha256", "sha512"] as const) {
    await withRepository(({ path, objects }) => {
      const sizes = [0, 1, 4096, 4097, 262_143, 262_144, 262_145, 700_000];
      for (const size of sizes) {
        const bytes = new Uint8Array(size).fill(size % 251);
        const writer = objects.begin();
        for (let at = 0; at < size; at += 100_000) writer.write(bytes.subarray(at, at + 100_000));
        const stored = writer.end();
        strictEqual(stored.id, verityDigest(algorithm, bytes).toHex());
        strictEqual(stored.isNew, true);
        deepStrictEqual(objects.read(stored.id, size), bytes);
        strictEqual(objects.put(bytes).isNew, false);
      }
      strictEqual(objects.counts.newObjects, sizes.length);
      strictEqual([...Deno.readDirSync(`${path}/tmp`)].length, 0);
    }, algorithm);
  }
});

Deno.test("holes of objects count as zeros, in memory and in files", async () => {
  await withRepository(({ objects }) => {
    for (const [head, hole, tail] of [[10, 20, 5], [300_000, 500_000, 7], [5, 300_000, 0]]) {
      const bytes = new Uint8Array(head + hole + tail).fill(1, 0, head).fill(2, head + hole);
      const writer = objects.begin();
      writer.write(bytes.subarray(0, head));
      writer.skip(hole);
      writer.write(bytes.subarray(head + hole));
      const { id } = writer.end();
      strictEqual(id, verityDigest("sha256", bytes).toHex());
      deepStrictEqual(objects.read(id, bytes.length), bytes);
    }
  });
});

Deno.test("holes of objects are found again, and not read", async () => {
  await withRepository(({ objects }) => {
    const size = 2 ** 36;
    const [data, dataEnd] = [size - 2 ** 20 - 4096, size - 2 ** 20];
    const writer = objects.begin();
    writer.skip(data);
    writer.write(new Uint8Array(4096).fill(7));
    writer.skip(size - dataEnd);
    const { id } = writer.end();
    // Reading all of it would take a minute.
    strictEqual(objects.measure(id), id);
    const reader = new ObjectReader(objects.directory);
    try {
      const content = objectContent(id);
      strictEqual(reader.seekData(content, 0), data);
      strictEqual(reader.seekData(content, data + 5), data + 5);
      strictEqual(reader.seekData(content, dataEnd), Infinity);
      const piece = new Uint8Array(2);
      strictEqual(reader.read(content, piece, dataEnd - 1), 2);
      deepStrictEqual([...piece], [7, 0]);
      strictEqual(reader.seekData(content, 5), data);
    } finally {
      reader.close();
    }
  });
});

Deno.test("an aborted object leaves nothing behind", async () => {
  await withRepository(({ path, objects }) => {
    const writer = objects.begin();
    writer.write(new Uint8Array(500_000));
    strictEqual([...Deno.readDirSync(`${path}/tmp`)].length, 1);
    writer.abort();
    strictEqual([...Deno.readDirSync(`${path}/tmp`)].length, 0);
    deepStrictEqual([...Deno.readDirSync(objects.directory)], []);
  });
});

Deno.test("a truncated object is written again", async () => {
  await withRepository(({ objects }) => {
    const { id } = objects.put(new Uint8Array(100));
    Deno.truncateSync(objects.pathOf(id), 40);
    strictEqual(objects.put(new Uint8Array(100)).isNew, true);
    strictEqual(objects.measure(id), id);
  });
});

Deno.test("putFile() stores a file by copy or by link", async () => {
  await withRepository(({ path, objects }) => {
    Deno.writeTextFileSync(`${path}/../file`, "content");
    const copied = objects.putFile(`${path}/../file`);
    strictEqual(copied.isNew, true);
    strictEqual(Deno.statSync(objects.pathOf(copied.id)).nlink, 1);
    strictEqual(objects.putFile(`${path}/../file`).isNew, false);
    Deno.writeTextFileSync(`${path}/../other`, "other content");
    const linked = objects.putFile(`${path}/../other`, { byLink: true });
    strictEqual(Deno.statSync(objects.pathOf(linked.id)).nlink, 2);
    strictEqual([...Deno.readDirSync(`${path}/tmp`)].length, 0);
  });
});

Deno.test("names lead to objects, and further names to them", async () => {
  await withRepository(({ path, objects, streams }) => {
    const { id } = objects.put(new Uint8Array(1));
    streams.put("oci-layer-x", id);
    strictEqual(
      Deno.readLinkSync(`${path}/streams/oci-layer-x`),
      `../objects/${id.slice(0, 2)}/${id.slice(2)}`,
    );
    streams.putRef("oci/tag", "oci-layer-x");
    strictEqual(Deno.readLinkSync(`${path}/streams/refs/oci/tag`), "../../oci-layer-x");
    strictEqual(streams.objectOf("oci-layer-x"), id);
    strictEqual(streams.refTarget("oci/tag"), "oci-layer-x");
    strictEqual(streams.refTarget("oci/none"), null);
    deepStrictEqual(streams.refs(), [{ name: "oci/tag", target: "oci-layer-x" }]);
    strictEqual(streams.removeRef("oci/tag"), true);
    strictEqual(streams.removeRef("oci/tag"), false);
    deepStrictEqual([...Deno.readDirSync(`${path}/streams/refs`)], []);
  });
});

Deno.test("links that lead out of a repository are not followed", async () => {
  await withRepository(({ path, objects, streams }) => {
    Deno.symlinkSync("/etc/passwd", `${path}/streams/evil`);
    Deno.symlinkSync("../../../etc/passwd", `${path}/streams/refs/evil`);
    throws(() => streams.objectOf("evil"), { code: "CORRUPT" });
    throws(() => streams.refTarget("evil"), { code: "CORRUPT" });
    deepStrictEqual(streams.refs(), [{ name: "evil", target: null }]);
    const unsafe = ["..", ".", "", "a/b", "refs", "a\0b"];
    for (const name of unsafe) {
      throws(() => streams.put(name, "00".repeat(32)), { code: "UNSAFE_PATH" });
    }
    for (const name of ["..", "a/../b", "/a", "a//b", ""]) {
      throws(() => streams.putRef(name, "x"), { code: "UNSAFE_PATH" });
    }
    // A directory of objects that is a link would take objects elsewhere.
    const id = verityDigest("sha256", new Uint8Array(7)).toHex();
    Deno.mkdirSync(`${path}/../elsewhere`);
    Deno.symlinkSync("../../elsewhere", `${objects.directory}/${id.slice(0, 2)}`);
    throws(() => objects.put(new Uint8Array(7)), { code: "CORRUPT" });
    deepStrictEqual([...Deno.readDirSync(`${path}/../elsewhere`)], []);
  });
});

Deno.test("who removes waits for who writes, and leftovers go when nobody writes", async () => {
  await withRepositoryPath("sha256", async (path) => {
    Deno.mkdirSync(`${path}/tmp`, { recursive: true });
    const writer = await Repository.open(path, { access: "write" });
    Deno.writeTextFileSync(`${path}/tmp/in the making`, "");
    const other = await Repository.open(path, { access: "write" });
    strictEqual([...Deno.readDirSync(`${path}/tmp`)].length, 1);
    const stop = new AbortController();
    const waiting = Repository.open(path, { access: "exclusive", signal: stop.signal });
    setTimeout(() => stop.abort(new Error("stopped")), 20);
    await rejects(waiting);
    other.close();
    const alone = Repository.open(path, { access: "exclusive" });
    setTimeout(() => writer.close(), 20);
    (await alone).close();
    strictEqual([...Deno.readDirSync(`${path}/tmp`)].length, 0);
  });
});

Deno.test("initRepository() leaves nothing behind where it fails", async () => {
  const parent = Deno.makeTempDirSync();
  try {
    const path = `${parent}/a/b`;
    // Where the file system has fs-verity, all of it is there.
    const made = await initRepository(path).then(() => true, (error) => {
      strictEqual(error.code, "UNSUPPORTED");
      return false;
    });
    deepStrictEqual(names(parent), made ? ["a"] : []);
    const other = `${parent}/c`;
    Deno.mkdirSync(other);
    Deno.symlinkSync(parent, `${other}/objects`);
    await rejects(initRepository(other, { isInsecure: true }), { code: "CORRUPT" });
    deepStrictEqual(names(other), ["objects"]);
  } finally {
    Deno.removeSync(parent, { recursive: true });
  }
});

Deno.test("initRepository() forgets nothing where it fails", async () => {
  await withRepositoryPath("sha256", async (path) => {
    await withOpen(path, "write", ({ objects, streams }) => {
      streams.put("one", objects.put(new Uint8Array(9)).id);
    });
    const before = Deno.readTextFileSync(`${path}/meta.json`);
    await rejects(initRepository(path, { isInsecure: true, resetMetadata: true }), {
      code: "EXISTS",
    });
    strictEqual(Deno.readTextFileSync(`${path}/meta.json`), before);
    deepStrictEqual(names(`${path}/streams`), ["one", "refs"]);
  });
});

function names(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
}
