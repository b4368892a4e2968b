/**
 * Repositories as a person and the kernel see them: pulled by the program, mounted, killed, shared.
 *
 * @module
 */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { ObjectReader } from "../../src/composefs/image/object_reader.ts";
import { TWO_LAYERS } from "../../src/composefs/oci/oci_fixture.ts";
import { mergedTree } from "../../src/composefs/oci/image_tree.ts";
import { diffIdsOf, openOciImage } from "../../src/composefs/oci/oci_image.ts";
import { Repository } from "../../src/composefs/repository/repository.ts";
import { tarArchive, tarEntry } from "../../src/layer/tar/tar_fixture.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { layoutOf } from "../../src/source/layout_fixture.ts";
import { compareTrees, formatDifference } from "../../src/tree/compare.ts";
import { countLinks } from "../../src/tree/file_tree.ts";
import { namesIn, runCli, startCli, withDirectory } from "../e2e/cli_process.ts";
import { MountedTree } from "../mounted_tree.ts";
import { mustRun } from "../run_tool.ts";
import {
  fillRegistry,
  REGISTRY_TOOLS,
  startRegistry,
  TINY_PATH,
  TINY_TAG,
} from "../registry/registry_server.ts";
import { toolTest } from "../tools.ts";

/** Runs a command on the repository and answers what it prints. */
async function composefs(repository: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli([
    "composefs",
    ...args,
    "--repo",
    repository,
    "--quiet",
  ]);
  strictEqual(code, 0, stderr);
  return stdout;
}

async function init(directory: string, ...args: string[]): Promise<string> {
  const repository = join(directory, "repository");
  await composefs(repository, "init", "--insecure", ...args);
  return repository;
}

/** Mounts an image as other programs do, which leave nothing of the EROFS but its loop device. */
async function withForeignMount(
  image: string,
  objects: string,
  directory: string,
  use: () => Promise<void>,
): Promise<void> {
  const metadata = Deno.makeTempDirSync();
  try {
    mustRun("mount", ["-t", "erofs", "-o", "ro,loop", image, metadata]);
    const options = `ro,metacopy=on,redirect_dir=on,lowerdir=${metadata}::${objects}`;
    mustRun("mount", ["-t", "overlay", "-o", options, "overlay", directory]);
    mustRun("umount", ["-l", metadata]);
    await use();
  } finally {
    mustRun("umount", [directory]);
    Deno.removeSync(metadata);
  }
}

async function fsck(repository: string): Promise<void> {
  const report = JSON.parse(await composefs(repository, "fsck", "--json"));
  deepStrictEqual(report.errors, []);
}

toolTest(
  "a mounted image is the merge of its layers, names and bytes",
  ["root", "mount:erofs", "mount:overlay"],
  async () => {
    await withDirectory(async (directory) => {
      const layout = layoutOf(TWO_LAYERS).writeDirectory(join(directory, "layout"));
      const path = await init(directory, "--algorithm", "sha256");
      await composefs(path, "pull", `oci:${layout}`, "two/layers:1", "--platform", "linux/amd64");
      await composefs(
        path,
        "pull",
        `oci:${layout}`,
        "two/layers:1",
        "--platform",
        "linux/amd64",
        "--as-is",
      );
      const mounted = join(directory, "mounted");
      Deno.mkdirSync(mounted);
      await composefs(path, "mount", "two/layers:1", mounted, "--as-is");
      try {
        using repository = await Repository.open(path);
        const image = await openOciImage(repository, "two/layers:1");
        const tree = await mergedTree(repository, diffIdsOf(image));
        countLinks(tree);
        using b = new MountedTree(mounted);
        const reader = new ObjectReader(repository.objects.directory);
        const differences = [...compareTrees({ tree, reader }, { tree: b.tree, reader: b }, {
          // The kernel answers 1 for directories, and the time of reading is the mount's.
          ignore: ["linkCount", "atime"],
        })];
        deepStrictEqual(differences.map(formatDifference), []);
        reader.close();
      } finally {
        await runCli(["composefs", "umount", mounted]);
      }
      deepStrictEqual(namesIn(mounted), []);
    });
  },
);

toolTest(
  "a mounted image takes changes in a directory",
  ["root", "mount:erofs", "mount:overlay"],
  async () => {
    await withDirectory(async (directory) => {
      const layout = layoutOf(TWO_LAYERS).writeDirectory(join(directory, "layout"));
      const path = await init(directory);
      await composefs(path, "pull", `oci:${layout}`, "test", "--platform", "linux/amd64");
      const [mounted, upper, work] = ["mounted", "upper", "work"].map((name) => {
        Deno.mkdirSync(join(directory, name));
        return join(directory, name);
      });
      const places = ["--upperdir", upper, "--workdir", work];
      await composefs(path, "mount", "test", mounted, ...places, "--read-write");
      try {
        Deno.writeTextFileSync(join(mounted, "etc/new"), "changed");
        Deno.removeSync(join(mounted, "usr/bin/small"));
        strictEqual(Deno.readTextFileSync(join(upper, "etc/new")), "changed");
      } finally {
        await runCli(["composefs", "umount", mounted]);
      }
      await composefs(path, "mount", "test", mounted);
      try {
        strictEqual(Deno.readTextFileSync(join(mounted, "etc/new")), "new ".repeat(100));
        strictEqual(Deno.readTextFileSync(join(mounted, "usr/bin/small")), "small");
      } finally {
        await runCli(["composefs", "umount", mounted]);
      }
      await fsck(path);
    });
  },
);

toolTest(
  "what a mounted image needs is no garbage, whoever mounted it",
  ["root", "mount:erofs", "mount:overlay"],
  async () => {
    await withDirectory(async (directory) => {
      const layout = layoutOf(TWO_LAYERS).writeDirectory(join(directory, "layout"));
      const path = await init(directory, "--algorithm", "sha256");
      const mounted = join(directory, "mounted");
      Deno.mkdirSync(mounted);
      const read = () => Deno.readTextFileSync(join(mounted, "etc/new"));
      const gc = async () => JSON.parse(await composefs(path, "gc", "--json"));
      const pull = () =>
        composefs(path, "pull", `oci:${layout}`, "test", "--platform", "linux/amd64");
      const checks = async () => {
        await composefs(path, "untag", "test");
        const { imagesPruned, streamsPruned } = await gc();
        deepStrictEqual([imagesPruned, streamsPruned], [0, 4]);
        strictEqual(read(), "new ".repeat(100));
      };
      await pull();
      await composefs(path, "mount", "test", mounted);
      try {
        await checks();
      } finally {
        await runCli(["composefs", "umount", mounted]);
      }
      strictEqual((await gc()).imagesPruned, 1);
      await pull();
      const [image] = namesIn(join(path, "images"));
      await withForeignMount(join(path, "images", image), join(path, "objects"), mounted, checks);
      strictEqual((await gc()).imagesPruned, 1);
      deepStrictEqual(
        namesIn(join(path, "objects")).flatMap((it) => namesIn(join(path, "objects", it))),
        [],
      );
    });
  },
);

toolTest(
  "an image of a registry is pulled, listed, renamed and removed",
  REGISTRY_TOOLS,
  async () => {
    await withDirectory(async (directory) => {
      await using server = await startRegistry({ data: join(directory, "data") });
      fillRegistry(server);
      const path = await init(directory);
      const reference = `docker://${server.host}/${TINY_PATH}:${TINY_TAG}`;
      const cache = join(directory, "cache");
      const pulled = await composefs(path, "pull", reference, "tiny", "--as-is", "--cache", cache);
      match(pulled, /^manifest sha256:[0-9a-f]{64}\nconfig sha256:[0-9a-f]{64}\ntagged tiny\n/);
      const [image] = JSON.parse(await composefs(path, "images", "--json"));
      strictEqual(image.name, "tiny");
      strictEqual(image.isContainer, true);
      const inspection = JSON.parse(await composefs(path, "inspect", "tiny"));
      strictEqual(inspection.manifestDigest, image.manifestDigest);
      match(inspection.composefs_erofs, /^[0-9a-f]{128}$/);
      strictEqual(
        (await composefs(path, "compute-id", "tiny", "--as-is")).trim(),
        inspection.composefs_erofs,
      );
      const [diffId] = inspection.config.rootfs.diff_ids;
      const info = JSON.parse(await composefs(path, "layer", diffId, "--json"));
      // Its names are not all UTF-8.
      const layer = startCli(["composefs", "layer", diffId, "--repo", path]);
      const { stdout: tar } = await layer.output();
      deepStrictEqual([tar.length, digestOf(tar)], [info.size, diffId]);
      match(await composefs(path, "layer", diffId, "--dumpfile"), /^\/ /);
      await composefs(path, "tag", "tiny", "other/name:2");
      await composefs(path, "untag", "tiny");
      await composefs(path, "gc");
      await composefs(path, "inspect", "other/name:2");
      await composefs(path, "untag", "other/name:2");
      const garbage = JSON.parse(await composefs(path, "gc", "--json"));
      strictEqual(garbage.imagesPruned, 1);
      strictEqual(JSON.parse(await composefs(path, "images", "--json")).length, 0);
      await fsck(path);
    });
  },
);

Deno.test("a damaged repository makes fsck end with 1, and says what is wrong", async () => {
  await withDirectory(async (directory) => {
    const layout = layoutOf(TWO_LAYERS).writeDirectory(join(directory, "layout"));
    const path = await init(directory);
    await composefs(path, "pull", `oci:${layout}`, "test", "--platform", "linux/amd64");
    const [head] = namesIn(join(path, "objects"));
    const [rest] = namesIn(join(path, "objects", head));
    Deno.removeSync(join(path, "objects", head, rest));
    Deno.writeTextFileSync(join(path, "objects", head, rest), "other");
    const { code, stdout } = await runCli(["composefs", "fsck", "--json", "--repo", path]);
    strictEqual(code, 1);
    const { ok, errors } = JSON.parse(stdout);
    strictEqual(ok, false);
    strictEqual(errors[0].kind, "object-digest-mismatch");
    for (const text of ["{", "[]", "x".repeat(100_000)]) {
      Deno.writeTextFileSync(join(path, "meta.json"), text);
      const { code, stdout } = await runCli(["composefs", "fsck", "--json", "--repo", path]);
      const kinds = JSON.parse(stdout).errors.map(({ kind }: { kind: string }) => kind);
      deepStrictEqual([code, kinds], [1, ["metadata-parse-failed"]]);
    }
  });
});

toolTest(
  "fsck tells of each directory that it may not read, and looks at the rest",
  ["root", "setpriv"],
  () =>
    withDirectory(async (directory) => {
      const layout = layoutOf(TWO_LAYERS).writeDirectory(join(directory, "layout"));
      const path = await init(directory);
      await composefs(path, "pull", `oci:${layout}`, "test", "--platform", "linux/amd64");
      const closed = [`objects/${namesIn(join(path, "objects"))[0]}`, "streams", "images/refs"];
      for (const name of closed) Deno.chmodSync(join(path, name), 0);
      // Still root, whose caches Deno needs, but one that permissions apply to.
      const caps = "-dac_override,-dac_read_search";
      const wrapper = ["setpriv", `--bounding-set=${caps}`, `--inh-caps=${caps}`];
      const args = ["composefs", "fsck", "--json", "--repo", path];
      const { code, stdout, stderr } = await runCli(args, { wrapper });
      strictEqual(code, 1, stderr);
      const { errors, imagesChecked } = JSON.parse(stdout);
      const failed = errors.filter(({ kind }: { kind: string }) => kind === "stat-failed");
      deepStrictEqual(failed.map(({ path }: { path: string }) => path), [
        closed[0],
        "streams",
        "streams/refs",
        "images/refs",
      ]);
      strictEqual(imagesChecked, 1);
      for (const name of closed) Deno.chmodSync(join(path, name), 0o755);
    }),
);

Deno.test("gc that only counts changes nothing", async () => {
  await withDirectory(async (directory) => {
    const layout = layoutOf(TWO_LAYERS).writeDirectory(join(directory, "layout"));
    const path = await init(directory);
    await composefs(path, "pull", `oci:${layout}`, "test", "--platform", "linux/amd64");
    await composefs(path, "untag", "test");
    // A repository of old, in which a program was killed.
    Deno.removeSync(join(path, "meta.json"));
    Deno.writeTextFileSync(join(path, "tmp", "left"), "");
    const list = () => mustRun("find", [path]).split("\n").sort();
    const before = list();
    const counted = JSON.parse(await composefs(path, "gc", "--dry-run", "--json"));
    deepStrictEqual(list(), before);
    const removed = JSON.parse(await composefs(path, "gc", "--json"));
    deepStrictEqual({ ...removed, dryRun: true }, counted);
    strictEqual(removed.streamsPruned, 4);
    deepStrictEqual(namesIn(join(path, "tmp")), []);
  });
});

Deno.test("a layer whose bytes are others is printed with an error", async () => {
  await withDirectory(async (directory) => {
    const layout = layoutOf(TWO_LAYERS).writeDirectory(join(directory, "layout"));
    const path = await init(directory);
    await composefs(path, "pull", `oci:${layout}`, "test", "--platform", "linux/amd64");
    const [layer, other] = namesIn(join(path, "streams")).filter((it) => it.startsWith("oci-l"));
    Deno.removeSync(join(path, "streams", layer));
    Deno.symlinkSync(
      Deno.readLinkSync(join(path, "streams", other)),
      join(path, "streams", layer),
    );
    for (const [name, expected] of [[layer, 3], [other, 0]] as const) {
      const digest = name.replace("oci-layer-", "");
      const { code, stderr } = await runCli(["composefs", "layer", digest, "--repo", path]);
      strictEqual(code, expected, stderr);
    }
  });
});

Deno.test("an image is copied to a repository with another hash function", async () => {
  await withDirectory(async (directory) => {
    const layout = layoutOf(TWO_LAYERS).writeDirectory(join(directory, "layout"));
    const from = await init(directory, "--algorithm", "sha256");
    await composefs(from, "pull", `oci:${layout}`, "test", "--platform", "linux/amd64");
    for (const algorithm of ["sha256", "sha512"]) {
      const to = join(directory, algorithm);
      await composefs(to, "init", "--insecure", "--algorithm", algorithm);
      await composefs(to, "copy", "test", "--from", from, "--zerocopy");
      await fsck(to);
      const same = await composefs(to, "inspect", "test", "--manifest") ===
        await composefs(from, "inspect", "test", "--manifest");
      strictEqual(same, true);
      const ids = await Promise.all([from, to].map((it) => composefs(it, "compute-id", "test")));
      strictEqual(ids[0] === ids[1], algorithm === "sha256");
    }
  });
});

/** A layout of an image whose layers take a while. */
function largeLayout(directory: string): string {
  const layers = [1, 2, 3, 4].map((layer) => ({
    tar: tarArchive([
      tarEntry({ path: "usr/", type: "5" }),
      ...Array.from({ length: 300 }, (_, i) =>
        tarEntry({
          path: `usr/layer${layer}-${i}`,
          body: `${Uint8Array.of(layer, i % 256).toHex()} `.repeat(i % 10 === 0 ? 40_000 : 500 + i),
        })),
    ]),
    compression: "gzip" as const,
  }));
  return layoutOf({ layers }).writeDirectory(join(directory, "layout"));
}

Deno.test("two programs that pull the same image at once leave one whole image", async () => {
  await withDirectory(async (directory) => {
    const layout = largeLayout(directory);
    const path = await init(directory);
    const args = ["pull", `oci:${layout}`, "test", "--platform", "linux/amd64"];
    const outputs = await Promise.all([1, 2, 3].map(() => composefs(path, ...args)));
    deepStrictEqual(new Set(outputs).size, 1);
    await fsck(path);
    deepStrictEqual(namesIn(join(path, "tmp")), []);
    const garbage = JSON.parse(await composefs(path, "gc", "--json"));
    strictEqual(garbage.objectsRemoved, 0);
  });
});

Deno.test("a killed pull leaves a clean repository, and the next one goes on", async () => {
  await withDirectory(async (directory) => {
    const layout = largeLayout(directory);
    const path = await init(directory);
    const args = ["pull", `oci:${layout}`, "test", "--platform", "linux/amd64"];
    let killedEarly = 0;
    for (const objects of [20, 500, 1000]) {
      const process = startCli(["composefs", ...args, "--repo", path, "--quiet"]);
      const status = process.status;
      let isOver = false;
      status.then(() => isOver = true);
      // Killed when some objects are there, whatever the speed of the machine.
      while (!isOver && objectCount(path) < objects) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      try {
        process.kill("SIGKILL");
        killedEarly++;
      } catch {
        // It was faster.
      }
      await process.stdout.cancel();
      await process.stderr.cancel();
      await status;
      await fsck(path);
    }
    strictEqual(killedEarly > 0, true);
    const report = JSON.parse(await composefs(path, ...args, "--json"));
    strictEqual(report.objects.knownObjects > 0, true);
    await fsck(path);
    deepStrictEqual(namesIn(join(path, "tmp")), []);
  });
});

function objectCount(path: string): number {
  let count = 0;
  for (const { name } of Deno.readDirSync(join(path, "objects"))) {
    count += [...Deno.readDirSync(join(path, "objects", name))].length;
  }
  return count;
}
