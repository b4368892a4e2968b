import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { digestOf } from "../../oci/digest.ts";
import type { JsonObject } from "../../source/layout_fixture.ts";
import { blobPath, type LayoutFixture, layoutOf, tagged } from "../../source/layout_fixture.ts";
import { openImage } from "../../transport/open_image.ts";
import { checkRepository } from "../repository/fsck.ts";
import { collectGarbage } from "../repository/gc.ts";
import type { Repository } from "../repository/repository.ts";
import { withOpen, withRepository, withRepositoryPath } from "../repository/repository_fixture.ts";
import { readWhole } from "../splitstream/read_whole.ts";
import { copyOciImage } from "./copy_image.ts";
import { openStream } from "./document_stream.ts";
import { listOciImages } from "./list_images.ts";
import {
  addArtifact,
  ARTIFACT_BLOBS,
  artifactLayout,
  BASE_LAYER,
  layerOf,
  pullLayout,
  TWO_LAYERS,
} from "./oci_fixture.ts";
import { checkOciImages } from "./oci_fsck.ts";
import { diffIdsOf, openOciImage } from "./oci_image.ts";
import { addReferrer, referrerConditions } from "./referrers.ts";
import { repositoryImage } from "./repository_image.ts";
import { layerStream } from "./stream_names.ts";
import { untagImage } from "./tags.ts";
import { variantImage } from "./variant_image.ts";

async function expectClean(repository: Repository): Promise<void> {
  deepStrictEqual((await checkRepository(repository)).problems, []);
  await checkOciImages(repository, {
    onProblem: ({ kind, message }) => strictEqual(message, undefined, kind),
  });
}

async function expectBlobs(repository: Repository): Promise<void> {
  for (const blob of ARTIFACT_BLOBS) {
    const stream = await openStream(repository, layerStream(digestOf(blob)), "oci_blob");
    const bytes: number[] = [];
    await readWhole(stream!, repository.objects, (piece) => void bytes.push(...piece));
    deepStrictEqual(bytes, [...blob]);
  }
}

for (
  const configType of ["application/vnd.oci.empty.v1+json", "application/vnd.cncf.helm.config"]
) {
  for (const config of ["{}", "no JSON"]) {
    Deno.test(`an artifact with the configuration ${config} (${configType}) is kept as it is`, async () => {
      await withRepository(async (repository) => {
        const report = await pullLayout(repository, artifactLayout({ config, configType }));
        deepStrictEqual([...report.images], []);
        deepStrictEqual(report.layers, { count: 3, known: 0 });
        const [listed] = await listOciImages(repository);
        deepStrictEqual([listed.name, listed.isContainer, listed.layerCount, listed.architecture], [
          "artifact",
          false,
          3,
          "",
        ]);
        const artifact = await openOciImage(repository, "artifact");
        strictEqual(new TextDecoder().decode(artifact.configBytes), config);
        await expectBlobs(repository);
        await expectClean(repository);
        deepStrictEqual(
          (await pullLayout(repository, artifactLayout({ config, configType }))).layers,
          {
            count: 3,
            known: 3,
          },
        );
      });
    });
  }
}

Deno.test("no image can be made of an artifact, and the error says what it is", async () => {
  await withRepository(async (repository) => {
    const message = /is an artifact/;
    const options = [{ isBootable: true }, { expectedDigest: "0".repeat(64) }];
    for (const option of options) {
      await rejects(pullLayout(repository, artifactLayout(), option), {
        code: "UNSUPPORTED",
        message,
      });
    }
    await pullLayout(repository, artifactLayout());
    const refused = { code: "UNSUPPORTED", message };
    const variant = { isBootable: false, isAsIs: false };
    await rejects(variantImage(repository, "artifact", variant), refused);
    await rejects(repositoryImage(`${repository.path}:artifact`), refused);
    const artifact = await openOciImage(repository, "artifact");
    await rejects(async () => await Promise.resolve(diffIdsOf(artifact)), refused);
  });
});

Deno.test("a blob that is another one leaves nothing behind but objects", async () => {
  await withRepository(async (repository) => {
    const layout = artifactLayout();
    const wrong = new Uint8Array(ARTIFACT_BLOBS[0]);
    wrong[0] ^= 1;
    layout.files.set(blobPath(digestOf(ARTIFACT_BLOBS[0])), wrong);
    await rejects(pullLayout(repository, layout), { code: "DIGEST_MISMATCH" });
    deepStrictEqual(repository.streams.names(), []);
    deepStrictEqual([...Deno.readDirSync(`${repository.path}/tmp`)], []);
    deepStrictEqual(repository.objects.counts.newObjects, 0);
  });
});

Deno.test("an image is meant before artifacts, and an artifact by its tag or digest", async () => {
  const layout = layoutOf(TWO_LAYERS);
  const [image] = readIndex(layout);
  const artifact = addArtifact(layout);
  const other = addArtifact(layout, { blobs: [] });
  const index = [image, tagged(artifact, "signed"), tagged(other, "empty")];
  await withRepository(async (repository) => {
    layout.setIndex(index);
    const isContainer = async (place: string) => {
      await pullLayout(repository, layout, {}, place);
      return (await openOciImage(repository, "artifact")).config !== null;
    };
    strictEqual(await isContainer(""), true);
    strictEqual(await isContainer(":signed"), false);
    strictEqual(await isContainer(`@${other.digest}`), false);
    layout.setIndex(index.slice(1));
    await rejects(isContainer(""), {
      code: "AMBIGUOUS",
      message: /2 artifacts[^]*signed[^]*empty/,
    });
  });
});

function readIndex(layout: LayoutFixture): JsonObject[] {
  return JSON.parse(new TextDecoder().decode(layout.files.get("index.json"))).manifests;
}

Deno.test("artifacts beside a chosen image are remarked on, and a chosen one is not", async () => {
  const layout = layoutOf(TWO_LAYERS);
  layout.setIndex([...readIndex(layout), tagged(addArtifact(layout), "signed")]);
  const directory = layout.writeDirectory(Deno.makeTempDirSync());
  try {
    const codes = async (place: string, withArtifacts: boolean) => {
      const image = await openImage(`oci:${directory}${place}`, {
        platform: "linux/amd64",
        withArtifacts,
      });
      await image.close();
      return image.notices.map(({ code }) => code);
    };
    deepStrictEqual(await codes("", false), ["IMAGE_SKIPPED"]);
    deepStrictEqual(await codes("", true), ["IMAGE_SKIPPED"]);
    deepStrictEqual(await codes(":signed", true), []);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("an artifact is no image for a conversion", async () => {
  const directory = artifactLayout().writeDirectory(Deno.makeTempDirSync());
  try {
    await rejects(openImage(`oci:${directory}:latest`), {
      code: "UNSUPPORTED",
      message: /its parts are not those of an image/,
    });
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("an artifact is copied, untagged and collected", async () => {
  await withRepositoryPath("sha256", async (from) => {
    await withRepositoryPath("sha512", async (to) => {
      const digest = await withOpen(from, "write", async (repository) => {
        const { manifestDigest } = await pullLayout(repository, artifactLayout());
        for (const byLink of [false, true]) {
          await withOpen(to, "write", async (target) => {
            const options = { tag: "copied", byLink };
            const { images } = await copyOciImage(repository, target, "artifact", options);
            strictEqual(images.size, 0);
            await expectBlobs(target);
            await expectClean(target);
          });
        }
        return manifestDigest;
      });
      const gc = () => withOpen(to, "exclusive", (repository) => collectGarbage(repository));
      strictEqual((await gc()).objectsRemoved, 0);
      await withOpen(to, "write", (repository) => untagImage(repository, "copied"));
      await gc();
      await withOpen(to, "write", async (repository) => {
        deepStrictEqual(repository.streams.names(), []);
        await rejects(openOciImage(repository, `@${digest}`), { code: "NOT_FOUND" });
      });
    });
  });
});

Deno.test("an artifact that refers to an image stays with it", async () => {
  await withRepositoryPath("sha256", async (path) => {
    await withOpen(path, "write", async (repository) => {
      const image = await pullLayout(repository, layoutOf(TWO_LAYERS), { tag: "image" });
      const artifact = await pullLayout(repository, artifactLayout(), { tag: null });
      addReferrer(repository, image.manifestDigest, artifact.manifestDigest);
    });
    await withOpen(
      path,
      "exclusive",
      (repository) => collectGarbage(repository, { conditional: referrerConditions(repository) }),
    );
    await withOpen(path, "read", expectBlobs);
  });
});

Deno.test("a layer of an image serves as a blob with the same digest, and the other way round", async () => {
  const tar = layerOf(BASE_LAYER);
  const artifact = () => artifactLayout({ blobs: [tar] });
  const image = () => layoutOf({ layers: [{ tar }] });
  for (const layouts of [[artifact, image], [image, artifact]]) {
    await withRepository(async (repository) => {
      for (const [i, layout] of layouts.entries()) {
        await pullLayout(repository, layout(), { tag: `${i}` });
      }
      await expectClean(repository);
    });
  }
});

Deno.test("large blobs are stored the same by workers, and only if they are the ones", async () => {
  const blobs = [1, 2, 3].map((i) => new Uint8Array(500_000 + i).fill(i));
  const seen: unknown[] = [];
  for (const workers of [0, 1, 2]) {
    await withRepository(async (repository) => {
      await pullLayout(repository, artifactLayout({ blobs: blobs.slice(1) }), { workers });
      const { layers } = await pullLayout(repository, artifactLayout({ blobs }), { workers });
      deepStrictEqual(layers, { count: 3, known: 2 });
      await expectClean(repository);
      const { streams, objects } = repository;
      const links = streams.names().map((name) => [name, streams.objectOf(name)]);
      seen.push([links, { ...objects.counts }]);
      const wrong = artifactLayout({ blobs: [new Uint8Array(600_000)] });
      wrong.files.set(blobPath(digestOf(new Uint8Array(600_000))), new Uint8Array(600_000).fill(1));
      await rejects(pullLayout(repository, wrong, { workers }), {
        code: "DIGEST_MISMATCH",
      });
    });
  }
  deepStrictEqual(seen[1], seen[0]);
  deepStrictEqual(seen[2], seen[0]);
});
