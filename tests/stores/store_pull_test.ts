/**
 * Images of container engines pulled into repositories of composefs, layer by layer.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { digestOf } from "../../src/oci/digest.ts";
import { openImage } from "../../src/transport/open_image.ts";
import { runCli, startCli, withDirectory } from "../e2e/cli_process.ts";
import { unmount } from "../loop_mount.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { startDocker, unmountBelow } from "./engine_process.ts";
import { copyImage, writeStoredImage } from "./stored_image.ts";

const PLATFORM = ["--platform", "linux/amd64"];
const NAME = "example.test/one:1";

/** What `composefs pull --json` says. */
interface Pulled {
  readonly manifestDigest: string;
  readonly configDigest: string;
  readonly images: Record<string, string>;
  readonly layers: { readonly count: number; readonly known: number };
}

/** A storage with the image of a layout. */
interface Storage {
  readonly work: string;
  readonly root: string;
  readonly layout: string;
}

function withStorage(use: (storage: Storage) => Promise<void>): Promise<void> {
  return withDirectory(async (work) => {
    try {
      const layout = writeStoredImage(`${work}/layout`);
      const root = `${work}/storage`;
      copyImage(layout, `containers-storage:[overlay@${root}+${work}/run]${NAME}`);
      await use({ work, root, layout });
    } finally {
      unmountBelow(work);
    }
  });
}

async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args);
  strictEqual(code, 0, stderr);
  return stdout;
}

async function newRepository(path: string): Promise<string> {
  await run("composefs", "init", path, "--insecure");
  return path;
}

async function pull(repository: string, reference: string, ...more: string[]): Promise<Pulled> {
  const args = ["--repo", repository, "--as-is", "--json", ...PLATFORM, ...more];
  return JSON.parse(await run("composefs", "pull", reference, "one", ...args));
}

/** Names of all objects: digests of their bytes. */
function objectsOf(repository: string): string[] {
  const names = readdirSync(`${repository}/objects`, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.includes("/")).sort();
}

toolTest(
  "an image of a storage is pulled as from its layout, bit-exact, and its layers are known then",
  ["root", "skopeo"],
  () =>
    withStorage(async ({ work, root, layout }) => {
      const expected = await newRepository(`${work}/expected`);
      const report = await pull(expected, layout);
      const reference = `containers-storage:[overlay@${root}]one:1`;
      for (const workers of ["0", "2"]) {
        const repository = await newRepository(`${work}/by-${workers}`);
        const pulled = await pull(repository, reference, "--workers", workers);
        strictEqual(pulled.manifestDigest, report.manifestDigest);
        strictEqual(pulled.configDigest, report.configDigest);
        deepStrictEqual(pulled.images, report.images);
        deepStrictEqual(pulled.layers, { count: 3, known: 0 });
        deepStrictEqual(objectsOf(repository), objectsOf(expected));
        match(await run("composefs", "fsck", "--repo", repository), /^ok/);
        deepStrictEqual((await pull(repository, reference)).layers, { count: 3, known: 3 });
        deepStrictEqual((await pull(repository, layout)).layers, { count: 3, known: 3 });
      }
      const image = await openImage(layout, { platform: "linux/amd64" });
      for (const { diffId } of image.layers.map(({ job }) => job)) {
        const args = ["composefs", "layer", diffId!, "--repo", `${work}/by-2`];
        const { stdout } = await startCli(args).output();
        strictEqual(digestOf(stdout), diffId);
      }
      await image.close();
    }),
);

toolTest(
  "an image of Docker's data root is pulled layer by layer",
  ["root", "skopeo", "docker", "start:dockerd"],
  () =>
    withStorage(async ({ work, layout }) => {
      copyImage(layout, `docker-archive:${work}/one.tar:${NAME}`);
      using docker = startDocker();
      docker.run("load", "--quiet", "--input", `${work}/one.tar`);
      const repository = await newRepository(`${work}/repository`);
      const pulled = await pull(repository, `docker-daemon:${NAME}`, "--docker-root", docker.root);
      deepStrictEqual(pulled.layers, { count: 3, known: 0 });
      const report = await pull(repository, layout);
      deepStrictEqual(report.layers, { count: 3, known: 3 });
      deepStrictEqual(report.images, pulled.images);
    }),
);

/** What is done to a file of a storage, and what is said then. */
const DAMAGE: Record<string, readonly [(path: string) => void, RegExp]> = {
  "changed": [(path) => writeFileSync(path, "x".repeat(70_000)), /its CRC-64 is/],
  "shorter": [(path) => truncateSync(path, 69_999), /there is 69999 bytes/],
  "deleted": [(path) => rmSync(path), /there is nothing/],
  "a symbolic link": [
    (path) => {
      rmSync(path);
      symlinkSync("etc/passwd", path);
    },
    /symbolic link/,
  ],
};

for (const [what, [damage, message]] of Object.entries(DAMAGE)) {
  toolTest(
    `an image of a storage is refused in which a file is ${what}`,
    ["root", "skopeo"],
    () =>
      withStorage(async ({ work, root }) => {
        const [big] = mustRun("find", [`${root}/overlay`, "-name", "big"]).trim().split("\n");
        damage(big);
        const reference = `containers-storage:[overlay@${root}]one:1`;
        const repository = await newRepository(`${work}/repository`);
        const out = `${work}/out.ext4`;
        for (
          const args of [
            ["composefs", "pull", reference, "--repo", repository, "--as-is", ...PLATFORM],
            [reference, ...PLATFORM, "-o", out],
          ]
        ) {
          const { code, stderr } = await runCli(args);
          ok(code !== 0);
          match(stderr, message);
          match(stderr, /layer 0 \(sha256:[0-9a-f]{12}\)/);
        }
        deepStrictEqual(readdirSync(`${repository}/streams`).filter((it) => it !== "refs"), []);
        ok(!readdirSync(work).includes("out.ext4"));
      }),
  );
}

toolTest(
  "files of a storage share their blocks with the repository where the file system can",
  ["root", "skopeo", "mkfs.btrfs", "mount:btrfs", "filefrag"],
  () =>
    withDirectory(async (directory) => {
      const work = `${directory}/mounted`;
      Deno.mkdirSync(work);
      mustRun("truncate", ["--size=256M", `${directory}/image`]);
      mustRun("mkfs.btrfs", ["--quiet", `${directory}/image`]);
      mustRun("mount", ["-o", "loop", `${directory}/image`, work]);
      try {
        const layout = writeStoredImage(`${work}/layout`);
        copyImage(layout, `containers-storage:[overlay@${work}/storage+${work}/run]${NAME}`);
        const reference = `containers-storage:[overlay@${work}/storage]one:1`;
        for (const localFetch of ["auto", "zerocopy", "disabled"]) {
          const repository = await newRepository(`${work}/${localFetch}`);
          await pull(repository, reference, "--local-fetch", localFetch);
          mustRun("sync", []);
          const [big] = mustRun("find", [`${repository}/objects`, "-size", "70000c"]).trim()
            .split("\n");
          const isShared = /shared/.test(mustRun("filefrag", ["-v", big]));
          strictEqual(isShared, localFetch !== "disabled", localFetch);
          match(await run("composefs", "fsck", "--repo", repository), /^ok/);
        }
      } finally {
        unmountBelow(work);
        unmount(work);
      }
    }),
);

toolTest(
  "files of a storage become files of the repository where both are in one place",
  ["root", "skopeo"],
  () =>
    withStorage(async ({ work, root }) => {
      // The engine mounts its directory over itself, and names do not cross mounts.
      unmountBelow(work);
      const repository = await newRepository(`${work}/repository`);
      await pull(
        repository,
        `containers-storage:[overlay@${root}]one:1`,
        "--local-fetch",
        "zerocopy",
      );
      const [one] = mustRun("find", [`${root}/overlay`, "-name", "big"]).trim().split("\n");
      const [two] = mustRun("find", [`${repository}/objects`, "-size", "70000c"]).trim().split(
        "\n",
      );
      ok(readFileSync(one).equals(readFileSync(two)));
      match(await run("composefs", "fsck", "--repo", repository), /^ok/);
    }),
);
