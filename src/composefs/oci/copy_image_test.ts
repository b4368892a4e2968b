import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { checkRepository } from "../repository/fsck.ts";
import type { RepositoryProgress } from "../repository/progress.ts";
import type { Repository } from "../repository/repository.ts";
import { withRepository } from "../repository/repository_fixture.ts";
import { copyOciImage } from "./copy_image.ts";
import { layerOf, pullFixture } from "./oci_fixture.ts";
import { listTags } from "./oci_image.ts";

/** Two layers, large enough for workers, the first of which comes twice. */
function largeImage() {
  const layer = (letter: string) => ({
    tar: layerOf([
      { path: "usr/", type: "5", mode: 0o755 },
      ...[1, 2, 3].map((i) => ({ path: `usr/${letter}${i}`, body: `${letter}${i} `.repeat(2e6) })),
    ]),
  });
  return { layers: [layer("a"), layer("b"), layer("a")] };
}

/** Calls `use` with a repository that has the image, and an empty one with another hash function. */
async function withTwo(use: (from: Repository, to: Repository) => Promise<void>): Promise<void> {
  await withRepository(async (from) => {
    await pullFixture(from, largeImage());
    await withRepository((to) => use(from, to), "sha512");
  });
}

Deno.test("a copy is the same for any number of workers, and whole", async () => {
  const streams: unknown[] = [];
  for (const workers of [0, 1, 2]) {
    await withTwo(async (from, to) => {
      const events: RepositoryProgress[] = [];
      const onProgress = (event: RepositoryProgress) => void events.push(event);
      const { images } = await copyOciImage(from, to, "test", { tag: "copy", workers, onProgress });
      deepStrictEqual((await checkRepository(to)).problems, []);
      const names = to.streams.names().map((name) => [name, to.streams.objectOf(name)]);
      streams.push([names, [...images], { ...to.objects.counts }]);
      const kinds = events.map(({ kind }) => kind).filter((kind) => kind !== "progress");
      deepStrictEqual(kinds.sort(), ["done", "done", "started", "started"]);
      const again = await copyOciImage(from, to, "test", { tag: "copy", workers, onProgress });
      deepStrictEqual([...again.images], [...images]);
      deepStrictEqual(events.slice(-2).map(({ kind }) => kind), ["skipped", "skipped"]);
    });
  }
  deepStrictEqual(streams[1], streams[0]);
  deepStrictEqual(streams[2], streams[0]);
});

Deno.test("a copy of damaged bytes is refused, and of a stopped one nothing has a name", async () => {
  for (const workers of [0, 2]) {
    await withTwo(async (from, to) => {
      const stop = new AbortController();
      const options = {
        tag: "copy",
        workers,
        signal: stop.signal,
        onProgress: ({ kind }: RepositoryProgress) => {
          if (kind === "progress") stop.abort(new Error("stopped"));
        },
      };
      await rejects(copyOciImage(from, to, "test", options), /stopped/);
      const path = largestObject(from);
      const bytes = Deno.readFileSync(path);
      bytes[bytes.length - 1] ^= 1;
      Deno.chmodSync(path, 0o600);
      Deno.writeFileSync(path, bytes);
      await rejects(copyOciImage(from, to, "test", { tag: "copy", workers }), {
        code: "DIGEST_MISMATCH",
      });
      deepStrictEqual(listTags(to), []);
      strictEqual([...Deno.readDirSync(`${to.path}/tmp`)].length, 0);
    });
  }
});

function largestObject({ objects }: Repository): string {
  const paths = [...Deno.readDirSync(objects.directory)].flatMap(({ name }) =>
    [...Deno.readDirSync(`${objects.directory}/${name}`)].map((it) =>
      `${objects.directory}/${name}/${it.name}`
    )
  );
  return paths.reduce((a, b) => Deno.statSync(a).size >= Deno.statSync(b).size ? a : b);
}
