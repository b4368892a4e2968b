import { deepStrictEqual, notStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { digestOf } from "../../oci/digest.ts";
import type { TarEntryInit } from "../../layer/tar/tar_fixture.ts";
import type { FixtureImage } from "../../source/layout_fixture.ts";
import { walk } from "../../tree/file_tree.ts";
import { initRepository } from "../repository/init_repository.ts";
import { readStoredImage } from "../repository/image_objects.ts";
import { checkRepository } from "../repository/fsck.ts";
import type { RepositoryProgress } from "../repository/progress.ts";
import type { Repository } from "../repository/repository.ts";
import { imageDigest } from "../repository/store_image.ts";
import { withOpen, withRepository, withRepositoryPath } from "../repository/repository_fixture.ts";
import { readWhole } from "../splitstream/read_whole.ts";
import { openStream } from "./document_stream.ts";
import { labelOf, policyFiles } from "../selinux/policy_fixture.ts";
import { mergedTree, transformTree } from "./image_tree.ts";
import { diffIdsOf, imagesOf, listTags, openOciImage } from "./oci_image.ts";
import {
  BASE_LAYER,
  layerOf,
  pullFixture,
  TOP_LAYER,
  TWO_LAYERS,
  withImage,
} from "./oci_fixture.ts";
import { pullOciImage } from "./pull.ts";
import { layerStream, manifestStream } from "./stream_names.ts";
import { variantImage } from "./variant_image.ts";

function pathsOf(repository: Repository, id: string): string[] {
  const { tree } = readStoredImage(repository.objects, id);
  return [...walk(tree)].map(({ path }) => path);
}

async function expectClean(repository: Repository): Promise<void> {
  const { problems } = await checkRepository(repository);
  deepStrictEqual(problems, []);
}

Deno.test("a pulled image is a verified tree of objects, and its layers are what they were", async () => {
  for (const algorithm of ["sha256", "sha512"] as const) {
    await withRepository(async (repository) => {
      const report = await pullFixture(repository, TWO_LAYERS);
      strictEqual(report.layers.known, 0);
      const image = await openOciImage(repository, "test");
      strictEqual(image.manifestDigest, report.manifestDigest);
      deepStrictEqual([...imagesOf(image)], [...report.images]);
      deepStrictEqual([...report.images.keys()], ["composefs.image.v1"]);
      deepStrictEqual(pathsOf(repository, [...report.images.values()][0]), [
        "",
        "etc",
        "etc/new",
        "lib",
        "run",
        "usr",
        "usr/bin",
        "usr/bin/alias",
        "usr/bin/large",
        "usr/bin/medium",
        "usr/bin/small",
      ]);
      for (const entries of [BASE_LAYER, TOP_LAYER]) {
        const tar = layerOf(entries);
        const stream = await openStream(repository, layerStream(digestOf(tar)), "ocilayer");
        const hash = createHash("sha256");
        await readWhole(stream!, repository.objects, (bytes) => void hash.update(bytes));
        strictEqual(`sha256:${hash.digest("hex")}`, digestOf(tar));
      }
      await expectClean(repository);
    }, algorithm);
  }
});

Deno.test("the root of an image has the metadata of /usr, and as it is its own", async () => {
  await withRepository(async (repository) => {
    const usual = await pullFixture(repository, TWO_LAYERS);
    const [id] = usual.images.values();
    const { root } = readStoredImage(repository.objects, id).tree;
    strictEqual(root.mtimeSeconds, 1_700_000_000);
    strictEqual(root.children!.get("run")!.mtimeSeconds, 1_700_000_000);
    const faithful = await pullFixture(repository, TWO_LAYERS, { isAsIs: true });
    const [name, other] = [...faithful.images][0];
    strictEqual(name, "composefs.image.v1.as-is");
    strictEqual(pathsOf(repository, other).includes("run/pid"), true);
    // Both forms stay known.
    strictEqual(imagesOf(await openOciImage(repository, "test")).size, 2);
    await expectClean(repository);
  });
});

Deno.test("an image without /usr is refused, and taken as it is", async () => {
  const scratch: FixtureImage = { layers: [{ tar: layerOf([{ path: "hello", body: "world" }]) }] };
  await withRepository(async (repository) => {
    await rejects(pullFixture(repository, scratch), { code: "UNSUPPORTED", message: /\/usr/ });
    const { images } = await pullFixture(repository, scratch, { isAsIs: true });
    deepStrictEqual(pathsOf(repository, [...images.values()][0]), ["", "hello"]);
  });
});

Deno.test("a second pull reads no layer and stores nothing", async () => {
  await withRepository(async (repository) => {
    const first = await pullFixture(repository, TWO_LAYERS);
    const before = { ...repository.objects.counts };
    const events: RepositoryProgress[] = [];
    const second = await pullFixture(repository, TWO_LAYERS, {
      onProgress: (event) => events.push(event),
    });
    strictEqual(second.layers.known, 2);
    strictEqual(repository.objects.counts.newObjects, before.newObjects);
    deepStrictEqual(second.images, first.images);
    deepStrictEqual(events.map(({ kind }) => kind), ["skipped", "skipped"]);
  });
});

Deno.test("images that share a layer store it once", async () => {
  await withRepository(async (repository) => {
    await pullFixture(repository, { layers: [TWO_LAYERS.layers![0]] }, { tag: "one" });
    const report = await pullFixture(repository, TWO_LAYERS, { tag: "two" });
    strictEqual(report.layers.known, 1);
    deepStrictEqual(listTags(repository).map(({ tag }) => tag), ["one", "two"]);
    await expectClean(repository);
  });
});

Deno.test("workers decode to the same repository", async () => {
  const ids: unknown[] = [];
  for (const workers of [0, 2]) {
    await withRepository(async (repository) => {
      const { images } = await pullFixture(repository, TWO_LAYERS, { workers });
      ids.push([...images], repository.streams.names());
    });
  }
  deepStrictEqual(ids[0], ids[2]);
  deepStrictEqual(ids[1], ids[3]);
});

Deno.test("nothing is stored under a digest that its bytes do not have", async () => {
  const tar = layerOf(BASE_LAYER);
  const other = layerOf(TOP_LAYER);
  const lying: FixtureImage[] = [
    // The configuration says that the layer is another.
    { layers: [{ tar }], config: { rootfs: { type: "layers", diff_ids: [digestOf(other)] } } },
    // The manifest does.
    { layers: [{ tar, descriptor: { digest: digestOf(other), size: tar.length } }] },
  ];
  for (const fixture of lying) {
    await withRepository(async (repository) => {
      await rejects(
        pullFixture(repository, fixture),
        (error: Error & { code?: string }) =>
          error.code === "DIGEST_MISMATCH" || error.code === "NOT_FOUND",
      );
      deepStrictEqual(repository.streams.names(), []);
      deepStrictEqual(repository.images.names(), []);
      strictEqual([...Deno.readDirSync(`${repository.path}/tmp`)].length, 0);
    });
  }
});

Deno.test("a damaged layer of a repository is stored again", async () => {
  await withRepository(async (repository) => {
    await pullFixture(repository, TWO_LAYERS);
    const name = layerStream(digestOf(layerOf(BASE_LAYER)));
    const stream = await openStream(repository, name, "ocilayer");
    const [id] = stream!.objects();
    Deno.removeSync(repository.objects.pathOf(id));
    Deno.truncateSync(
      repository.objects.pathOf(
        repository.streams.objectOf(layerStream(digestOf(layerOf(TOP_LAYER))))!,
      ),
      20,
    );
    const report = await pullFixture(repository, TWO_LAYERS);
    strictEqual(report.layers.known, 0);
    await expectClean(repository);
  });
});

Deno.test("streams, documents and images whose bytes were changed are stored again", async () => {
  await withRepository(async (repository) => {
    const { images, manifestDigest } = await pullFixture(repository, TWO_LAYERS);
    const { objects, streams } = repository;
    const manifest = await openOciImage(repository, "test");
    const damaged = [
      ...images.values(),
      streams.objectOf(manifestStream(manifestDigest))!,
      ...manifest.manifestStream.objects(),
      streams.objectOf(layerStream(digestOf(layerOf(BASE_LAYER))))!,
    ];
    for (const id of damaged) {
      const bytes = Deno.readFileSync(objects.pathOf(id));
      bytes[bytes.length >> 1] ^= 1;
      Deno.writeFileSync(objects.pathOf(id), bytes);
    }
    await pullFixture(repository, TWO_LAYERS);
    await expectClean(repository);
  });
});

Deno.test("an expected digest finds the form of the image that has it", async () => {
  const fixture: FixtureImage = {
    layers: [{
      tar: layerOf([
        ...BASE_LAYER,
        { path: "etc/attr", body: "x", pax: [["SCHILY.xattr.user.a", "b"]] },
      ]),
    }],
  };
  let expected = "";
  await withRepository(async (repository) => {
    const { images } = await pullFixture(repository, fixture, { isAsIs: true });
    expected = [...images.values()][0];
  });
  await withRepository(async (repository) => {
    const report = await pullFixture(repository, fixture, { expectedDigest: expected });
    deepStrictEqual([...report.images].map(([name]) => name), [
      "composefs.image.v1",
      "composefs.image.v1.as-is",
    ]);
    notStrictEqual([...report.images.values()][0], expected);
    await rejects(pullFixture(repository, fixture, { expectedDigest: "00".repeat(32) }), {
      code: "DIGEST_MISMATCH",
    });
    await rejects(pullFixture(repository, fixture, { expectedDigest: "no digest" }), {
      code: "UNSUPPORTED",
    });
  });
});

Deno.test("an aborted pull leaves what is complete, and nothing by name", async () => {
  await withRepository(async (repository) => {
    const stop = new AbortController();
    await withImage(TWO_LAYERS, async (image) => {
      await rejects(pullOciImage(repository, image, {
        workers: 0,
        tag: "test",
        signal: stop.signal,
        onProgress: (event) => {
          if (event.kind === "done") stop.abort(new Error("stopped"));
        },
      }));
    });
    strictEqual(repository.streams.names().length, 1);
    deepStrictEqual(listTags(repository), []);
    const report = await pullFixture(repository, TWO_LAYERS);
    strictEqual(report.layers.known, 1);
    await expectClean(repository);
  });
});

Deno.test("a repository makes images of all of its versions, whichever is the default", async () => {
  await withRepositoryPath("sha256", async (path) => {
    await initRepository(path, {
      algorithm: "sha256",
      isInsecure: true,
      imageVersions: [0, 2, 1],
      resetMetadata: true,
    });
    await withOpen(path, "write", async (repository) => {
      const { images } = await pullFixture(repository, TWO_LAYERS);
      deepStrictEqual([...images.keys()], [
        "composefs.image.v0",
        "composefs.image",
        "composefs.image.v1",
      ]);
      strictEqual(new Set(images.values()).size, 3);
      for (const id of images.values()) strictEqual(pathsOf(repository, id).length, 11);
      const wanted = { isBootable: false, isAsIs: false };
      strictEqual(await variantImage(repository, "test", wanted), [...images.values()][0]);
      await expectClean(repository);
    });
  });
});

const BOOTABLE: readonly TarEntryInit[] = [
  ...BASE_LAYER,
  { path: "boot/", type: "5" },
  { path: "sysroot/", type: "5" },
];

function bootableImage(entries: readonly TarEntryInit[]): FixtureImage {
  return { layers: [{ tar: layerOf([...BOOTABLE, ...entries]) }] };
}

Deno.test("a bootable image lacks what is elsewhere on a machine", async () => {
  await withRepository(async (repository) => {
    const kernel = { path: "boot/vmlinuz", body: "a kernel" };
    const { images } = await pullFixture(repository, bootableImage([kernel]), { isBootable: true });
    const [plain, boot] = ["composefs.image.v1", "composefs.image.boot.v1"].map((name) =>
      pathsOf(repository, images.get(name)!)
    );
    deepStrictEqual(plain.filter((path) => !boot.includes(path)), ["boot/vmlinuz"]);
    await rejects(pullFixture(repository, TWO_LAYERS, { isBootable: true }), {
      code: "UNSUPPORTED",
      message: /no directory \/boot/,
    });
  });
});

Deno.test("a bootable image has the labels of its own policy, and no image another", async () => {
  const files = policyFiles({
    // As long as no file that stands in an image or stream: it is an object.
    "": `# ${"comment ".repeat(20)}\n/.* any_t\n/usr/bin(/.*)? -- bin_t\n/usr/.*/alias other_t\n`,
    ".local": "/etc <<none>>\n",
  });
  const stale = { path: "etc/stale", pax: [["SCHILY.xattr.security.selinux", "old"]] } as const;
  const policy = Object.entries(files).map(([path, body]) => ({ path, body }));
  const fixture = bootableImage([stale, ...policy]);
  await withRepository(async (repository) => {
    const { images } = await pullFixture(repository, fixture, { isBootable: true });
    deepStrictEqual([...images.keys()], ["composefs.image.v1", "composefs.image.boot.v1"]);
    const [plain, boot] = [...images.values()].map((id) =>
      readStoredImage(repository.objects, id).tree
    );
    deepStrictEqual(new Set([...walk(plain)].map(({ inode }) => labelOf(inode))), new Set([null]));
    const labels = new Map([...walk(boot)].map(({ path, inode }) => [path, labelOf(inode)]));
    deepStrictEqual(
      ["", "boot", "etc", "etc/stale", "usr/bin", "usr/bin/alias", "usr/bin/large"].map((path) =>
        labels.get(path)
      ),
      ["any_t", "any_t", null, "any_t", "any_t", "other_t", "bin_t"],
    );
    // The digest is computed in the same way when nothing is stored.
    const diffIds = diffIdsOf(await openOciImage(repository, "test"));
    const tree = await mergedTree(repository, diffIds);
    transformTree(repository, tree, { xattrs: "allowlist-only", isBootable: true, isAsIs: false });
    strictEqual(imageDigest(repository, tree, 1), images.get("composefs.image.boot.v1"));
    await expectClean(repository);
  });
});

Deno.test("a bootable image without a policy has no labels, a wrong policy makes none", async () => {
  await withRepository(async (repository) => {
    const wrong = Object.entries(policyFiles({ "": "/a(b x\n" }))
      .map(([path, body]) => ({ path, body }));
    await rejects(pullFixture(repository, bootableImage(wrong), { isBootable: true }), {
      code: "CORRUPT",
      message: /pattern "\/a\(b" of line 1/,
      where: { path: "etc/selinux/targeted/contexts/files/file_contexts" },
    });
    deepStrictEqual(listTags(repository), []);
    const { images } = await pullFixture(repository, bootableImage([]), { isBootable: true });
    const { tree } = readStoredImage(repository.objects, images.get("composefs.image.boot.v1")!);
    deepStrictEqual(new Set([...walk(tree)].map(({ inode }) => labelOf(inode))), new Set([null]));
  });
});

/** Layers of many files, most of them in two of the layers. */
function manyFiles(): FixtureImage {
  const layer = (first: number) => ({
    tar: layerOf([
      { path: "usr/", type: "5" },
      ...Array.from({ length: 300 }, (_, i) => ({
        path: `usr/file${first + i}`,
        body: `file ${first + i} `.repeat(100),
      })),
    ]),
  });
  return { layers: [layer(0), layer(100), layer(200), layer(500)] };
}

Deno.test("workers store what this thread stores, and count it", async () => {
  const seen: unknown[] = [];
  for (const workers of [0, 1, 4]) {
    await withRepository(async (repository) => {
      const { images, objects, layers } = await pullFixture(repository, manyFiles(), { workers });
      const links = repository.streams.names().map((name) => repository.streams.objectOf(name));
      // Which of two threads was first is no matter, but all of it is counted.
      const count = objects.newObjects + objects.knownObjects;
      seen.push({ images: [...images], links, layers, count });
      strictEqual([...Deno.readDirSync(`${repository.path}/tmp`)].length, 0);
      await expectClean(repository);
    });
  }
  deepStrictEqual(seen[1], seen[0]);
  deepStrictEqual(seen[2], seen[0]);
});

Deno.test("a layer that is wrong stops the workers, and what is complete stays", async () => {
  const good = manyFiles().layers!;
  const bad = { tar: good[1].tar, descriptor: { digest: digestOf(good[0].tar) } };
  await withRepository(async (repository) => {
    await rejects(
      pullFixture(repository, { layers: [good[0], bad, good[2]] }, { workers: 2 }),
      (error: Error & { code?: string }) => error.code === "DIGEST_MISMATCH",
    );
    strictEqual(repository.streams.names().includes(layerStream(digestOf(good[1].tar))), false);
    strictEqual([...Deno.readDirSync(`${repository.path}/tmp`)].length, 0);
    deepStrictEqual(listTags(repository), []);
    await pullFixture(repository, manyFiles(), { workers: 2 });
    await expectClean(repository);
  });
});

Deno.test("a signal stops workers that are in the middle of a layer", async () => {
  await withRepository(async (repository) => {
    const stop = new AbortController();
    await withImage(manyFiles(), async (image) => {
      await rejects(
        pullOciImage(repository, image, {
          workers: 2,
          tag: "test",
          signal: stop.signal,
          onProgress: (event) => {
            if (event.kind === "started") stop.abort(new Error("stopped"));
          },
        }),
        /stopped/,
      );
    });
    deepStrictEqual(listTags(repository), []);
    strictEqual([...Deno.readDirSync(`${repository.path}/tmp`)].length, 0);
    await pullFixture(repository, manyFiles(), { workers: 2 });
    await expectClean(repository);
  });
});
