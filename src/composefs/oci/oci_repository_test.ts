import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { digestOf } from "../../oci/digest.ts";
import { collectGarbage } from "../repository/gc.ts";
import type { Repository } from "../repository/repository.ts";
import { withOpen, withRepository, withRepositoryPath } from "../repository/repository_fixture.ts";
import { openStream, writeDocument } from "./document_stream.ts";
import { listOciImages } from "./list_images.ts";
import { checkOciImages, type OciFsckKind } from "./oci_fsck.ts";
import {
  ARTIFACT_BLOBS,
  artifactLayout,
  BASE_LAYER,
  bytesOfText,
  layerOf,
  pullFixture,
  pullLayout,
  TOP_LAYER,
  TWO_LAYERS,
} from "./oci_fixture.ts";
import { SplitstreamWriter } from "../splitstream/splitstream_writer.ts";
import { listTags, openOciImage } from "./oci_image.ts";
import type { PullOciReport } from "./pull.ts";
import { addReferrer, listReferrers, referrerConditions, removeReferrer } from "./referrers.ts";
import { configStream, layerStream, manifestStream, tagOfRef, tagRef } from "./stream_names.ts";
import { tagImage, untagImage } from "./tags.ts";
import { variantImage } from "./variant_image.ts";

const LAYER = layerStream(digestOf(layerOf(BASE_LAYER)));
const NONE = { isBootable: false, isAsIs: false };

Deno.test("tags are encoded so that they are one component, and back", () => {
  for (const tag of ["a", "docker://host:5000/a/b:1", "100%", "%2F", "a%25/b", ".."]) {
    const ref = tagRef(tag);
    strictEqual(ref.split("/").length, 2);
    strictEqual(tagOfRef(ref), tag);
  }
  strictEqual(tagRef("a/b%"), "oci/a%2Fb%25");
  throws(() => tagRef("@sha256:00"), { code: "UNSUPPORTED" });
  throws(() => tagRef(""), { code: "UNSUPPORTED" });
  strictEqual(tagOfRef("other/a"), null);
  for (const ref of ["oci/a%zz", "oci/a%2fb", "oci/a/b", "oci/@a", "oci/"]) {
    strictEqual(tagOfRef(ref), null);
  }
});

Deno.test("images are found by tag and by digest, renamed and forgotten", async () => {
  await withRepository(async (repository) => {
    const { manifestDigest, images } = await pullFixture(repository, TWO_LAYERS);
    tagImage(repository, "test", "other/name:1");
    tagImage(repository, `@${manifestDigest}`, "third");
    untagImage(repository, "test");
    deepStrictEqual(listTags(repository).map(({ tag }) => tag), ["other/name:1", "third"]);
    throws(() => untagImage(repository, "test"), { code: "NOT_FOUND" });
    throws(() => tagImage(repository, "test", "x"), { code: "NOT_FOUND" });
    const image = await openOciImage(repository, `@${manifestDigest}`);
    strictEqual(image.manifestDigest, manifestDigest);
    await rejects(openOciImage(repository, `@sha256:${"0".repeat(64)}`), { code: "NOT_FOUND" });
    const [id] = images.values();
    strictEqual(await variantImage(repository, "third", NONE), id);
    strictEqual(await variantImage(repository, id, NONE), id);
    await rejects(variantImage(repository, "third", { ...NONE, isBootable: true }), {
      code: "NOT_FOUND",
    });
    const [listed] = await listOciImages(repository);
    deepStrictEqual([listed.name, listed.architecture, listed.layerCount], [
      "other/name:1",
      "amd64",
      2,
    ]);
  });
});

Deno.test("an artifact stays with the image it refers to, and goes with it", async () => {
  await withRepositoryPath("sha256", async (path) => {
    const { subject, artifact } = await withOpen(path, "write", async (repository) => {
      const subject = (await pullFixture(repository, TWO_LAYERS)).manifestDigest;
      const artifact = await storeArtifact(repository);
      throws(() => addReferrer(repository, subject, `sha256:${"0".repeat(64)}`), {
        code: "NOT_FOUND",
      });
      addReferrer(repository, subject, artifact);
      deepStrictEqual(listReferrers(repository, subject), [artifact]);
      strictEqual((await listOciImages(repository))[0].referrerCount, 1);
      return { subject, artifact };
    });
    const gc = () =>
      withOpen(
        path,
        "exclusive",
        (repository) => collectGarbage(repository, { conditional: referrerConditions(repository) }),
      );
    strictEqual((await gc()).streamsPruned, 0);
    await withOpen(path, "write", (repository) => untagImage(repository, "test"));
    const report = await gc();
    deepStrictEqual([report.refsPruned, report.objectsRemoved > 0], [1, true]);
    await withOpen(path, "write", (repository) => {
      deepStrictEqual(repository.streams.names(), []);
      strictEqual(removeReferrer(repository, subject, artifact), false);
    });
  });
});

/** Stores a manifest that is no image; answers its digest. */
async function storeArtifact(repository: Repository): Promise<string> {
  const config = new TextEncoder().encode("{}");
  const manifest = new TextEncoder().encode(JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactType: "application/vnd.example",
    config: {
      mediaType: "application/vnd.oci.empty.v1+json",
      digest: digestOf(config),
      size: config.length,
    },
    layers: [],
  }));
  const configObject = await writeDocument(repository, "ociconfg", config, new Map());
  repository.streams.put(configStream(digestOf(config)), configObject);
  const refs = new Map([[`config:${digestOf(config)}`, configObject]]);
  const object = await writeDocument(repository, "ocimanif", manifest, refs);
  repository.streams.put(manifestStream(digestOf(manifest)), object);
  return digestOf(manifest);
}

/** Plants a fault and answers the kinds of what is found of container images, each once. */
async function kindsAfter(
  plant: (repository: Repository, pulled: PullOciReport) => void | Promise<void>,
): Promise<OciFsckKind[]> {
  return await withRepository(async (repository) => {
    const pulled = await pullFixture(repository, TWO_LAYERS);
    await plant(repository, pulled);
    const kinds = new Set<OciFsckKind>();
    await checkOciImages(repository, { onProblem: ({ kind }) => void kinds.add(kind) });
    return [...kinds].sort();
  });
}

Deno.test("a container image as it was pulled has no problems, nor has an artifact", async () => {
  deepStrictEqual(await kindsAfter(() => {}), []);
  deepStrictEqual(await kindsAfter(async (repository) => void await storeArtifact(repository)), []);
});

Deno.test("every damage of a container image is found", async () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const stored = async (
    repository: Repository,
    type: "ocimanif" | "ociconfg",
    text: string,
    refs = new Map<string, string>(),
  ) => await writeDocument(repository, type, bytes(text), refs);
  deepStrictEqual(
    await kindsAfter(async (repository, { manifestDigest }) =>
      repository.streams.put(
        manifestStream(manifestDigest),
        await stored(repository, "ocimanif", "{}"),
      )
    ),
    ["manifest-digest-mismatch"],
  );
  deepStrictEqual(
    await kindsAfter(async (repository) =>
      repository.streams.put(
        manifestStream(digestOf(bytes("{}"))),
        await stored(repository, "ocimanif", "{}"),
      )
    ),
    ["manifest-parse-failed"],
  );
  deepStrictEqual(
    await kindsAfter(({ streams, objects }, { manifestDigest }) =>
      Deno.removeSync(objects.pathOf(streams.objectOf(manifestStream(manifestDigest))!))
    ),
    ["manifest-read-failed"],
  );
  deepStrictEqual(
    await kindsAfter(async (repository, { manifestDigest }) => {
      const image = await openOciImage(repository, "test");
      const text = new TextDecoder().decode(image.manifestBytes);
      repository.streams.put(
        manifestStream(manifestDigest),
        await stored(repository, "ocimanif", text),
      );
    }),
    ["config-ref-missing", "layer-ref-missing"],
  );
  deepStrictEqual(
    await kindsAfter(({ streams }, { configDigest }) => streams.remove(configStream(configDigest))),
    ["config-read-failed"],
  );
  deepStrictEqual(
    await kindsAfter(async (repository, { configDigest }) =>
      repository.streams.put(
        configStream(configDigest),
        await stored(repository, "ociconfg", "{}"),
      )
    ),
    ["config-digest-mismatch"],
  );
  deepStrictEqual(
    await kindsAfter(async (repository, { manifestDigest }) => {
      // Manifest and configuration have the digests that they should, and say nothing of an image.
      const image = await openOciImage(repository, "test");
      const config = digestOf(bytes("no"));
      const manifest = JSON.stringify({
        ...JSON.parse(new TextDecoder().decode(image.manifestBytes)),
        config: { ...image.manifest.config, digest: config, size: 2 },
      });
      const object = await stored(repository, "ociconfg", "no");
      repository.streams.put(configStream(config), object);
      repository.streams.put(
        manifestStream(digestOf(bytes(manifest))),
        await writeDocument(
          repository,
          "ocimanif",
          bytes(manifest),
          new Map([[`config:${config}`, object]]),
        ),
      );
      strictEqual(manifestDigest === digestOf(bytes(manifest)), false);
    }),
    ["config-parse-failed"],
  );
  deepStrictEqual(
    await kindsAfter(({ objects }, { images }) => {
      const path = objects.pathOf([...images.values()][0]);
      Deno.removeSync(path);
      Deno.mkdirSync(path);
    }),
    ["seal-image-missing"],
  );
  deepStrictEqual(
    await kindsAfter(({ streams }) => streams.remove(LAYER)),
    ["layer-stream-missing"],
  );
  deepStrictEqual(
    await kindsAfter(({ streams }) => {
      streams.put(LAYER, streams.objectOf(layerStream(digestOf(layerOf(TOP_LAYER))))!);
    }),
    ["layer-check-failed"],
  );
  deepStrictEqual(
    await kindsAfter(async ({ objects, streams }) => {
      // The same tar in other words.
      const writer = new SplitstreamWriter(objects, "ocilayer");
      writer.writeInline(layerOf(BASE_LAYER));
      streams.put(LAYER, (await writer.end()).id);
    }),
    [],
  );
  deepStrictEqual(
    await kindsAfter(({ objects, streams }) => {
      Deno.truncateSync(objects.pathOf(streams.objectOf(LAYER)!), 10);
    }),
    ["layer-check-failed"],
  );
  deepStrictEqual(
    await kindsAfter(async (repository) => {
      const stream = await openStream(repository, LAYER, "ocilayer");
      Deno.removeSync(repository.objects.pathOf([...stream!.objects()][0]));
    }),
    ["layer-object-missing"],
  );
  deepStrictEqual(
    await kindsAfter(({ objects }, { images }) =>
      Deno.removeSync(objects.pathOf([...images.values()][0]))
    ),
    ["seal-image-missing"],
  );
  deepStrictEqual(
    await kindsAfter(({ streams }) => streams.putRef("oci/tag", "no manifest")),
    ["ref-resolve-failed"],
  );
  deepStrictEqual(
    await kindsAfter(({ streams }) => streams.putRef("oci/a%zz", LAYER)),
    ["invalid-ref-name"],
  );
});

Deno.test("a check of one image reads its objects, unless it shall not", async () => {
  await withRepository(async (repository) => {
    const { images } = await pullFixture(repository, TWO_LAYERS);
    const { objects } = repository;
    const kindsOf = async (metadataOnly: boolean) => {
      const kinds: OciFsckKind[] = [];
      const onProblem = ({ kind }: { kind: OciFsckKind }) => void kinds.push(kind);
      const options = { name: "test", metadataOnly, onProblem };
      strictEqual((await checkOciImages(repository, options)).objectsChecked > 0, !metadataOnly);
      return kinds;
    };
    deepStrictEqual(await kindsOf(false), []);
    const [file] = (await openStream(repository, LAYER, "ocilayer"))!.objects();
    flipByte(objects.pathOf(file));
    deepStrictEqual(await kindsOf(false), ["object-digest-mismatch"]);
    deepStrictEqual(await kindsOf(true), []);
    flipByte(objects.pathOf([...images.values()][0]));
    deepStrictEqual((await kindsOf(false)).slice(0, 2), [
      "object-digest-mismatch",
      "object-digest-mismatch",
    ]);
  });
});

Deno.test("a file in the place of a tag is found, and the images are looked at", async () => {
  await withRepository(async (repository) => {
    await pullFixture(repository, TWO_LAYERS);
    const tag = `${repository.streams.path}/refs/oci/test`;
    Deno.removeSync(tag);
    Deno.writeTextFileSync(tag, "");
    const kinds: OciFsckKind[] = [];
    const onProblem = ({ kind }: { kind: OciFsckKind }) => void kinds.push(kind);
    strictEqual((await checkOciImages(repository, { onProblem })).imagesChecked, 1);
    deepStrictEqual(kinds, ["ref-resolve-failed"]);
  });
});

/** Changes the last byte of a file. */
function flipByte(path: string): void {
  const bytes = Deno.readFileSync(path);
  bytes[bytes.length - 1] ^= 1;
  Deno.writeFileSync(path, bytes);
}

Deno.test("a configuration that is no configuration of the manifest's layers is found", async () => {
  const plant = async (repository: Repository, config: string) => {
    const { manifestBytes, configStream: stream } = await openOciImage(repository, "test");
    const digest = digestOf(bytesOfText(config));
    const manifest = JSON.parse(new TextDecoder().decode(manifestBytes));
    manifest.config = { ...manifest.config, digest, size: config.length };
    const text = bytesOfText(JSON.stringify(manifest));
    const refs = new Map(stream.namedRefs);
    const object = await writeDocument(repository, "ociconfg", bytesOfText(config), refs);
    repository.streams.put(configStream(digest), object);
    refs.set(`config:${digest}`, object);
    const planted = await writeDocument(repository, "ocimanif", text, refs);
    repository.streams.put(manifestStream(digestOf(text)), planted);
  };
  const diffIds = [BASE_LAYER, TOP_LAYER].map((entries) => digestOf(layerOf(entries)));
  const listing = (diff_ids: string[]) => JSON.stringify({ rootfs: { type: "layers", diff_ids } });
  for (const config of ["[]", "1", "null", "[[1]]", "{}", listing(diffIds.slice(1))]) {
    const kinds = await kindsAfter((repository) => plant(repository, config));
    deepStrictEqual(kinds, ["config-parse-failed"], config);
  }
  deepStrictEqual(await kindsAfter((repository) => plant(repository, listing(diffIds))), []);
});

Deno.test("every damage of an artifact is found", async () => {
  const kindsOf = async (
    plant: (repository: Repository, layers: string[], digest: string) => void | Promise<void>,
  ) =>
    await kindsAfter(async (repository) => {
      const { manifestDigest } = await pullLayout(repository, artifactLayout());
      const names = ARTIFACT_BLOBS.map((bytes) => layerStream(digestOf(bytes)));
      await plant(repository, names, manifestDigest);
    });
  deepStrictEqual(await kindsOf(() => {}), []);
  deepStrictEqual(
    await kindsOf(async (repository, _, digest) => {
      const { manifestBytes, manifestStream: stream, manifest } = await openOciImage(
        repository,
        "artifact",
      );
      const refs = new Map(stream.namedRefs);
      refs.delete(manifest.layers[0].digest);
      const object = await writeDocument(repository, "ocimanif", manifestBytes, refs);
      repository.streams.put(manifestStream(digest), object);
    }),
    ["artifact-layer-ref-missing"],
  );
  deepStrictEqual(
    await kindsOf(({ objects, streams }, [layer]) =>
      Deno.removeSync(objects.pathOf(streams.objectOf(layer)!))
    ),
    ["artifact-layer-object-missing"],
  );
  deepStrictEqual(
    await kindsOf(async (repository, [layer]) => {
      const stream = await openStream(repository, layer, "oci_blob");
      Deno.removeSync(repository.objects.pathOf([...stream!.objects()][0]));
    }),
    ["artifact-layer-object-missing"],
  );
  deepStrictEqual(
    await kindsOf(({ objects, streams }, [layer]) =>
      Deno.truncateSync(objects.pathOf(streams.objectOf(layer)!), 10)
    ),
    ["layer-check-failed"],
  );
});
