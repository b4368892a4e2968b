import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { tarArchive, tarEntry } from "../../src/layer/tar/tar_fixture.ts";
import { layoutOf } from "../../src/source/layout_fixture.ts";
import { withLoopDevice } from "../loop_device.ts";
import { unmount } from "../loop_mount.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { namesIn, runCli, TINY, withDirectory } from "./cli_process.ts";

Deno.test("an existing file is replaced, also through a symbolic link, and keeps its mode", () =>
  withDirectory(async (directory) => {
    Deno.writeTextFileSync(`${directory}/real`, "old");
    Deno.chmodSync(`${directory}/real`, 0o600);
    Deno.symlinkSync("real", `${directory}/rootfs.ext4`);
    const result = await runCli([TINY, "-o", `${directory}/rootfs.ext4`]);
    strictEqual(result.code, 0, result.stderr);
    ok(Deno.lstatSync(`${directory}/rootfs.ext4`).isSymlink);
    const info = Deno.statSync(`${directory}/real`);
    ok(info.size > 1024);
    strictEqual(info.mode! % 0o1000, 0o600);
    deepStrictEqual(namesIn(directory), ["real", "rootfs.ext4"]);
  }));

Deno.test("a directory, a device file or the input as output ends with code 6", () =>
  withDirectory(async (directory) => {
    const archive = new URL("../../testdata/archives/tiny.oci.tar", import.meta.url).pathname;
    const copy = `${directory}/image.tar`;
    Deno.copyFileSync(archive, copy);
    Deno.mkdirSync(`${directory}/a.ext4`);
    for (const output of [`${directory}/a.ext4`, "/dev/null", copy]) {
      const result = await runCli([copy, "-o", output, "--format", "ext4", "--force"]);
      strictEqual(result.code, 6, `${output}: ${result.stderr}`);
      match(result.stderr, /^oci2rootfs: Cannot write output ".*": .*, expected .*\n$/);
    }
    deepStrictEqual(Deno.readFileSync(copy), Deno.readFileSync(archive));
    deepStrictEqual(namesIn(directory), ["a.ext4", "image.tar"]);
  }));

Deno.test("a compressed archive is not replaced by its own image either", () =>
  withDirectory(async (directory) => {
    const archive = new URL("../../testdata/archives/tiny.oci.tar", import.meta.url).pathname;
    const packed = gzipSync(Deno.readFileSync(archive));
    const path = `${directory}/image.ext4`;
    Deno.writeFileSync(path, packed);
    for (const reference of [path, `oci-archive:${path}`, `oci-archive:${path}:tiny`]) {
      const result = await runCli([reference, "-o", path]);
      strictEqual(result.code, 6, result.stderr);
      match(result.stderr, /it is the input/);
    }
    deepStrictEqual(Deno.readFileSync(path), new Uint8Array(packed));
  }));

Deno.test("an output in no directory ends with code 5", () =>
  withDirectory(async (directory) => {
    const result = await runCli([TINY, "-o", `${directory}/no/rootfs.ext4`]);
    strictEqual(result.code, 5);
    match(result.stderr, /^oci2rootfs: .*there is no directory ".*\/no"\n$/);
  }));

Deno.test("too small a --size ends with code 8 and a hint", () =>
  withDirectory(async (directory) => {
    const body = new Uint8Array(4 * 1024 * 1024).fill(1);
    const tar = tarArchive([tarEntry({ path: "large", body })]);
    const path = layoutOf({ layers: [{ tar }], platform: null }).writeDirectory(`${directory}/in`);
    Deno.mkdirSync(`${directory}/out`);
    const result = await runCli([path, "-o", `${directory}/out/x.ext4`, "--size", "2M"]);
    strictEqual(result.code, 8, result.stderr);
    match(result.stderr, /\nhint: choose a larger --size/);
    deepStrictEqual(namesIn(`${directory}/out`), []);
  }));

toolTest(
  "a read-only directory ends with code 7",
  ["root", "setpriv"],
  () =>
    withDirectory(async (directory) => {
      Deno.chmodSync(directory, 0o555);
      // Still root, whose caches Deno needs, but one that permissions apply to.
      const wrapper = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"];
      const result = await runCli([TINY, "-o", `${directory}/x.ext4`], { wrapper });
      strictEqual(result.code, 7, result.stderr);
      match(
        result.stderr,
        /^oci2rootfs: Cannot create output ".*": permission denied \(EACCES\)\n$/,
      );
      deepStrictEqual(namesIn(directory), []);
    }),
);

toolTest(
  "a read-only file system ends with code 7",
  ["root", "mount:ext4"],
  () =>
    withTmpfs("size=1m,ro", async (mounted) => {
      const result = await runCli([TINY, "-o", `${mounted}/x.ext4`]);
      strictEqual(result.code, 7, result.stderr);
      match(result.stderr, /read-only \(EROFS\)\n$/);
    }),
);

toolTest(
  "a full disk ends with code 8 and leaves nothing",
  ["root", "mount:ext4"],
  () =>
    withTmpfs("size=1m", async (mounted) => {
      await withDirectory(async (directory) => {
        const body = new Uint8Array(4 * 1024 * 1024).fill(1);
        const tar = tarArchive([tarEntry({ path: "large", body })]);
        const layout = layoutOf({ layers: [{ tar }], platform: null });
        const path = layout.writeDirectory(`${directory}/layout`);
        const result = await runCli([path, "-o", `${mounted}/x.ext4`]);
        strictEqual(result.code, 8, result.stderr);
        match(
          result.stderr,
          /^oci2rootfs: .*no space left on the device \(ENOSPC\).*\nhint: make room/,
        );
        deepStrictEqual(namesIn(mounted), []);
      });
    }),
);

toolTest(
  "a block device is overwritten with --force only, and then holds exactly the image",
  ["root", "losetup", "mount:ext4", "e2fsck"],
  () =>
    withDirectory(async (directory) => {
      const disk = `${directory}/disk`;
      const size = 32 * 1024 * 1024;
      Deno.writeFileSync(disk, new Uint8Array(size).fill(0xa5));
      await withLoopDevice(disk, async (device) => {
        const refused = await runCli([TINY, "-o", device, "--format", "ext4", "--size", "16M"]);
        strictEqual(refused.code, 6);
        match(refused.stderr, /\nhint: --force /);
        ok(Deno.readFileSync(device).every((byte) => byte === 0xa5));

        const args = ["--format", "ext4", "--size", "16M", "--force"];
        const written = await runCli([TINY, "-o", device, ...args]);
        strictEqual(written.code, 0, written.stderr);
        mustRun("e2fsck", ["-fn", device]);

        const tooLarge = await runCli([
          TINY,
          "-o",
          device,
          "--format",
          "ext4",
          "--size",
          "1G",
          "--force",
        ]);
        strictEqual(tooLarge.code, 8, tooLarge.stderr);
      });
      const output = `${directory}/x.ext4`;
      strictEqual((await runCli([TINY, "-o", output, "--size", "16M"])).code, 0);
      // The device was written once more after that: compare a fresh one.
      Deno.writeFileSync(disk, new Uint8Array(size).fill(0xa5));
      await withLoopDevice(disk, async (device) => {
        const args = ["--format", "ext4", "--size", "16M", "--force", "-q"];
        strictEqual((await runCli([TINY, "-o", device, ...args])).code, 0);
      });
      const image = Deno.readFileSync(output);
      const onDisk = Deno.readFileSync(disk);
      ok(image.every((byte, i) => byte === onDisk[i]), "the device differs from the file");
      ok(onDisk.subarray(image.length).every((byte) => byte === 0xa5), "bytes beyond the image");
    }),
);

/** Calls `use` with a new memory file system. */
async function withTmpfs(
  options: string,
  use: (mounted: string) => Promise<void>,
): Promise<void> {
  const mounted = Deno.makeTempDirSync({ prefix: "oci2rootfs_tmpfs_" });
  try {
    mustRun("mount", ["-t", "tmpfs", "-o", options, "none", mounted]);
    try {
      await use(mounted);
    } finally {
      unmount(mounted);
    }
  } finally {
    Deno.removeSync(mounted);
  }
}
