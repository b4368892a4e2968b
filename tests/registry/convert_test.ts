import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { convert, type ConvertOptions } from "../../src/convert/convert.ts";
import { ext4 } from "../../src/format/ext4/format.ts";
import type { ImageError } from "../../src/image_error.ts";
import { fileSink } from "../../src/io/file_sink.ts";
import { filesBelow } from "../../src/source/cache/cache_fixture.ts";
import { openImage } from "../../src/transport/open_image.ts";
import type { ImageOptions } from "../../src/source/remote/remote_options.ts";
import { toolTest } from "../tools.ts";
import { answerStatus, corrupt, dropAfter, type Fault, FaultProxy } from "./fault_proxy.ts";
import { LARGE_PATH, LARGE_PLATFORM, LARGE_TAG, pushLargeImage } from "./large_image.ts";
import type { LargeImage } from "./large_image.ts";
import { REGISTRY_TOOLS, startRegistry } from "./registry_server.ts";
import { fixedEnvironment } from "./test_client.ts";

/** The image behind a proxy that can break, and a place for outputs. */
interface Scene {
  readonly proxy: FaultProxy;
  readonly image: LargeImage;
  readonly directory: string;
  /** The cache that conversions use. */
  readonly cache: string;
  /** sha256 of the conversion from the layout. */
  readonly expected: string;
}

async function withScene(run: (scene: Scene) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "registry_convert_" });
  try {
    await using server = await startRegistry({ data: join(directory, "data") });
    const image = pushLargeImage(server, directory);
    await using proxy = new FaultProxy(server.host);
    const output = join(directory, "expected.ext4");
    const local = await openImage(image.layout, { platform: LARGE_PLATFORM });
    await convert(local, ext4(), fileSink(output));
    const expected = hashOf(output);
    await run({ proxy, image, directory, cache: join(directory, "cache"), expected });
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function hashOf(path: string): string {
  return createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
}

/** Converts the image and answers the hash of the output. */
async function convertLarge(
  scene: Scene,
  options: ImageOptions = {},
  convertOptions: ConvertOptions = {},
  reference = `${scene.proxy.host}/${LARGE_PATH}:${LARGE_TAG}`,
): Promise<string> {
  const output = join(scene.directory, "output.ext4");
  const image = await openImage(reference, {
    platform: LARGE_PLATFORM,
    cache: scene.cache,
    ...options,
    registry: {
      environment: fixedEnvironment(),
      timing: { retryDelayMilliseconds: 2, retryLimit: 0 },
      ...options.registry,
    },
  });
  try {
    await convert(image, ext4(), fileSink(output), convertOptions);
  } finally {
    await image.close();
  }
  const hash = hashOf(output);
  Deno.removeSync(output);
  return hash;
}

function blobRequests({ proxy }: Scene): string[] {
  return proxy.seen.map(({ path }) => path).filter((path) => path.includes("/blobs/"));
}

function partialsIn({ cache }: Scene): string[] {
  return filesBelow(cache).filter((name) => name.startsWith("partial/"));
}

toolTest(
  "an image of a registry converts to the bytes of its layout",
  REGISTRY_TOOLS,
  (t) =>
    withScene(async (scene) => {
      for (const workers of [0, 1, 4]) {
        for (const jobs of [1, 4]) {
          await t.step(`with ${workers} workers and ${jobs} jobs`, async () => {
            const cache = join(scene.directory, `cache ${workers} ${jobs}`);
            strictEqual(await convertLarge(scene, { cache, jobs }, { workers }), scene.expected);
            strictEqual(filesBelow(cache).filter((name) => name.startsWith("partial/")).length, 0);
          });
        }
      }
      await t.step("the second time without any blob", async () => {
        await convertLarge(scene);
        scene.proxy.breakAlways(/./, unchangedFault);
        strictEqual(await convertLarge(scene), scene.expected);
        deepStrictEqual(scene.proxy.seen.map(({ path }) => path).filter((it) => it !== "/v2/"), [
          `/v2/${LARGE_PATH}/manifests/${LARGE_TAG}`,
        ]);
      });
      await t.step("by digest the second time without any request", async () => {
        scene.proxy.seen.length = 0;
        const byDigest = `${scene.proxy.host}/${LARGE_PATH}@${scene.image.digest}`;
        strictEqual(await convertLarge(scene, {}, {}, byDigest), scene.expected);
        deepStrictEqual(scene.proxy.seen, []);
      });
      await t.step("offline without any request", async () => {
        strictEqual(await convertLarge(scene, { offline: true }), scene.expected);
        deepStrictEqual(scene.proxy.seen, []);
        const cache = join(scene.directory, "empty");
        await rejects(convertLarge(scene, { offline: true, cache }), { code: "NOT_FOUND" });
        deepStrictEqual(scene.proxy.seen, []);
      });
      await t.step("and keeps nothing where nothing is to be kept", async () => {
        const before = filesBelow(scene.directory).length;
        strictEqual(await convertLarge(scene, { cache: null }), scene.expected);
        strictEqual(filesBelow(scene.directory).length, before);
        await convertLarge(scene, { cacheBytes: 0 });
        deepStrictEqual(filesBelow(scene.cache), []);
      });
    }),
);

toolTest(
  "the first half of a layer is converted before the second is there",
  REGISTRY_TOOLS,
  () =>
    withScene(async (scene) => {
      const gate = Promise.withResolvers<void>();
      const newest = scene.image.layers.at(-1)!;
      scene.proxy.breakNext(new RegExp(newest), holdAfter(6_000_000, gate.promise));
      const seen = Promise.withResolvers<number>();
      const hash = convertLarge(scene, {}, {
        workers: 2,
        onProgress(event) {
          const isNewest = event.kind === "layer" && event.layer.index === 2;
          if (isNewest && event.readBytes > 1_000_000) seen.resolve(event.readBytes);
        },
      });
      // Without overlap this would wait for ever: the rest comes only after it.
      ok(await Promise.race([seen.promise, hash.then(() => 0)]) <= 6_000_000);
      gate.resolve();
      strictEqual(await hash, scene.expected);
    }),
);

toolTest(
  "a failed download ends the conversion with its own error",
  REGISTRY_TOOLS,
  (t) =>
    withScene(async (scene) => {
      for (const workers of [0, 2]) {
        for (const layer of scene.image.layers) {
          await t.step(`of layer ${layer.slice(7, 15)} with ${workers} workers`, async () => {
            const cache = join(scene.directory, `cache ${workers} ${layer}`);
            scene.proxy.breakAlways(new RegExp(layer), answerStatus(403));
            await rejects(convertLarge(scene, { cache }, { workers }), (error: ImageError) => {
              strictEqual(error.code, "REGISTRY");
              match(error.message, /403/);
              return true;
            });
            deepStrictEqual(
              filesBelow(scene.directory).filter((name) => name.includes("output")),
              [],
            );
            ok(filesBelow(cache).every((name) => /^(blobs|tags|partial)\//.test(name)));
          });
        }
        await t.step(`wrong bytes with ${workers} workers`, async () => {
          const cache = join(scene.directory, `cache ${workers}`);
          scene.proxy.breakAlways(new RegExp(scene.image.layers[1]), corrupt(2_000_000));
          await rejects(convertLarge(scene, { cache }, { workers }), { code: "DIGEST_MISMATCH" });
          ok(!filesBelow(cache).some((name) => name.includes(scene.image.layers[1].slice(7))));
        });
      }
    }),
);

toolTest(
  "a broken download goes on where it ended, in the next run",
  REGISTRY_TOOLS,
  (t) =>
    withScene(async (scene) => {
      const newest = scene.image.layers.at(-1)!;
      const breakOff = async () => {
        scene.proxy.breakAlways(new RegExp(newest), dropAfter(4_000_000));
        await rejects(convertLarge(scene, { jobs: 1 }), { code: "REGISTRY" });
        strictEqual(partialsIn(scene).length, 1);
      };
      await t.step("with what is missing", async () => {
        await breakOff();
        scene.proxy.breakAlways(/./, unchangedFault);
        strictEqual(await convertLarge(scene), scene.expected);
        const { range } = scene.proxy.seen.find(({ path }) => path.includes(newest))!;
        ok(Number(/^bytes=(\d+)-$/.exec(range!)![1]) > 1_000_000, `${range}`);
        deepStrictEqual(partialsIn(scene), []);
      });
      await t.step("and from the start where what was kept is damaged", async () => {
        Deno.removeSync(scene.cache, { recursive: true });
        await breakOff();
        const [partial] = partialsIn(scene);
        using file = Deno.openSync(join(scene.cache, partial), { write: true });
        file.writeSync(new Uint8Array(1000));
        scene.proxy.breakAlways(/./, unchangedFault);
        strictEqual(await convertLarge(scene), scene.expected);
        deepStrictEqual(partialsIn(scene), []);
      });
    }),
);

toolTest(
  "a damaged blob of the cache is found, removed and loaded anew",
  REGISTRY_TOOLS,
  (t) =>
    withScene(async (scene) => {
      for (const workers of [0, 2]) {
        await t.step(`with ${workers} workers`, async () => {
          await convertLarge(scene);
          const path = join(scene.cache, "blobs/sha256", scene.image.layers[0].slice(7));
          const bytes = Deno.readFileSync(path);
          bytes[bytes.length - 1000] ^= 1;
          Deno.writeFileSync(path, bytes);
          await rejects(convertLarge(scene, {}, { workers }), { code: "DIGEST_MISMATCH" });
          scene.proxy.seen.length = 0;
          strictEqual(await convertLarge(scene, {}, { workers }), scene.expected);
          deepStrictEqual(blobRequests(scene), [
            `/v2/${LARGE_PATH}/blobs/${scene.image.layers[0]}`,
          ]);
        });
      }
    }),
);

toolTest(
  "a conversion that waits for a download is cancelled at once",
  REGISTRY_TOOLS,
  (t) =>
    withScene(async (scene) => {
      for (const workers of [0, 2]) {
        await t.step(`with ${workers} workers`, async () => {
          const cache = join(scene.directory, `cache ${workers}`);
          const gate = Promise.withResolvers<void>();
          scene.proxy.breakAlways(/\/blobs\//, holdAfter(1_000_000, gate.promise));
          // The configuration is a blob too, and shorter than what is held back.
          const controller = new AbortController();
          const reason = new Error("enough");
          const hash = convertLarge(scene, {
            cache,
            // The first event says that it begins; the rest never comes.
            onProgress: () => void setTimeout(() => controller.abort(reason), 300),
          }, { workers, signal: controller.signal });
          await rejects(hash, (error) => error === reason);
          gate.resolve();
          ok(filesBelow(cache).some((name) => name.startsWith("partial/")));
        });
      }
    }),
);

toolTest(
  "a wrong manifest is never taken for what was asked for",
  REGISTRY_TOOLS,
  () =>
    withScene(async (scene) => {
      const reference = `${scene.proxy.host}/${LARGE_PATH}:${LARGE_TAG}@${scene.image.digest}`;
      scene.proxy.breakAlways(/manifests/, corrupt(100));
      await rejects(convertLarge(scene, {}, {}, reference), { code: "DIGEST_MISMATCH" });
      const missing = `sha256:${"0".repeat(64)}`;
      scene.proxy.breakAlways(/./, unchangedFault);
      const wrong = `${scene.proxy.host}/${LARGE_PATH}:${LARGE_TAG}@${missing}`;
      await rejects(convertLarge(scene, {}, {}, wrong), { code: "NOT_FOUND" });
      // A digest decides where there is a tag too.
      const other = `${scene.proxy.host}/${LARGE_PATH}:none@${scene.image.digest}`;
      strictEqual(await convertLarge(scene, {}, {}, other), scene.expected);
    }),
);

/** Passes the answer on. */
const unchangedFault: Fault = ({ status, headers, bytes }) =>
  new Response(bytes, { status, headers });

/** The body goes on behind `count` bytes only when `gate` opens. */
function holdAfter(count: number, gate: Promise<void>): Fault {
  return ({ status, headers, bytes }) => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (sent >= count) await gate;
        const end = Math.min(bytes.length, sent < count ? count : bytes.length);
        if (end > sent) controller.enqueue(bytes.subarray(sent, end));
        sent = end;
        if (sent === bytes.length) controller.close();
      },
    });
    return new Response(body, { status, headers });
  };
}
