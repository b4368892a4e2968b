import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { ext4 } from "../../src/format/ext4/format.ts";
import type { ImageError } from "../../src/image_error.ts";
import { memorySink } from "../../src/io/memory_sink.ts";
import { tarArchive } from "../../src/layer/tar/tar_fixture.ts";
import { OCI_MANIFEST } from "../../src/oci/media_type.ts";
import { blobPath, LayoutFixture } from "../../src/source/layout_fixture.ts";
import { openImage } from "../../src/transport/open_image.ts";
import { fixedEnvironment } from "./test_client.ts";

const TAR = tarArchive([{ path: "file", body: "from elsewhere" }]);
const FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar";

/**
 * A registry of one image whose only layer it does not have (the real one refuses to take such an
 * image), and the place that has it.
 */
async function withForeignImage(
  elsewhere: Uint8Array<ArrayBuffer>,
  run: (reference: string, seen: string[], directory: string) => Promise<void>,
): Promise<void> {
  const seen: string[] = [];
  const directory = Deno.makeTempDirSync({ prefix: "foreign_layers_" });
  const other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    seen.push(`elsewhere ${request.headers.get("authorization")}`);
    return new Response(elsewhere);
  });
  const fixture = new LayoutFixture();
  const urls = [`http://127.0.0.1:${other.addr.port}/layer`];
  const manifest = fixture.addImage({
    layers: [{ tar: TAR, descriptor: { mediaType: FOREIGN, urls } }],
    platform: null,
  });
  fixture.files.delete(blobPath(layerDigest(fixture, manifest.digest)));
  const registry = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/v2/") return new Response("{}");
    const digest = pathname.endsWith("/manifests/latest")
      ? manifest.digest
      : decodeURIComponent(pathname.split("/").at(-1)!);
    const bytes = digest.startsWith("sha256:") ? fixture.files.get(blobPath(digest)) : undefined;
    if (bytes === undefined) return new Response("{}", { status: 404 });
    const type = digest === manifest.digest ? OCI_MANIFEST : "application/octet-stream";
    return new Response(bytes.slice(), { headers: { "content-type": type } });
  });
  try {
    await run(`127.0.0.1:${registry.addr.port}/test/foreign`, seen, directory);
  } finally {
    await Promise.all([registry.shutdown(), other.shutdown()]);
    Deno.removeSync(directory, { recursive: true });
  }
}

function layerDigest(fixture: LayoutFixture, manifestDigest: string): string {
  const bytes = fixture.files.get(blobPath(manifestDigest))!;
  return JSON.parse(new TextDecoder().decode(bytes)).layers[0].digest;
}

async function convertForeign(
  reference: string,
  cache: string,
  allowForeignUrls: boolean,
): Promise<number> {
  const image = await openImage(reference, {
    cache,
    allowForeignUrls,
    registry: {
      environment: fixedEnvironment(),
      login: { username: "alice", password: "secret" },
    },
  });
  try {
    return (await convert(image, ext4(), memorySink())).counts.regular;
  } finally {
    await image.close();
  }
}

Deno.test("a layer that the registry lacks is loaded from elsewhere, only with consent", () =>
  withForeignImage(TAR.slice(), async (reference, seen, directory) => {
    const cache = join(directory, "cache");
    await rejects(convertForeign(reference, cache, false), (error: ImageError) => {
      strictEqual(error.code, "NOT_FOUND");
      match(error.message, /non-distributable layer, kept at "http:.*--allow-foreign-urls/);
      return true;
    });
    deepStrictEqual(seen, []);
    strictEqual(await convertForeign(reference, cache, true), 1);
    deepStrictEqual(seen, ["elsewhere null"]);
    // What is in the cache needs no consent.
    strictEqual(await convertForeign(reference, cache, false), 1);
    strictEqual(seen.length, 1);
  }));

Deno.test("what is elsewhere must be the bytes of the digest", () => {
  const wrong = TAR.slice();
  wrong[600] ^= 1;
  return withForeignImage(wrong, async (reference, _seen, directory) => {
    const cache = join(directory, "cache");
    await rejects(convertForeign(reference, cache, true), { code: "DIGEST_MISMATCH" });
    ok(![...Deno.readDirSync(join(cache, "partial"))].length);
  });
});
