import { Buffer } from "node:buffer";
import {
  deepStrictEqual,
  match,
  notStrictEqual,
  ok,
  rejects,
  strictEqual,
  throws,
} from "node:assert/strict";
import { openDisk } from "../../src/disk/open_disk.ts";
import { checkGpt } from "../../src/disk/gpt_check.ts";
import { gpt } from "../../src/disk/gpt.ts";
import { qcow2 } from "../../src/disk/qcow2.ts";
import { verity, type VerityOptions } from "../../src/disk/verity.ts";
import { vhd } from "../../src/disk/vhd.ts";
import { ext4, type Ext4Content } from "../../src/format/ext4/format.ts";
import { erofs } from "../../src/format/erofs/format.ts";
import { squashfs } from "../../src/format/squashfs/format.ts";
import type { ImageFormat } from "../../src/format/image_format.ts";
import { fileSource } from "../../src/io/file_source.ts";
import { pairedSink } from "../../src/io/paired_sink.ts";
import { withLoopDevice } from "../loop_device.ts";
import { withMountedImage } from "../loop_mount.ts";
import { mustRun, runTool } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { plainSink } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

const SIZE = 3 * 1024 * 1024;

/** A few files, one of them larger than a cluster, one with a hole. */
function tree() {
  return new CaseTree()
    .file("small", { size: 100, data: [[0, 100]] })
    .file("large", { size: 300_000, data: [[0, 300_000]] })
    .file("sparse", { size: 50_000_000, data: [[0, 4096], [40_000_000, 40_200_000]] })
    .directory("etc")
    .finish();
}

async function write(path: string, format: ImageFormat<Ext4Content>) {
  return (await writeTree(format, tree(), plainSink(path))).report;
}

async function inDirectory(use: (directory: string) => Promise<void>) {
  const directory = Deno.makeTempDirSync({ prefix: "disk_" });
  try {
    await use(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

const VERITY_CASES: readonly (readonly [string, VerityOptions, number, number?])[] = [
  ["defaults", {}, 4096],
  ["an image that ends within a block", {}, 4096, 9_876_544],
  ["no salt", { salt: "" }, 4096],
  ["sha512, small hash blocks", { algorithm: "sha512", hashBlockSize: 1024 }, 4096],
  ["sha1 and blocks of 1K", { algorithm: "sha1" }, 1024],
  ["sha384, data blocks of 512", { algorithm: "sha384", dataBlockSize: 512 }, 1024],
];

for (const [name, options, blockSize, size] of VERITY_CASES) {
  toolTest(
    `verity() makes the bytes of veritysetup: ${name}`,
    ["veritysetup"],
    () =>
      inDirectory(async (directory) => {
        const inner = ext4({
          blockSize,
          ...size === undefined ? { free: { bytes: SIZE } } : { size },
        });
        const { details } = await write(`${directory}/behind`, verity(inner, options));
        await write(`${directory}/theirs`, inner);
        const flags = [
          `--salt=${details.veritySalt || "-"}`,
          `--uuid=${details.verityUuid}`,
          `--hash=${details.verityAlgorithm}`,
          `--data-block-size=${details.verityDataBlockSize}`,
          `--hash-block-size=${details.verityHashBlockSize}`,
        ];
        const place = [
          `--hash-offset=${details.verityHashOffset}`,
          `--data-blocks=${details.verityDataBlocks}`,
        ];
        const image = `${directory}/theirs`;
        // Beside the image first, since this changes the image.
        Deno.truncateSync(image, Number(details.verityHashOffset));
        const beside = mustRun("veritysetup", ["format", ...flags, image, `${directory}/tree`]);
        match(beside, new RegExp(`Root hash: +\\t${details.verityRootHash}`));
        mustRun("veritysetup", ["format", ...flags, ...place, image, image]);
        mustRun("cmp", [`${directory}/behind`, image]);

        const sink = pairedSink(plainSink(`${directory}/ours`), plainSink(`${directory}/our_tree`));
        const written = await writeTree(
          verity(inner, { ...options, hashSink: sink.second }),
          tree(),
          sink,
        );
        strictEqual(written.report.details.verityRootHash, details.verityRootHash);
        mustRun("cmp", [`${directory}/our_tree`, `${directory}/tree`]);
      }),
  );
}

toolTest(
  "veritysetup verifies what verity() made, and finds a byte that changed",
  ["veritysetup"],
  () =>
    inDirectory(async (directory) => {
      const path = `${directory}/image`;
      const { details } = await write(path, verity(ext4({ readOnly: true })));
      const verify = () =>
        runTool("veritysetup", [
          "verify",
          path,
          path,
          String(details.verityRootHash),
          `--hash-offset=${details.verityHashOffset}`,
        ]);
      strictEqual(verify().status, 0);
      const file = Deno.openSync(path, { read: true, write: true });
      const at = 5 * 4096 + 17;
      const byte = new Uint8Array(1);
      file.seekSync(at, Deno.SeekMode.Start);
      file.readSync(byte);
      byte[0] ^= 1;
      file.seekSync(at, Deno.SeekMode.Start);
      file.writeSync(byte);
      file.close();
      notStrictEqual(verify().status, 0);
    }),
);

/** What sfdisk says of a disk. */
function partitionsOf(path: string) {
  return JSON.parse(mustRun("sfdisk", ["--json", path])).partitiontable;
}

toolTest(
  "gpt() makes a table that sgdisk and sfdisk find right",
  ["sgdisk", "sfdisk"],
  () =>
    inDirectory(async (directory) => {
      const path = `${directory}/disk`;
      for (const format of [ext4(), ext4({ size: 5_000_000, blockSize: 1024 })]) {
        const { imageSize, details } = await write(path, gpt(format, { label: "système" }));
        const checked = mustRun("sgdisk", ["-v", path]);
        match(checked, /^\s*No problems found/);
        match(mustRun("sfdisk", ["--verify", path]), /No errors detected/);
        strictEqual(imageSize % 2 ** 20, 0);
        strictEqual(Deno.statSync(path).size, imageSize);
        const table = partitionsOf(path);
        strictEqual(table.id.toLowerCase(), details.diskUuid);
        strictEqual(table.partitions.length, 1);
        const [partition] = table.partitions;
        strictEqual(partition.start * 512, details.partitionOffset);
        strictEqual(partition.size * 512, details.partitionSize);
        strictEqual(partition.uuid.toLowerCase(), details.partitionUuid);
        strictEqual(partition.type.toLowerCase(), details.partitionType);
        strictEqual(partition.attrs, "GUID:59");
        strictEqual(partition.name, "système");
      }
    }),
);

toolTest(
  "gpt() of verity() has two partitions named by the root hash, which veritysetup verifies",
  ["sgdisk", "sfdisk", "veritysetup", "root", "mount:ext4"],
  () =>
    inDirectory(async (directory) => {
      const path = `${directory}/disk`;
      const format = gpt(verity(ext4({ readOnly: true })), { architecture: "arm64" });
      const { details } = await write(path, format);
      match(mustRun("sgdisk", ["-v", path]), /^\s*No problems found/);
      const [root, hashes] = partitionsOf(path).partitions;
      const hash = String(details.verityRootHash);
      strictEqual(root.uuid.toLowerCase().replaceAll("-", ""), hash.slice(0, 32));
      strictEqual(hashes.uuid.toLowerCase().replaceAll("-", ""), hash.slice(32));
      strictEqual(root.type, "B921B045-1DF0-41C3-AF44-4C6F280D3FAE");
      strictEqual(hashes.type, "DF3300CE-D69F-4C92-978C-9BFB0F38D820");
      deepStrictEqual([root.attrs, hashes.attrs], ["GUID:60", "GUID:60"]);
      const bytes = Deno.readFileSync(path);
      const cut = ({ start, size }: { start: number; size: number }, name: string) => {
        Deno.writeFileSync(
          `${directory}/${name}`,
          bytes.subarray(start * 512, (start + size) * 512),
        );
        return `${directory}/${name}`;
      };
      mustRun("veritysetup", ["verify", cut(root, "root"), cut(hashes, "hashes"), hash]);
      withMountedImage(`${directory}/root`, (mounted) => {
        strictEqual(Deno.statSync(`${mounted}/large`).size, 300_000);
      });
    }),
);

toolTest(
  "vhd() makes a disk that qemu-img reads, of whole MiB",
  ["qemu-img"],
  () =>
    inDirectory(async (directory) => {
      for (const inner of [ext4({ free: { bytes: 12_345_678 } }), gpt(verity(ext4()))]) {
        const { imageSize, details } = await write(`${directory}/disk.vhd`, vhd(inner));
        await write(`${directory}/raw`, inner);
        const text = mustRun("qemu-img", [
          "info",
          "-f",
          "vpc",
          "--output=json",
          `${directory}/disk.vhd`,
        ]);
        strictEqual(JSON.parse(text)["virtual-size"], imageSize - 512);
        strictEqual(details.diskSize, imageSize - 512);
        strictEqual((imageSize - 512) % 2 ** 20, 0);
        const compare = ["compare", "-f", "vpc", "-F", "raw", `${directory}/disk.vhd`];
        match(mustRun("qemu-img", [...compare, `${directory}/raw`]), /Images are identical/);
      }
    }),
);

for (const compression of ["none", "zstd"] as const) {
  toolTest(
    `qcow2() makes a file that qemu-img finds right: ${compression}`,
    ["qemu-img"],
    () =>
      inDirectory(async (directory) => {
        // One of 3 GiB needs several L2 tables.
        const inners = [
          ext4(),
          gpt(verity(ext4())),
          ext4({ size: 3 * 2 ** 30 }),
          ext4({ size: 2_000_001 }),
        ];
        for (const inner of inners) {
          const path = `${directory}/disk.qcow2`;
          const { imageSize } = await write(path, qcow2(inner, { compression }));
          await write(`${directory}/raw`, inner);
          strictEqual(Deno.statSync(path).size, imageSize);
          match(mustRun("qemu-img", ["check", path]), /No errors were found/);
          const compared = mustRun("qemu-img", ["compare", "-F", "raw", path, `${directory}/raw`]);
          match(compared, /Images are identical/);
        }
      }),
  );
}

toolTest(
  "qemu-img finds a fault in a qcow2 file",
  ["qemu-img"],
  () =>
    inDirectory(async (directory) => {
      const path = `${directory}/disk.qcow2`;
      await write(path, qcow2(ext4()));
      const bytes = Deno.readFileSync(path);
      // A reference count that is one too high.
      const table = Number(new DataView(bytes.buffer).getBigUint64(0x30));
      const block = Number(new DataView(bytes.buffer).getBigUint64(table));
      bytes[block + 3]++;
      Deno.writeFileSync(path, bytes);
      notStrictEqual(runTool("qemu-img", ["check", path]).status, 0);
    }),
);

toolTest(
  "openDisk() reads what qemu-img makes of an image",
  ["qemu-img"],
  () =>
    inDirectory(async (directory) => {
      const raw = `${directory}/raw`;
      await write(raw, ext4({ size: 60 * 2 ** 20 }));
      const kinds = [
        ["-O", "qcow2", "-c", "-o", "compression_type=zlib"],
        ["-O", "qcow2", "-c", "-o", "compression_type=zstd,cluster_size=4096"],
        ["-O", "qcow2", "-o", "compat=0.10"],
        ["-O", "qcow2", "-o", "cluster_size=512"],
        ["-O", "qcow2", "-c", "-o", "cluster_size=2M"],
        ["-O", "vpc", "-o", "subformat=fixed,force_size=on"],
      ];
      for (const kind of kinds) {
        const path = `${directory}/made`;
        mustRun("qemu-img", ["convert", "-f", "raw", ...kind, raw, path]);
        const [made, expected] = [openDisk(fileSource(path)).image, fileSource(raw)];
        strictEqual(made.size, expected.size);
        const [found, wanted] = [new Uint8Array(2 ** 20), new Uint8Array(2 ** 20)];
        for (let at = 0; at < made.size; at += 2 ** 20) {
          strictEqual(made.read(found, at), expected.read(wanted, at));
          strictEqual(Buffer.compare(found, wanted), 0, `${kind} at ${at}`);
        }
        made.close();
        expected.close();
        Deno.removeSync(path);
      }
      mustRun("qemu-img", ["convert", "-f", "raw", "-O", "vpc", raw, `${directory}/dynamic.vhd`]);
      throws(() => openDisk(fileSource(`${directory}/dynamic.vhd`)), /dynamic or differencing/);
    }),
);

const OTHERS: readonly (readonly [string, ImageFormat<unknown>, string[]])[] = [
  ["squashfs", squashfs() as ImageFormat<unknown>, ["unsquashfs", "-l"]],
  ["erofs", erofs() as ImageFormat<unknown>, ["fsck.erofs"]],
];

for (const [name, inner, judge] of OTHERS) {
  toolTest(
    `${name} goes into everything that ext4 goes into`,
    ["veritysetup", "sgdisk", "sfdisk", "qemu-img", judge[0]],
    () =>
      inDirectory(async (directory) => {
        const path = `${directory}/image`;
        const one = new CaseTree().file("one", { size: 5, data: [[0, 5]] }).finish();
        for (const files of [tree(), one]) {
          const { report } = await writeTree(verity(inner), files, plainSink(path));
          const { verityRootHash, verityHashOffset } = report.details;
          const offset = `--hash-offset=${verityHashOffset}`;
          mustRun("veritysetup", ["verify", path, path, String(verityRootHash), offset]);
          mustRun(judge[0], [...judge.slice(1), path]);
          const disk = `${directory}/disk.qcow2`;
          const format = qcow2(gpt(verity(inner)), { compression: "zstd" });
          await writeTree(format, files, plainSink(disk));
          match(mustRun("qemu-img", ["check", disk]), /No errors were found/);
          mustRun("qemu-img", ["convert", "-O", "raw", disk, `${directory}/raw`]);
          match(mustRun("sgdisk", ["-v", `${directory}/raw`]), /^\s*No problems found/);
          strictEqual(partitionsOf(`${directory}/raw`).partitions[0].attrs, "GUID:60");
        }
      }),
  );
}

Deno.test("a disk file is a source of its files", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/disk.qcow2`;
    await write(path, qcow2(gpt(verity(ext4())), { compression: "zstd" }));
    const { convert } = await import("../../src/convert/convert.ts");
    const { imageFile } = await import("../../src/source/image_file.ts");
    for (const format of [undefined, "ext4"]) {
      const image = await imageFile(path, { format });
      const { counts } = await convert(image, ext4(), plainSink(`${directory}/copy`));
      await image.close();
      deepStrictEqual([counts.regular, counts.directory], [3, 2]);
    }
  }));

toolTest(
  "gpt() and verity() write a block device as they write a file",
  ["root", "losetup", "mount:ext4", "sgdisk"],
  () =>
    inDirectory(async (directory) => {
      const { fileSink } = await import("../../src/io/file_sink.ts");
      const format = gpt(verity(ext4({ readOnly: true })));
      const { imageSize } = await write(`${directory}/file`, format);
      const disk = `${directory}/disk`;
      Deno.writeFileSync(disk, new Uint8Array(imageSize).fill(0xa5));
      await withLoopDevice(disk, async (device) => {
        await writeTree(format, tree(), fileSink(device, { force: true }));
      });
      mustRun("cmp", [disk, `${directory}/file`]);
      ok(imageSize > 0);
    }),
);

toolTest(
  "gpt() takes all of a block device, and leaves alone what it does not need",
  ["root", "losetup", "mount:ext4", "sgdisk"],
  () =>
    inDirectory(async (directory) => {
      const { fileSink } = await import("../../src/io/file_sink.ts");
      const format = gpt(ext4());
      const { imageSize } = await write(`${directory}/file`, format);
      const disk = `${directory}/disk`;
      const deviceSize = imageSize + 3 * 1024 * 1024 + 512;
      Deno.writeFileSync(disk, new Uint8Array(deviceSize).fill(0xa5));
      await withLoopDevice(disk, async (device) => {
        await writeTree(format, tree(), fileSink(device, { force: true }));
      });
      match(mustRun("sgdisk", ["-v", disk]), /No problems found/);
      const problems: string[] = [];
      const source = fileSource(disk);
      checkGpt(source, ({ message }) => problems.push(message));
      source.close();
      deepStrictEqual(problems, []);
      const bytes = Deno.readFileSync(disk);
      ok(bytes.subarray(imageSize, deviceSize - 33 * 512).every((byte) => byte === 0xa5));
      // The image has its table, and where its own backup would be nothing.
      const file = Deno.readFileSync(`${directory}/file`);
      const end = imageSize - 33 * 512;
      strictEqual(
        Buffer.compare(bytes.subarray(1024 * 1024, end), file.subarray(1024 * 1024, end)),
        0,
      );
      ok(bytes.subarray(end, imageSize).every((byte) => byte === 0));
    }),
);

toolTest(
  "gpt() refuses a device with sectors of 4 KiB before anything is written",
  ["root", "losetup", "mount:ext4"],
  () =>
    inDirectory(async (directory) => {
      const { fileSink } = await import("../../src/io/file_sink.ts");
      const disk = `${directory}/disk`;
      const bytes = new Uint8Array(1024 * 1024).fill(0xa5);
      Deno.writeFileSync(disk, bytes);
      await withLoopDevice(disk, async (device) => {
        await rejects(
          writeTree(gpt(ext4()), tree(), fileSink(device, { force: true })),
          /the device has sectors of 4096 bytes, expected 512/,
        );
      }, ["--sector-size", "4096"]);
      strictEqual(Buffer.compare(Deno.readFileSync(disk), bytes), 0);
    }),
);
