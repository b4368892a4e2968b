import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { Descriptor } from "../oci/descriptor.ts";
import { OCI_INDEX } from "../oci/media_type.ts";
import type { BlobStore } from "./blob_store.ts";
import { chooseImage } from "./choose_image.ts";
import { CandidateWalk } from "./image_candidates.ts";
import { jsonBytes } from "./layout_fixture.ts";
import { createRequest } from "./open_options.ts";

const REQUEST = createRequest("test", {}, { platform: "linux/amd64" });

/** The digest that stands for a number. */
const digest = (id: number) => `sha256:${id.toString(16).padStart(64, "0")}`;

function descriptor(id: number, mediaType: string, architecture?: string): Descriptor {
  return {
    mediaType,
    digest: digest(id),
    size: 0,
    urls: [],
    annotations: {},
    data: null,
    platform: architecture === undefined ? null : { os: "linux", architecture },
    artifactType: "",
  };
}

const indexed = (id: number) => descriptor(id, OCI_INDEX);
const manifest = (id: number, architecture: string) =>
  descriptor(id, "application/vnd.oci.image.manifest.v1+json", architecture);

/** Indexes by their number. It checks no digest, so that indexes can contain one another. */
class FakeBlobs implements BlobStore {
  readonly name = "fake";
  readCount = 0;
  readonly #indexes: (id: number) => readonly Descriptor[];

  constructor(indexes: (id: number) => readonly Descriptor[]) {
    this.#indexes = indexes;
  }

  readDocument({ digest }: Descriptor): Promise<Uint8Array> {
    this.readCount++;
    const manifests = this.#indexes(Number.parseInt(digest.slice(7), 16));
    return Promise.resolve(jsonBytes({ schemaVersion: 2, manifests }));
  }

  locate(): Promise<never> {
    return Promise.reject(new Error("no layers here"));
  }
}

Deno.test("nested indexes are opened in their order, each once", async () => {
  const blobs = new FakeBlobs((id) =>
    id === 1 ? [indexed(2), manifest(10, "arm64"), indexed(2)] : [manifest(11, "amd64")]
  );
  const walk = new CandidateWalk(blobs, REQUEST);
  const found = await walk.collect(indexed(1));
  deepStrictEqual(found.map(({ descriptor }) => descriptor.digest), [digest(11), digest(10)]);
  strictEqual(blobs.readCount, 2);
  const chosen = await chooseImage([indexed(1)], blobs, REQUEST);
  strictEqual(chosen.descriptor.digest, digest(11));
});

Deno.test("an index that contains itself, however far down, is refused", async () => {
  for (const length of [1, 2, 5]) {
    const blobs = new FakeBlobs((id) => [indexed(id % length + 1)]);
    await rejects(chooseImage([indexed(1)], blobs, REQUEST), {
      code: "CORRUPT",
      message: /it contains itself/,
    });
    // Looking for a digest ends too.
    const request = createRequest("test", { digest: digest(99) }, {});
    await rejects(chooseImage([indexed(1)], blobs, request), { code: "NOT_FOUND" });
  }
});

Deno.test("indexes may be 8 levels deep", async () => {
  const deep = (levels: number) =>
    new FakeBlobs((id) => id === levels ? [manifest(100, "amd64")] : [indexed(id + 1)]);
  await chooseImage([indexed(1)], deep(8), REQUEST);
  await rejects(chooseImage([indexed(1)], deep(9), REQUEST), {
    code: "LIMIT_EXCEEDED",
    message: /nested 9 levels deep, expected at most 8/,
  });
  const request = createRequest("test", { digest: digest(1000) }, {});
  await rejects(chooseImage([indexed(1)], deep(9), request), { code: "LIMIT_EXCEEDED" });
});

Deno.test("indexes that fan out without end are bounded", async () => {
  const thousand = <T>(make: (i: number) => T) => Array.from({ length: 1000 }, (_, i) => make(i));
  const blobs = new FakeBlobs((id) =>
    id === 1 ? thousand((i) => indexed(i + 2)) : thousand((i) => manifest(id * 1000 + i, "amd64"))
  );
  await rejects(chooseImage([indexed(1)], blobs, REQUEST), {
    code: "LIMIT_EXCEEDED",
    message: /more than 100000 entries/,
  });
});
