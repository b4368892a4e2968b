/**
 * One image in the stores of all engines: every one gives the same tree, and overlay directories
 * give what the kernel shows of them.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { tarArchive } from "../../src/layer/tar/tar_fixture.ts";
import type { DirectoryOptions } from "../../src/source/directory_options.ts";
import { openImage } from "../../src/transport/open_image.ts";
import type { StoreOptions } from "../../src/source/store_options.ts";
import { compareTrees, formatDifference } from "../../src/tree/compare.ts";
import { walk } from "../../src/tree/file_tree.ts";
import { withConverted, withOpenedImage } from "../differential/converted_image.ts";
import { unmount } from "../loop_mount.ts";
import { MountedTree } from "../mounted_tree.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import {
  type RunningEngine,
  startContainerd,
  startDocker,
  unmountBelow,
} from "./engine_process.ts";
import { copyImage, storedImage, writeStoredImage } from "./stored_image.ts";

const PLATFORM = "linux/amd64";
const NAME = "example.test/one:1";

/** A layer of a file alone. */
const BARE = [{ tar: tarArchive([{ path: "file", body: "content", mtime: 1 }]) }];

type Places = DirectoryOptions & StoreOptions;

async function withWork(use: (work: string) => Promise<void>): Promise<void> {
  const work = Deno.makeTempDirSync({ prefix: "store_trees_" });
  try {
    await use(work);
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Differences between the trees of two images, and the names in the first. */
async function compare(first: string, second: string, places: Places) {
  const parameters = { platform: PLATFORM, open: places };
  return await withConverted(
    first,
    (one) =>
      withConverted(
        second,
        (two) =>
          withOpenedImage(one.path, (a) =>
            withOpenedImage(two.path, (b) => ({
              names: [...walk(a.tree)].map(({ path }) => path),
              found: [...compareTrees(a, b)].map(formatDifference),
            }))),
        parameters,
      ),
    parameters,
  );
}

/**
 * Differences between the layer directory at `layer` with all below it and a mounted directory; the
 * access time is the host's.
 */
async function compareWithMount(layer: string, directory: string) {
  const reference = `overlay2:${dirname(layer)}`;
  return await withConverted(reference, ({ path }) =>
    withOpenedImage(path, ({ tree, reader }) => {
      using mounted = new MountedTree(directory);
      const options = { ignore: ["atime", "linkCount"] as const };
      const found = compareTrees(
        { tree: mounted.tree, reader: mounted },
        { tree, reader },
        options,
      );
      return [...found].map(formatDifference);
    }), {});
}

/** What Docker puts into every container, and so into what it exports. */
const ENGINE_FILES = [
  "/.dockerenv",
  "/dev",
  "/dev/console",
  "/dev/pts",
  "/dev/shm",
  "/etc/hostname",
  "/etc/hosts",
  "/etc/mtab",
  "/etc/resolv.conf",
  "/proc",
  "/sys",
];

/** What every store must give: the names, and no difference from the layout. */
async function checkTree(layout: string, reference: string, places: Places): Promise<void> {
  const { names, found } = await compare(layout, reference, places);
  deepStrictEqual(found, [], reference);
  deepStrictEqual(names.sort(), [
    "",
    "big",
    "bin",
    "bin/again",
    "bin/link",
    "bin/tool",
    "etc",
    "etc/new",
    "etc/passwd",
    "gone",
    "gone/back",
    "null",
    "opaque",
    "opaque/seen",
    "pipe",
  ]);
  const image = await openImage(reference, { platform: PLATFORM, ...places });
  strictEqual(image.config?.labels.label, "one");
  strictEqual(image.config?.diffIds.length, 3);
  await image.close();
}

/** The image files of a layout and of a store are the same for any number of workers. */
async function checkBytes(layout: string, reference: string, open: Places): Promise<void> {
  const parameters = { platform: PLATFORM, open };
  await withConverted(layout, async ({ path }) => {
    const expected = readFileSync(path);
    for (const workers of [0, 2]) {
      await withConverted(
        reference,
        (made) => ok(readFileSync(made.path).equals(expected), `${workers} workers`),
        { ...parameters, convert: { workers } },
      );
    }
  }, parameters);
}

/** Calls `use` with the overlay of `directories`, newest first, as the kernel mounts it. */
async function withOverlay(
  work: string,
  directories: readonly string[],
  use: (directory: string) => Promise<void>,
): Promise<void> {
  const place = `${work}/mounted`;
  mkdirSync(place);
  mustRun("mount", ["-t", "overlay", "-o", `ro,lowerdir=${directories.join(":")}`, "x", place]);
  try {
    await use(place);
  } finally {
    unmount(place);
  }
}

/** The directories with the files of an image's layers, newest first. */
async function directoriesOf(reference: string, places: Places): Promise<readonly string[]> {
  const image = await openImage(reference, { platform: PLATFORM, ...places });
  await image.close();
  return image.layers.map(({ job }) => {
    ok(job.kind === "tar" && job.unpacked !== undefined);
    return job.unpacked.directory;
  }).reverse();
}

function loadIntoDocker(docker: RunningEngine, work: string): string {
  const layout = writeStoredImage(join(work, "layout"));
  copyImage(layout, `docker-archive:${work}/one.tar:${NAME}`);
  docker.run("load", "-i", `${work}/one.tar`);
  return layout;
}

toolTest(
  "an image in Docker's data root is the image that was loaded, with and without the engine",
  ["root", "skopeo", "docker", "mount:overlay", "start:dockerd"],
  () =>
    withWork(async (work) => {
      const docker = startDocker();
      const places = { dockerRoot: docker.root };
      try {
        const layout = loadIntoDocker(docker, work);
        const reference = `docker-daemon:${NAME}`;
        await checkTree(layout, reference, places);
        await checkTree(layout, reference, { dockerSocket: docker.socket });
        const directories = await directoriesOf(reference, places);
        strictEqual(directories.length, 3);
        await withOverlay(work, directories, async (mounted) => {
          deepStrictEqual(await compareWithMount(directories[0], mounted), []);
        });
        // A container that never ran, flattened by the engine.
        docker.run("create", "--name", "flat", NAME, "/bin/tool");
        docker.run("export", "-o", `${work}/flat.tar`, "flat");
        const { found } = await compare(reference, `tar:${work}/flat.tar`, places);
        // Beside the files for running it, and the directories these stand in, the export loses
        // what a plain tar has no room for; all else is the image.
        deepStrictEqual(
          found.filter((line) => !line.includes(": only in b:") && !/^\/(etc)?: /.test(line)),
          [
            "/bin/again: xattr user.note: 0x74657874 | absent",
            "/etc/passwd: mtime: 1 s + 123456789 ns | 1 s + 0 ns",
            "/etc/passwd: atime: 1 s + 123456789 ns | 1 s + 0 ns",
          ],
        );
        deepStrictEqual(
          found.filter((line) => line.includes(": only in b:")).map((line) => line.split(":")[0]),
          ENGINE_FILES,
        );
        const id = docker.run("images", "--quiet", "--no-trunc").trim();
        await checkTree(layout, `docker-daemon:${id}`, places);
        await checkTree(layout, `docker-daemon:${id.slice(7, 19)}`, places);
      } finally {
        docker[Symbol.dispose]();
      }
    }),
);

toolTest(
  "an image that Docker built over another one has the layers of both",
  ["root", "skopeo", "docker", "mount:overlay", "start:dockerd"],
  () =>
    withWork(async (work) => {
      using docker = startDocker();
      loadIntoDocker(docker, work);
      mkdirSync(`${work}/context`);
      writeFileSync(`${work}/context/added`, "added\n");
      const dockerfile = `FROM ${NAME}\nCOPY added /opaque/added\nCOPY added /new/dir/\n`;
      writeFileSync(`${work}/context/Dockerfile`, dockerfile);
      docker.run("build", "--quiet", "--network=none", "-t", "built:2", `${work}/context`);
      const places = { dockerRoot: docker.root };
      const directories = await directoriesOf("docker-daemon:built:2", places);
      strictEqual(directories.length, 5);
      await withOverlay(work, directories, async (mounted) => {
        deepStrictEqual(await compareWithMount(directories[0], mounted), []);
        strictEqual(readFileSync(`${mounted}/opaque/added`, "utf8"), "added\n");
      });
      // Its engine exports the same image.
      docker.run("save", "-o", `${work}/built.tar`, "built:2");
      const saved = `docker-archive:${work}/built.tar:built:2`;
      deepStrictEqual((await compare(saved, "docker-daemon:built:2", places)).found, []);
    }),
);

toolTest(
  "an image in the storage of Podman and Buildah is the image that was copied",
  ["root", "skopeo", "buildah", "podman", "mount:overlay"],
  () =>
    withWork(async (work) => {
      const layout = writeStoredImage(join(work, "layout"));
      const root = `${work}/storage`;
      copyImage(layout, `containers-storage:[overlay@${root}+${work}/run]${NAME}`);
      const places = { storageRoot: root };
      const storage = ["--root", root, "--runroot", `${work}/run`, "--storage-driver", "overlay"];
      try {
        await checkTree(layout, `containers-storage:${NAME}`, places);
        await checkBytes(layout, `containers-storage:${NAME}`, places);
        await checkTree(layout, `containers-storage:[overlay@${root}]one:1`, {});
        const id = mustRun("podman", [...storage, "images", "--quiet"]).trim();
        await checkTree(layout, `containers-storage:${id}`, places);
        // The driver vfs keeps whole trees.
        const other = `[vfs@${work}/vfs+${work}/run]${NAME}`;
        copyImage(layout, `containers-storage:${other}`);
        await checkTree(layout, `containers-storage:[vfs@${work}/vfs]one:1`, {});
        await checkBytes(layout, `containers-storage:one:1`, { storageRoot: `${work}/vfs` });
        // Without an entry of the root it is the same as everywhere, not what the engine made.
        const bare = writeStoredImage(join(work, "bare"), { ...storedImage(), layers: BARE });
        copyImage(bare, `containers-storage:[overlay@${root}+${work}/run]bare:1`);
        deepStrictEqual((await compare(bare, "containers-storage:bare:1", places)).found, []);
        // A new image of Buildah over it.
        const container = mustRun("buildah", [...storage, "from", "--pull=never", NAME]).trim();
        const script = `set -e; cd $(buildah "$@" mount ${container})
          mv bin moved; rm -r opaque; mkdir opaque; echo x > opaque/x; chmod 640 big; rm null
          buildah "$@" commit -q ${container} two:2`;
        mustRun("sh", ["-c", script, "sh", ...storage]);
        const reference = "containers-storage:localhost/two:2";
        const copied = `oci:${work}/two:2`;
        copyImage(`containers-storage:[overlay@${root}+${work}/run]localhost/two:2`, copied);
        deepStrictEqual((await compare(copied, reference, places)).found, []);
        const directories = await directoriesOf(reference, places);
        strictEqual(directories.length, 4);
        await withOverlay(work, directories, async (mounted) => {
          deepStrictEqual(await compareWithMount(directories[0], mounted), []);
          deepStrictEqual(readdirSync(mounted).sort(), [
            "big",
            "etc",
            "gone",
            "moved",
            "opaque",
            "pipe",
          ]);
        });
        deepStrictEqual(await directoriesOf("containers-storage:two:2", places), directories);
      } finally {
        mustRun("buildah", [...storage, "rm", "--all"]);
        unmountBelow(work);
      }
    }),
);

toolTest(
  "an image in containerd's store is the image that was imported, by name and by digest",
  ["root", "skopeo", "ctr", "start:containerd"],
  () =>
    withWork(async (work) => {
      using containerd = startContainerd();
      const layout = writeStoredImage(join(work, "layout"));
      const other = writeStoredImage(join(work, "other"), storedImage("two"));
      copyImage(layout, `oci-archive:${work}/one.tar:${NAME}`);
      copyImage(other, `oci-archive:${work}/two.tar:example.test/two:2`);
      containerd.run("images", "import", "--no-unpack", `${work}/one.tar`);
      containerd.run("--namespace=k8s.io", "images", "import", "--no-unpack", `${work}/two.tar`);
      const places = { containerdRoot: containerd.root };
      await checkTree(layout, `containerd:${NAME}`, places);
      await checkTree(layout, `containerd:${NAME}@default`, places);
      const image = await openImage(layout, { platform: PLATFORM });
      await checkTree(layout, `containerd:${image.digest}`, places);
      await image.close();
      const two = await openImage("containerd:example.test/two:2@k8s.io", places);
      strictEqual(two.config?.labels.label, "two");
      await two.close();
    }),
);
