import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { digestOf } from "../oci/digest.ts";
import { dockerArchive, type DockerArchiveOptions } from "./image_doors.ts";
import {
  addDockerIndex,
  dockerMembers,
  type FixtureImage,
  jsonBytes,
  LayoutFixture,
  tagged,
  type TarMember,
  tarOf,
  withDirectory,
} from "./layout_fixture.ts";

const OPTIONS = { platform: "linux/amd64" };
const LAYER_A = tarOf([{ name: "a", body: new TextEncoder().encode("A") }]);
const LAYER_B = tarOf([{ name: "b" }]);
const IMAGE: FixtureImage = { layers: [{ tar: LAYER_A }, { tar: LAYER_B, compression: "gzip" }] };

/** Opens an archive of these members and gives the image with the bytes of its layers. */
function open(members: readonly TarMember[] | Uint8Array, options: DockerArchiveOptions = {}) {
  return withDirectory(async (directory) => {
    const path = join(directory, "image.tar");
    writeFileSync(path, members instanceof Uint8Array ? members : tarOf(members));
    return await opened(path, options);
  });
}

/** Opens an image and reads its layers' stored bytes before it is closed. */
async function opened(path: string, options: DockerArchiveOptions) {
  const image = await dockerArchive(path, { ...OPTIONS, ...options });
  const blobs = image.layers.map(({ job }) => {
    if (job.kind !== "tar") throw new Error("the layer is no tar");
    if (job.location.kind !== "file") return job.location.bytes;
    const bytes = readFileSync(job.location.path);
    return bytes.subarray(job.location.offset, job.location.offset + job.size);
  });
  await image.close();
  return { ...image, blobs };
}

/** `manifest.json` with other fields; the rest as `docker save` of old wrote it. */
function oldForm(fields: object, image = IMAGE): TarMember[] {
  const members = dockerMembers([{ image, names: ["busybox:latest"] }]);
  const index = JSON.parse(new TextDecoder().decode(members.at(-1)?.body)) as object[];
  return [...members.slice(0, -1), {
    name: "manifest.json",
    body: jsonBytes([{ ...index[0], ...fields }]),
  }];
}

Deno.test("dockerArchive() reads the old form: layers are ranges with their diff ids", async () => {
  const image = await open(oldForm({}));
  deepStrictEqual(
    image.layers.map(({ job }) => [job.digest, job.diffId, job.declaredCompression]),
    [
      [null, digestOf(LAYER_A), null],
      [null, digestOf(LAYER_B), null],
    ],
  );
  deepStrictEqual(new Uint8Array(image.blobs[0]), LAYER_A);
  strictEqual(image.blobs[1][0], 0x1f);
  strictEqual(image.layers[1].name, `1 (${digestOf(LAYER_B).slice(0, 19)})`);
  match(image.digest!, /^sha256:[0-9a-f]{64}$/);
});

Deno.test("layers may be links to one another", async () => {
  const [config, , , index] = oldForm({ Layers: ["one/layer.tar", "two/layer.tar"] }, {
    layers: [{ tar: LAYER_A }, { tar: LAYER_A }],
  });
  const image = await open([
    config,
    { name: "one/layer.tar", type: "2", target: "../two/layer.tar" },
    { name: "two/layer.tar", body: LAYER_A },
    index,
  ]);
  for (const bytes of image.blobs) deepStrictEqual(new Uint8Array(bytes), LAYER_A);
});

Deno.test("a name chooses among several images, in every spelling Docker takes", async () => {
  const members = dockerMembers([
    { image: { runtime: { User: "1" } }, names: ["busybox:latest", "busybox:1.36"] },
    { image: { runtime: { User: "2" } }, names: ["registry.test/team/tool:v2"] },
  ]);
  const user = async (name?: string) => (await open(members, { name })).config?.user;
  for (const name of ["busybox", "docker.io/library/busybox:latest", "busybox:1.36", "1.36"]) {
    strictEqual(await user(name), "1", name);
  }
  strictEqual(await user("registry.test/team/tool:v2"), "2");
  strictEqual(await user("v2"), "2");
  await rejects(user(), (error: Error & { code: string }) => {
    strictEqual(error.code, "AMBIGUOUS");
    match(error.message, /busybox:latest, busybox:1\.36 {2}linux\/amd64 {2}sha256:/);
    match(error.message, /registry\.test\/team\/tool:v2/);
    return true;
  });
  await rejects(user("alpine"), { code: "NOT_FOUND", message: /expected one of:\n.*busybox/ });
});

Deno.test("the digest of the configuration chooses in the old form", async () => {
  const members = dockerMembers([
    { image: { runtime: { User: "1" } }, names: [] },
    { image: { runtime: { User: "2" } }, names: [] },
  ]);
  const digest = `sha256:${members[1].name.slice(0, 64)}`;
  const image = await open(members, { digest });
  strictEqual(image.digest, digest);
  strictEqual(image.config?.user, "2");
  await rejects(open(members, { digest: "sha256:../x" }), { code: "CORRUPT" });
});

Deno.test("the OCI layout of the new form goes first, manifest.json for names it lacks", async () => {
  const layout = new LayoutFixture();
  const manifest = layout.addImage(IMAGE);
  addDockerIndex(layout, manifest, ["busybox:other"]);
  layout.setIndex([tagged(manifest, "busybox:latest")]);
  const archive = layout.toArchive();
  const byLayout = await open(archive);
  strictEqual(byLayout.digest, manifest.digest);
  strictEqual(byLayout.layers[1].job.declaredCompression, "gzip");
  strictEqual((await open(archive, { name: "busybox" })).digest, manifest.digest);
  const byDocker = await open(archive, { name: "busybox:other" });
  deepStrictEqual(
    byDocker.layers.map(({ job }) => [job.digest, job.diffId]),
    byLayout.layers.map(({ job }) => [job.digest, job.diffId]),
  );
  await rejects(open(archive, { name: "nothing" }), { code: "NOT_FOUND" });
  // Without index.json the paths below blobs/ still give the digests.
  layout.files.delete("index.json");
  strictEqual((await open(layout.toArchive())).layers[0].job.digest, digestOf(LAYER_A));
});

Deno.test("paths of manifest.json that leave the archive are refused", async () => {
  for (const path of ["../x", "/etc/passwd", "a/../../x", "", ".", "a\0b", "..\\x"]) {
    await rejects(open(oldForm({ Layers: [path, path] })), { code: "UNSAFE_PATH" }, path);
    await rejects(open(oldForm({ Config: path })), { code: "UNSAFE_PATH" }, path);
  }
});

Deno.test("an archive extracted to a directory works, its links stay inside", async () => {
  await withDirectory(async (directory) => {
    for (const { name, body } of oldForm({})) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), body!);
    }
    const image = await opened(directory, {});
    deepStrictEqual(new Uint8Array(image.blobs[0]), LAYER_A);

    symlinkSync("/etc/hostname", join(directory, "out"));
    writeFileSync(
      join(directory, "manifest.json"),
      oldForm({ Layers: ["out", "out"] }).at(-1)!.body!,
    );
    await rejects(opened(directory, {}), { code: "UNSAFE_PATH", message: /symbolic link/ });
  });
});

Deno.test("a configuration named by a digest must have it", async () => {
  const members = oldForm({});
  const body = Uint8Array.from(members[0].body!);
  body[body.length - 1] = 0x20;
  await rejects(open([{ ...members[0], body }, ...members.slice(1)]), { code: "DIGEST_MISMATCH" });
  // Another name promises nothing.
  const named = [{ ...members[0], name: "config" }, ...oldForm({ Config: "config" }).slice(1)];
  strictEqual((await open(named)).digest, digestOf(members[0].body!));
});

Deno.test("missing files, wrong counts and wrong platforms are refused", async () => {
  await rejects(open(oldForm({ Layers: ["nothing", "nothing"] })), { code: "NOT_FOUND" });
  await rejects(open(oldForm({ Config: "nothing" })), { code: "NOT_FOUND" });
  await rejects(open(oldForm({ Layers: null })), { code: "CORRUPT", message: /expected 0/ });
  await rejects(open(oldForm({}), { platform: "linux/arm64" }), {
    code: "NOT_FOUND",
    message: /busybox:latest {2}linux\/amd64/,
  });
  await rejects(open([{ name: "manifest.json", body: jsonBytes([]) }]), { code: "NOT_FOUND" });
  await rejects(open([{ name: "manifest.json", body: jsonBytes({}) }]), { code: "CORRUPT" });
});

Deno.test("an archive without manifest.json says what it is", async () => {
  await rejects(open([{ name: "repositories", body: jsonBytes({}) }]), { code: "UNSUPPORTED" });
  await rejects(open([{ name: "etc/passwd" }]), {
    code: "NOT_FOUND",
    message: /neither index\.json nor manifest\.json/,
  });
});
