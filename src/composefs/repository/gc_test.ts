import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { FixtureImage } from "../../source/layout_fixture.ts";
import { layerOf, pullFixture, TWO_LAYERS } from "../oci/oci_fixture.ts";
import { SplitstreamWriter } from "../splitstream/splitstream_writer.ts";
import { checkRepository } from "./fsck.ts";
import { collectGarbage, type GarbageOptions, type GarbageReport } from "./gc.ts";
import type { ObjectId } from "./object_id.ts";
import type { Repository } from "./repository.ts";
import { withOpen, withRepositoryPath } from "./repository_fixture.ts";

const NOTHING: GarbageReport = {
  objectsRemoved: 0,
  objectsBytes: 0,
  imagesPruned: 0,
  streamsPruned: 0,
  refsPruned: 0,
};
const ONE_LAYER: FixtureImage = { layers: [TWO_LAYERS.layers![0]] };

async function gc(path: string, options: GarbageOptions = {}): Promise<GarbageReport> {
  return await withOpen(path, "exclusive", async (repository) => {
    const report = await collectGarbage(repository, options);
    deepStrictEqual((await checkRepository(repository)).problems, []);
    return report;
  });
}

/** Stores a stream of an object with `size` bytes and references to others. */
async function putStream(
  repository: Repository,
  name: string,
  size: number,
  refs: readonly ObjectId[] = [],
): Promise<ObjectId> {
  const writer = new SplitstreamWriter(repository.objects, "oci_blob");
  const object = repository.objects.put(new Uint8Array(size));
  writer.writeObject(object.id, size);
  refs.forEach((ref, i) => writer.addNamedRef(`ref ${i}`, ref));
  const { id } = await writer.end();
  repository.streams.put(name, id);
  return id;
}

Deno.test("gc of an empty repository removes nothing", async () => {
  await withRepositoryPath("sha256", async (path) => deepStrictEqual(await gc(path), NOTHING));
});

Deno.test("gc keeps what tags lead to, and shared objects as long as one needs them", async () => {
  await withRepositoryPath("sha512", async (path) => {
    await withOpen(path, "write", async (repository) => {
      await pullFixture(repository, ONE_LAYER, { tag: "one" });
      await pullFixture(repository, TWO_LAYERS, { tag: "two" });
      await pullFixture(repository, TWO_LAYERS, { tag: "again" });
    });
    deepStrictEqual(await gc(path), NOTHING);
    await withOpen(path, "write", ({ streams }) => streams.removeRef("oci/two"));
    deepStrictEqual(await gc(path), NOTHING);
    await withOpen(path, "write", ({ streams }) => streams.removeRef("oci/again"));
    const dry = await gc(path, { dryRun: true });
    // Its manifest, configuration and upper layer; of the objects: their streams and contents, the
    // image, and the two files of the upper layer.
    strictEqual(dry.streamsPruned, 3);
    strictEqual(dry.imagesPruned, 1);
    strictEqual(dry.objectsRemoved, 3 + 2 + 1 + 2);
    deepStrictEqual(await gc(path), dry);
    deepStrictEqual(await gc(path), NOTHING);
    await withOpen(path, "write", async (repository) => {
      const { layers } = await pullFixture(repository, TWO_LAYERS, { tag: "two" });
      strictEqual(layers.known, 1);
    });
    await withOpen(path, "write", ({ streams }) => {
      streams.removeRef("oci/one");
      streams.removeRef("oci/two");
    });
    await gc(path);
    await withOpen(path, "read", ({ streams, images, objects }) => {
      deepStrictEqual([streams.names(), images.names()], [[], []]);
      const left = [...Deno.readDirSync(objects.directory)]
        .flatMap(({ name }) => [...Deno.readDirSync(`${objects.directory}/${name}`)]);
      deepStrictEqual(left, []);
    });
  });
});

Deno.test("gc follows references of streams, however deep", async () => {
  await withRepositoryPath("sha256", async (path) => {
    await withOpen(path, "write", async (repository) => {
      let last: ObjectId[] = [];
      for (let i = 0; i < 20; i++) last = [await putStream(repository, `s${i}`, 1000 + i, last)];
      await putStream(repository, "unrelated", 5);
      repository.streams.putRef("deep/er/name", "s19");
    });
    const { streamsPruned, objectsRemoved } = await gc(path);
    deepStrictEqual([streamsPruned, objectsRemoved], [1, 2]);
  });
});

Deno.test("gc follows streams and images that another image has as files", async () => {
  await withRepositoryPath("sha256", async (path) => {
    await withOpen(path, "write", async (repository) => {
      await pullFixture(repository, ONE_LAYER, { tag: "b" });
      const { images, objects, streams } = repository;
      const links = [...images.names(), ...streams.names()];
      const files = links.map((name) => {
        const id = (name.startsWith("oci-") ? streams : images).objectOf(name)!;
        return { path: `usr/${name}`, body: Deno.readFileSync(objects.pathOf(id)) };
      });
      const layer = layerOf([{ path: "usr/", type: "5" }, ...files]);
      // This tag is followed first.
      await pullFixture(repository, { layers: [{ tar: layer }] }, { tag: "a" });
    });
    deepStrictEqual(await gc(path), NOTHING);
    await withOpen(path, "write", ({ streams }) => streams.removeRef("oci/b"));
    // Names of what is left as the content of files lead to nothing whole.
    const { streamsPruned, imagesPruned } = await gc(path);
    deepStrictEqual([streamsPruned, imagesPruned], [3, 1]);
    await withOpen(path, "write", ({ streams }) => streams.removeRef("oci/a"));
    await gc(path);
    await withOpen(path, "read", ({ streams }) => deepStrictEqual(streams.names(), []));
  });
});

Deno.test("gc keeps what further roots name, and refuses those that are not there", async () => {
  await withRepositoryPath("sha256", async (path) => {
    const image = await withOpen(path, "write", async (repository) => {
      await putStream(repository, "kept", 10);
      await putStream(repository, "lost", 11);
      const { images } = await pullFixture(repository, ONE_LAYER, { tag: null });
      return [...images.values()][0];
    });
    await rejects(gc(path, { roots: ["none"] }), { code: "NOT_FOUND" });
    await gc(path, { roots: ["kept", image] });
    await withOpen(path, "read", ({ streams, images }) => {
      deepStrictEqual(streams.names(), ["kept"]);
      deepStrictEqual(images.names(), [image]);
    });
  });
});

Deno.test("gc prunes names that lead nowhere", async () => {
  await withRepositoryPath("sha256", async (path) => {
    await withOpen(path, "write", async (repository) => {
      const id = await putStream(repository, "gone", 10);
      repository.streams.putRef("tag", "gone");
      repository.streams.putRef("wild", "never was");
      Deno.removeSync(repository.objects.pathOf(id));
    });
    const report = await gc(path);
    deepStrictEqual([report.streamsPruned, report.refsPruned], [1, 2]);
  });
});

Deno.test("gc leaves and does not count what is no link and no object", async () => {
  await withRepositoryPath("sha256", async (path) => {
    const id = "ab".repeat(32);
    const foreign = [`objects/ab/${id.slice(2)}/file`, `images/${id}/file`, "streams/s/file"];
    for (const name of foreign) {
      Deno.mkdirSync(`${path}/${name}`.replace("/file", ""), { recursive: true });
      Deno.writeTextFileSync(`${path}/${name}`, "");
    }
    Deno.writeTextFileSync(`${path}/streams/file`, "");
    const report = await withOpen(path, "exclusive", (it) => collectGarbage(it));
    deepStrictEqual(report, NOTHING);
    for (const name of [...foreign, "streams/file"]) Deno.statSync(`${path}/${name}`);
  });
});

Deno.test("gc removes nothing where a name is no UTF-8", async () => {
  for (const name of ["\\377", "directory\\377/name"]) {
    await withRepositoryPath("sha256", async (path) => {
      await withOpen(path, "write", (repository) => putStream(repository, "kept", 10));
      const script = `cd "$0"; name="$(printf '${name}')"; mkdir -p "$(dirname "$name")"; ` +
        'ln -s kept "$name"';
      const args = ["-c", script, `${path}/streams/refs`];
      strictEqual(new Deno.Command("sh", { args }).outputSync().success, true);
      await rejects(gc(path), { code: "UNSAFE_PATH" });
      await withOpen(path, "read", ({ streams }) => deepStrictEqual(streams.names(), ["kept"]));
    });
  }
});

Deno.test("gc removes nothing where it cannot read what it keeps", async () => {
  await withRepositoryPath("sha256", async (path) => {
    await withOpen(path, "write", async (repository) => {
      const id = await putStream(repository, "damaged", 10);
      repository.streams.putRef("tag", "damaged");
      await putStream(repository, "dead", 11);
      const file = repository.objects.pathOf(id);
      const bytes = Deno.readFileSync(file);
      bytes[bytes.length - 1] ^= 1;
      Deno.writeFileSync(file, bytes);
    });
    await rejects(
      withOpen(path, "exclusive", (repository) => collectGarbage(repository)),
      { code: "DIGEST_MISMATCH" },
    );
    await withOpen(path, "read", ({ streams }) => deepStrictEqual(streams.names().length, 2));
  });
});

Deno.test("gc keeps what a conditional name leads to as long as its stream stays", async () => {
  await withRepositoryPath("sha256", async (path) => {
    await withOpen(path, "write", async (repository) => {
      await putStream(repository, "subject", 10);
      await putStream(repository, "artifact", 11);
      await putStream(repository, "artifact of artifact", 12);
      repository.streams.putRef("tag", "subject");
      repository.streams.putRef("of/subject", "artifact");
      repository.streams.putRef("of/artifact", "artifact of artifact");
    });
    const conditional = [
      { ref: "of/artifact", stream: "artifact" },
      { ref: "of/subject", stream: "subject" },
    ];
    deepStrictEqual(await gc(path, { conditional }), NOTHING);
    await withOpen(path, "write", ({ streams }) => streams.removeRef("tag"));
    const report = await gc(path, { conditional });
    deepStrictEqual([report.streamsPruned, report.refsPruned], [3, 2]);
  });
});
