import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { ImageError } from "../../image_error.ts";
import { readLayer } from "../../layer/read_layer.ts";
import { TarRecorder } from "../../layer/tar/tar_recorder.ts";
import type { Notice } from "../../notice.ts";
import { digestOf } from "../../oci/digest.ts";
import { withDirectory } from "../layout_fixture.ts";
import { openImage } from "../../transport/open_image.ts";
import { containersStorage } from "./open_containers_storage.ts";
import { encodedName, StorageFixture, type WrittenStorageImage } from "./storage_fixture.ts";

const PLATFORM = "linux/amd64";
/** The storage is refused where it does not belong to root: see `plain_owners.ts`. */
const ignore = Deno.build.os !== "linux" || Deno.uid() !== 0;

/** A storage with an image of three layers and one of two. */
function withStorage(
  use: (root: string, one: WrittenStorageImage, storage: StorageFixture) => Promise<void>,
  hasRecords = false,
): Promise<void> {
  return withDirectory(async (root) => {
    const storage = new StorageFixture(root);
    storage.addLayers(3, hasRecords);
    const one = storage.addImage(["docker.io/library/one:latest", "localhost/a/one:1"], 3, "1");
    storage.addImage(["localhost/b/one:1"], 2, "2");
    storage.addImage([], 0, "3");
    storage.write();
    await use(root, one, storage);
  });
}

Deno.test({
  name: "containersStorage() finds images by name, its end, digest and start of identifier",
  ignore,
  fn: () =>
    withStorage(async (storageRoot, { id, digest }) => {
      const names = ["one", "docker.io/library/one:latest", "localhost/a/one:1", "a/one:1"];
      const others = [digest, `one@${digest}`, `sha256:${id}`, id, id.slice(0, 12)];
      for (const name of [...names, ...others]) {
        const image = await containersStorage(name, { storageRoot, platform: PLATFORM });
        strictEqual(image.digest, digest, name);
        strictEqual(image.config?.user, "1");
        strictEqual(image.manifest?.layers.length, 3);
        const [{ job }] = image.layers;
        deepStrictEqual(
          job.kind === "directory" && [job.markers, job.directories],
          ["overlay", [2, 1, 0].map((i) => `${storageRoot}/overlay/layer${i}/diff`)],
        );
      }
      const reference = `containers-storage:[overlay@${storageRoot}+/run/x:opt=1]a/one:1`;
      strictEqual((await openImage(reference, { platform: PLATFORM })).digest, digest);
    }),
});

Deno.test("containersStorage() gives every layer as the tar that it was, whoever owns the storage", () =>
  withStorage(async (storageRoot, { digest }, storage) => {
    if (!ignore) Deno.chownSync(`${storageRoot}/overlay`, 1000, 1000);
    const image = await containersStorage("one", { storageRoot, platform: PLATFORM });
    deepStrictEqual(image.notices, []);
    strictEqual(digestOf(image.documents!.manifest!), digest);
    strictEqual(digestOf(image.documents!.config), image.manifest?.config.digest);
    for (const [i, layer] of image.layers.entries()) {
      const summary = await readLayer(layer, new TarRecorder());
      strictEqual(summary.isDiffIdVerified, true);
      strictEqual(layer.job.diffId, storage.layers[i]["diff-digest"]);
      // The storage does not know how large the first one is.
      strictEqual(layer.size === summary.uncompressedSize, i > 0);
    }
  }, true));

Deno.test({
  name: "containersStorage() says that nothing is verified where a record is missing",
  ignore,
  fn: () =>
    withStorage(async (storageRoot) => {
      rmSync(`${storageRoot}/overlay-layers/layer1.tar-split.gz`);
      const heard: Notice[] = [];
      const image = await containersStorage("one", {
        storageRoot,
        platform: PLATFORM,
        onNotice: (notice) => heard.push(notice),
      });
      deepStrictEqual(heard.map(({ code }) => code), ["NOT_VERIFIED"]);
      strictEqual(heard[0].message.includes("/overlay/layer1/diff"), true);
      deepStrictEqual(image.layers.map(({ job }) => job.kind), ["directory"]);
    }, true),
});

Deno.test("containersStorage() lists what is there where nothing or too much is found", () =>
  withStorage(async (storageRoot) => {
    const options = { storageRoot, platform: PLATFORM };
    await rejects(containersStorage("two", options), {
      code: "NOT_FOUND",
      message: /"two" .*expected one of:\n.*localhost\/a\/one:1 {2}linux\/amd64 {2}sha256:.*\n/,
    });
    await rejects(containersStorage("one:1", options), { code: "AMBIGUOUS", message: /2 images/ });
    await rejects(openImage(storageRoot, options), { code: "AMBIGUOUS" });
    await rejects(containersStorage("one", { storageRoot, platform: "linux/arm64" }), {
      code: "NOT_FOUND",
      message: /for platform "linux\/arm64"/,
    });
    await rejects(containersStorage("one", { storageRoot: `${storageRoot}/overlay` }), {
      code: "NOT_FOUND",
      message: /expected the storage of Podman, Buildah or CRI-O/,
    });
    await rejects(containersStorage("[btrfs@/x]one"), { code: "UNSUPPORTED", message: /"btrfs"/ });
    await rejects(containersStorage(`[vfs@${storageRoot}]one`), { code: "NOT_FOUND" });
    await rejects(containersStorage("[overlay@/x"), { code: "CORRUPT" });
  }));

/** How a storage is broken, and what is said of it. */
const DAMAGE: readonly {
  readonly what: string;
  readonly damage: (root: string, one: WrittenStorageImage, storage: StorageFixture) => void;
  readonly code: ImageError["code"];
  readonly message: RegExp;
}[] = [
  {
    what: "a truncated images.json",
    damage: (root) => truncate(`${root}/overlay-images/images.json`),
    code: "CORRUPT",
    message: /images\.json.*expected JSON/,
  },
  {
    what: "a truncated layers.json",
    damage: (root) => truncate(`${root}/overlay-layers/layers.json`),
    code: "CORRUPT",
    message: /layers\.json.*expected JSON/,
  },
  {
    what: "a list that is none",
    damage: (root) => writeFileSync(`${root}/overlay-images/images.json`, `{"a":1}`),
    code: "CORRUPT",
    message: /expected a list/,
  },
  {
    what: "an identifier that leads out",
    damage: (_, __, storage) => {
      storage.layers[0].id = "../../etc";
      storage.write();
    },
    code: "UNSAFE_PATH",
    message: /the identifier of a layer is "\.\.\/\.\.\/etc"/,
  },
  {
    what: "a missing manifest",
    damage: (root, { id }) => rmSync(`${root}/overlay-images/${id}/manifest`),
    code: "NOT_FOUND",
    message: /its document "manifest" is not there/,
  },
  {
    what: "another manifest",
    damage: (root, { id }) => writeFileSync(`${root}/overlay-images/${id}/manifest`, "{}"),
    code: "DIGEST_MISMATCH",
    message: /its digest is sha256:/,
  },
  {
    what: "another configuration",
    damage: (root, { id }) =>
      writeFileSync(`${root}/overlay-images/${id}/${encodedName(`sha256:${id}`)}`, "{}"),
    code: "DIGEST_MISMATCH",
    message: /it has 2 bytes/,
  },
  {
    what: "a layer that nobody knows",
    damage: (_, __, storage) => {
      storage.layers.shift();
      storage.write();
    },
    code: "NOT_FOUND",
    message: /Cannot read layer "layer0".*nothing is known of it/,
  },
  {
    what: "layers that lead round in a circle",
    damage: (_, __, storage) => {
      storage.layers[0].parent = "layer2";
      storage.write();
    },
    code: "CORRUPT",
    message: /4 layers are there, expected 3/,
  },
  {
    what: "a layer of another digest",
    damage: (_, __, storage) => {
      storage.layers[1]["diff-digest"] = "sha256:1";
      storage.write();
    },
    code: "CORRUPT",
    message: /its digest is "sha256:1"/,
  },
  {
    what: "a layer whose files are not there",
    damage: (root) => rmSync(`${root}/overlay/layer0/diff`, { recursive: true }),
    code: "NOT_FOUND",
    message: /layer0/,
  },
  {
    what: "a directory below itself",
    damage: (root) => writeFileSync(`${root}/overlay/layer2/lower`, "l/L1:l/L2"),
    code: "CORRUPT",
    message: /is below itself/,
  },
  {
    what: "a directory over others than the list says",
    damage: (root) => writeFileSync(`${root}/overlay/layer2/lower`, "l/L0"),
    code: "CORRUPT",
    message: /its directory is over 1 others, expected the 2/,
  },
  {
    what: "a layer that is an image of composefs",
    damage: (root) => mkdirSync(`${root}/overlay/layer1/composefs-data`),
    code: "UNSUPPORTED",
    message: /image of composefs/,
  },
  {
    what: "a storage of a user",
    damage: (root) => Deno.chownSync(`${root}/overlay`, 1000, 1000),
    code: "UNSUPPORTED",
    message: /belongs to user 1000 .*podman unshare/,
  },
];

for (const { what, damage, code, message } of DAMAGE) {
  Deno.test({
    name: `containersStorage() refuses ${what}`,
    ignore,
    fn: () =>
      withStorage(async (storageRoot, one, storage) => {
        damage(storageRoot, one, storage);
        const opened = containersStorage("one", { storageRoot, platform: PLATFORM });
        await rejects(opened, (error: unknown) => {
          strictEqual(error instanceof ImageError && error.code, code, `${error}`);
          strictEqual(message.test(`${error}`), true, `${error}`);
          return true;
        });
      }),
  });
}

function truncate(path: string): void {
  writeFileSync(path, readFileSync(path).subarray(0, 20));
}
