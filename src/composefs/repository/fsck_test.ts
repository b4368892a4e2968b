import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ImageError } from "../../image_error.ts";
import { digestOf } from "../../oci/digest.ts";
import { BASE_LAYER, layerOf, pullFixture, TWO_LAYERS } from "../oci/oci_fixture.ts";
import { configStream, layerStream, manifestStream } from "../oci/stream_names.ts";
import type { PullOciReport } from "../oci/pull.ts";
import { openStream } from "../oci/document_stream.ts";
import { checkRepository, type FsckKind, type FsckOptions } from "./fsck.ts";
import { ObjectStore } from "./object_store.ts";
import type { Repository } from "./repository.ts";
import { withRepository } from "./repository_fixture.ts";

const LAYER = layerStream(digestOf(layerOf(BASE_LAYER)));

/** Plants a fault and answers the kinds of what is found, each once. */
async function kindsAfter(
  plant: (repository: Repository, pulled: PullOciReport) => void | Promise<void>,
  options: FsckOptions = {},
): Promise<FsckKind[]> {
  return await withRepository(async (repository) => {
    const pulled = await pullFixture(repository, TWO_LAYERS);
    await plant(repository, pulled);
    const { problems } = await checkRepository(repository, options);
    return [...new Set(problems.map(({ kind }) => kind))].sort();
  });
}

/** The largest object: the content of a file. */
async function someObject(repository: Repository): Promise<string> {
  const stream = await openStream(repository, LAYER, "ocilayer");
  return [...stream!.objects()][0];
}

function flip(path: string, at = -1): void {
  const bytes = Deno.readFileSync(path);
  bytes[(at + bytes.length) % bytes.length] ^= 1;
  Deno.writeFileSync(path, bytes);
}

Deno.test("a repository as it was made has no problems, and all of it is looked at", async () => {
  await withRepository(async (repository) => {
    await pullFixture(repository, TWO_LAYERS);
    const report = await checkRepository(repository);
    deepStrictEqual(report.problems, []);
    // Streams and contents of manifest and configuration, two layers, four files, an image.
    strictEqual(report.objectsChecked, 4 + 2 + 4 + 1);
    deepStrictEqual(
      [report.streamsChecked, report.imagesChecked, report.refsChecked],
      [4, 1, 1],
    );
    strictEqual((await checkRepository(repository, { metadataOnly: true })).objectsChecked, 0);
  });
});

Deno.test("every damage of objects is found", async () => {
  deepStrictEqual(
    await kindsAfter(async (repository) =>
      flip(repository.objects.pathOf(await someObject(repository)))
    ),
    ["object-digest-mismatch"],
  );
  deepStrictEqual(
    await kindsAfter(
      async (repository) => flip(repository.objects.pathOf(await someObject(repository))),
      { metadataOnly: true },
    ),
    [],
  );
  deepStrictEqual(
    await kindsAfter(async (repository) =>
      Deno.truncateSync(repository.objects.pathOf(await someObject(repository)), 10)
    ),
    ["object-digest-mismatch", "stream-read-failed"],
  );
  deepStrictEqual(
    await kindsAfter(({ objects }) => Deno.writeTextFileSync(`${objects.directory}/readme`, "")),
    ["object-invalid-name"],
  );
  deepStrictEqual(
    await kindsAfter(async (repository) => {
      const path = repository.objects.pathOf(await someObject(repository));
      Deno.writeTextFileSync(`${path.slice(0, -1)}`, "");
    }),
    ["object-invalid-name"],
  );
  deepStrictEqual(
    await kindsAfter(async (repository) => {
      const path = repository.objects.pathOf(await someObject(repository));
      Deno.removeSync(path);
      Deno.mkdirSync(path);
    }),
    ["object-check-failed", "object-open-failed", "stream-read-failed"],
  );
  deepStrictEqual(
    await kindsAfter(({ objects }) => {
      Deno.mkdirSync(`${objects.directory}/aa`, { recursive: true });
      Deno.writeTextFileSync(`${objects.directory}/aa/${"b".repeat(126)}`, "");
    }),
    ["metadata-algorithm-mismatch", "object-invalid-name"],
  );
});

Deno.test("every damage of streams is found", async () => {
  deepStrictEqual(
    await kindsAfter(({ objects, streams }) => flip(objects.pathOf(streams.objectOf(LAYER)!), 0)),
    ["object-digest-mismatch", "stream-open-failed"],
  );
  deepStrictEqual(
    await kindsAfter(async (repository) =>
      Deno.removeSync(repository.objects.pathOf(await someObject(repository)))
    ),
    ["image-missing-object", "missing-object-ref"],
  );
  deepStrictEqual(
    await kindsAfter(({ objects, streams }, { configDigest }) =>
      Deno.removeSync(objects.pathOf(streams.objectOf(configStream(configDigest))!))
    ),
    ["broken-symlink", "missing-named-ref"],
  );
  deepStrictEqual(
    await kindsAfter(({ objects, streams }) => {
      const { id } = objects.put(new TextEncoder().encode("this is not a stream, not at all"));
      streams.put("other", id);
    }),
    ["stream-open-failed"],
  );
  deepStrictEqual(
    await kindsAfter(({ objects, streams }) => {
      // A stream that says that it holds more than it does.
      const bytes = objects.read(streams.objectOf(LAYER)!, 1e6);
      new DataView(bytes.buffer).setBigUint64(32 + 72, 1n << 40n, true);
      streams.put("other", objects.put(bytes).id);
    }),
    ["stream-read-failed"],
  );
});

Deno.test("every damage of links is found", async () => {
  deepStrictEqual(
    await kindsAfter(({ streams }) => Deno.writeTextFileSync(`${streams.path}/file`, "")),
    ["entry-not-symlink"],
  );
  deepStrictEqual(
    await kindsAfter(({ streams }) => Deno.symlinkSync("/etc/passwd", `${streams.path}/evil`)),
    ["broken-symlink"],
  );
  deepStrictEqual(
    await kindsAfter(({ streams }) => Deno.writeTextFileSync(`${streams.path}/refs/oci/f`, "")),
    ["entry-not-symlink"],
  );
  deepStrictEqual(
    await kindsAfter(({ streams }) => streams.putRef("oci/lost", "nothing")),
    ["broken-symlink"],
  );
  deepStrictEqual(
    await kindsAfter(({ streams }, { manifestDigest }) =>
      Deno.removeSync(`${streams.path}/${manifestStream(manifestDigest)}`)
    ),
    ["broken-symlink"],
  );
  deepStrictEqual(
    await kindsAfter(({ objects, streams }) => {
      const id = "ab".repeat(32);
      Deno.mkdirSync(objects.pathOf(id), { recursive: true });
      streams.put("directory", id);
    }),
    ["object-open-failed", "unexpected-file-type"],
  );
});

Deno.test("every damage of images is found", async () => {
  deepStrictEqual(
    await kindsAfter(({ objects }, { images }) =>
      flip(objects.pathOf([...images.values()][0]), 1024)
    ),
    ["image-invalid", "object-digest-mismatch"],
  );
  deepStrictEqual(
    await kindsAfter(({ objects, images }) => {
      const { id } = objects.put(new TextEncoder().encode("no image"));
      images.put(id, id);
    }),
    ["image-invalid"],
  );
  deepStrictEqual(
    await kindsAfter(({ images }, pulled) => {
      images.put("ab".repeat(32), [...pulled.images.values()][0]);
    }),
    ["image-invalid"],
  );
});

Deno.test("damaged metadata is found", async () => {
  deepStrictEqual(
    await kindsAfter(({ path }) => Deno.writeTextFileSync(`${path}/meta.json`, "{")),
    ["metadata-parse-failed"],
  );
});

const denied = () => {
  throw new ImageError("PERMISSION", "Cannot read object: not for you");
};

Deno.test("what the system refuses is found, and the rest is looked at", async () => {
  deepStrictEqual(
    await kindsAfter(({ objects, streams }) => {
      // A file stands where a directory of objects should.
      Deno.writeTextFileSync(`${objects.directory}/ab`, "");
      streams.put("lost", "ab".repeat(32));
    }),
    ["object-invalid-name", "stat-failed"],
  );
  // Root may open everything, so what the system would say is put in its place.
  deepStrictEqual(
    await kindsAfter(({ objects }, { images }) => {
      const [image] = images.values();
      const open = objects.open.bind(objects);
      objects.open = (id) => id === image ? denied() : open(id);
    }),
    ["image-open-failed"],
  );
  deepStrictEqual(
    await kindsAfter(({ objects }, { images }) => {
      const [image] = images.values();
      const open = objects.open.bind(objects);
      objects.open = (id) => {
        const source = open(id);
        if (id !== image) return source;
        const { name, size } = source;
        return { name, size, read: denied, close: () => source.close() };
      };
    }, { metadataOnly: true }),
    ["image-read-failed"],
  );
});

Deno.test({
  name: "objects without fs-verity are found in a repository that has it",
  ignore: Deno.build.os !== "linux",
}, async () => {
  const secure = { value: true };
  deepStrictEqual(
    await kindsAfter((repository) => void Object.defineProperty(repository, "isSecure", secure)),
    ["object-verity-missing"],
  );
  deepStrictEqual(
    await kindsAfter((repository) => {
      Object.defineProperty(repository, "isSecure", secure);
      const { objects } = repository;
      // They vanish when their bytes have been read.
      const { measure, pathOf } = ObjectStore.prototype;
      objects.measure = (id) => {
        objects.pathOf = pathOf;
        const digest = measure.call(objects, id);
        objects.pathOf = (id) => `${pathOf.call(objects, id)}.gone`;
        return digest;
      };
    }),
    ["broken-symlink", "object-verity-failed"],
  );
});
