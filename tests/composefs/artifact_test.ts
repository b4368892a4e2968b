/**
 * Artifacts as a person keeps them: pulled from a registry and an archive, listed, copied, removed.
 *
 * @module
 */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { ARTIFACT_BLOBS, artifactLayout } from "../../src/composefs/oci/oci_fixture.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { OCI_MANIFEST } from "../../src/oci/media_type.ts";
import type { LayoutFixture } from "../../src/source/layout_fixture.ts";
import { runCli, withDirectory } from "../e2e/cli_process.ts";
import { REGISTRY_TOOLS, startRegistry } from "../registry/registry_server.ts";
import { toolTest } from "../tools.ts";

const TEXT = new TextDecoder();

/** Runs a command on the repository and answers what it prints. */
async function composefs(repository: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(["composefs", ...args, "--repo", repository, "-q"]);
  strictEqual(code, 0, stderr);
  return stdout;
}

/** Puts all blobs and the manifest of a layout into a registry. */
async function push(layout: LayoutFixture, host: string, name: string): Promise<void> {
  const send = async (path: string, init: RequestInit) => {
    const answer = await fetch(new URL(path, `http://${host}/v2/${name}/`), init);
    strictEqual(answer.ok, true, `${path}: ${answer.status} ${await answer.text()}`);
    return answer.headers.get("location");
  };
  const [{ digest }] = JSON.parse(TEXT.decode(layout.files.get("index.json"))).manifests;
  let manifest: Uint8Array | undefined;
  for (const [path, bytes] of layout.files) {
    const parts = path.split("/");
    if (parts[0] !== "blobs") continue;
    const it = `sha256:${parts[2]}`;
    if (it === digest) manifest = bytes;
    else {
      const upload = new URL((await send("blobs/uploads/", { method: "POST" }))!);
      upload.searchParams.set("digest", it);
      await send(upload.href, { method: "PUT", body: new Uint8Array(bytes) });
    }
  }
  const headers = { "content-type": OCI_MANIFEST };
  await send("manifests/1", { method: "PUT", headers, body: new Uint8Array(manifest!) });
}

/** An artifact is there, and everything that can be done to it works. */
async function expectKept(repository: string, directory: string): Promise<void> {
  const [listed] = JSON.parse(await composefs(repository, "images", "--json"));
  deepStrictEqual([listed.isContainer, listed.layerCount], [false, 3]);
  match(await composefs(repository, "images"), /chart +sha256:[0-9a-f]{12} +artifact +3/);
  const inspection = JSON.parse(await composefs(repository, "inspect", "chart"));
  deepStrictEqual(inspection.config, { name: "chart" });
  strictEqual(inspection.composefs_erofs, null);
  strictEqual(await composefs(repository, "inspect", "chart", "--config"), '{"name":"chart"}');
  for (const blob of ARTIFACT_BLOBS) {
    strictEqual(await composefs(repository, "layer", digestOf(blob)), TEXT.decode(blob));
  }
  const refused = [
    ["composefs", "compute-id", "chart", "--repo", repository],
    ["composefs", "mount", "chart", directory, "--repo", repository],
    [`composefs:${repository}:chart`, "-o", join(directory, "x.ext4")],
  ];
  for (const args of refused) {
    const { code, stderr } = await runCli(args);
    strictEqual(code, 4);
    match(stderr, /is an artifact of type "application\/vnd.example.config"/);
  }
  const other = join(directory, "other");
  await composefs(other, "init", "--insecure", "--algorithm", "sha256");
  await composefs(other, "copy", "chart", "--from", repository);
  for (const path of [repository, other]) {
    deepStrictEqual(JSON.parse(await composefs(path, "fsck", "--json")).errors, []);
    await composefs(path, "gc");
    await composefs(path, "layer", digestOf(ARTIFACT_BLOBS[0]));
    await composefs(path, "untag", "chart");
    strictEqual(JSON.parse(await composefs(path, "gc", "--json")).streamsPruned, 4);
  }
}

const chart = () =>
  artifactLayout({ config: '{"name":"chart"}', configType: "application/vnd.example.config" });

Deno.test("an artifact of an archive is kept, copied and removed", async () => {
  await withDirectory(async (directory) => {
    const archive = join(directory, "chart.tar");
    Deno.writeFileSync(archive, chart().toArchive());
    const repository = join(directory, "repository");
    await composefs(repository, "init", "--insecure");
    match(
      await composefs(repository, "pull", archive, "chart"),
      /^manifest .*\nconfig .*\ntagged /,
    );
    await expectKept(repository, directory);
  });
});

toolTest("an artifact of a registry is kept, copied and removed", REGISTRY_TOOLS, async () => {
  await withDirectory(async (directory) => {
    await using server = await startRegistry({ data: join(directory, "data") });
    await push(chart(), server.host, "test/chart");
    const repository = join(directory, "repository");
    await composefs(repository, "init", "--insecure");
    const reference = `docker://${server.host}/test/chart:1`;
    for (const cache of ["cache", "cache", "another"]) {
      const place = ["--cache", join(directory, cache)];
      await composefs(repository, "pull", reference, "chart", ...place);
    }
    await expectKept(repository, directory);
    // Workers read blobs while these are still arriving.
    const blobs = [1, 2].map((i) => new TextEncoder().encode(`${i} `.repeat(2e6)));
    await push(artifactLayout({ blobs }), server.host, "test/large");
    const large = `docker://${server.host}/test/large:1`;
    const place = ["--workers", "2", "--cache", join(directory, "large")];
    await composefs(repository, "pull", large, "large", ...place);
    for (const blob of blobs) {
      strictEqual(await composefs(repository, "layer", digestOf(blob)), TEXT.decode(blob));
    }
  });
});
