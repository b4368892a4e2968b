import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { withLoopDevice } from "../loop_device.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { namesIn, runCli, TINY, withDirectory } from "./cli_process.ts";

/** Facts of the image in a report of `--json`. */
function detailsOf(stdout: string): Record<string, string | number> {
  return JSON.parse(stdout).image.details;
}

toolTest(
  "--verity tells root hash and salt, and veritysetup agrees",
  ["veritysetup"],
  () =>
    withDirectory(async (directory) => {
      const image = `${directory}/a.ext4`;
      const result = await runCli([TINY, "-o", image, "--read-only", "--verity", "--json"]);
      strictEqual(result.code, 0, result.stderr);
      const { verityRootHash, veritySalt, verityHashOffset } = detailsOf(result.stdout);
      match(result.stderr, new RegExp(`: root hash ${verityRootHash}, salt ${veritySalt}\n$`));
      const offset = `--hash-offset=${verityHashOffset}`;
      mustRun("veritysetup", ["verify", image, image, String(verityRootHash), offset]);

      const tree = `${directory}/b.verity`;
      const apart = await runCli([
        TINY,
        "-o",
        `${directory}/b.ext4`,
        "--read-only",
        `--verity=${tree}`,
        "--verity-algorithm=sha512",
        "--verity-salt=00ff",
        "--verity-uuid=01234567-89ab-cdef-0123-456789abcdef",
        "--json",
      ]);
      strictEqual(apart.code, 0, apart.stderr);
      const details = detailsOf(apart.stdout);
      strictEqual(details.veritySalt, "00ff");
      mustRun("veritysetup", [
        "verify",
        `${directory}/b.ext4`,
        tree,
        String(details.verityRootHash),
      ]);
      match(mustRun("veritysetup", ["dump", tree]), /01234567-89ab-cdef-0123-456789abcdef/);
      deepStrictEqual(namesIn(directory), ["a.ext4", "b.ext4", "b.verity"]);
    }),
);

Deno.test("an image and its hash tree appear both or not at all", () =>
  withDirectory(async (directory) => {
    const image = `${directory}/a.ext4`;
    const noPlace = await runCli([TINY, "-o", image, `--verity=${directory}/no/tree`]);
    strictEqual(noPlace.code, 5, noPlace.stderr);
    // Found out when all is written.
    const tooLarge = await runCli([
      TINY,
      "-o",
      image,
      `--verity=${directory}/tree`,
      "--block-size=1K",
      "--verity-data-block-size=4K",
    ]);
    strictEqual(tooLarge.code, 4, tooLarge.stderr);
    match(tooLarge.stderr, /data blocks have 4096 bytes .*, expected at most 1024/);
    deepStrictEqual(namesIn(directory), []);
  }));

toolTest(
  "--partition, --vhd and --qcow2 combine, and names choose them",
  ["sgdisk", "qemu-img"],
  () =>
    withDirectory(async (directory) => {
      const make = async (name: string, ...options: string[]) => {
        const result = await runCli([TINY, "-o", `${directory}/${name}`, ...options]);
        strictEqual(result.code, 0, result.stderr);
        return result;
      };
      await make("disk.img", "--partition", "gpt", "--verity");
      match(mustRun("sgdisk", ["-v", `${directory}/disk.img`]), /^\s*No problems found/);
      const made = await make("disk.vhd", "--partition=gpt", "--verity");
      match(made.stderr, /disk\.vhd: ext4\+verity\+gpt\+vhd, /);
      await make("disk.qcow2", "--partition=gpt", "--verity", "--qcow2=zstd");
      await make("plain.img", "--partition=gpt", "--verity", "--qcow2");
      for (
        const [name, format] of [["disk.vhd", "vpc"], ["disk.qcow2", "qcow2"], [
          "plain.img",
          "qcow2",
        ]]
      ) {
        const files = [`${directory}/${name}`, `${directory}/disk.img`];
        mustRun("qemu-img", ["compare", "-f", format, "-F", "raw", ...files]);
      }
      const label = await make(
        "label.img",
        "--partition=gpt",
        "--partition-label=os",
        "--read-only",
      );
      match(label.stderr, /ext4\+gpt/);
      const shown = mustRun("sgdisk", ["-i", "1", `${directory}/label.img`]);
      match(shown, /Partition name: 'os'/);
      match(shown, /Attribute flags: 1000000000000000/);
      match(shown, /4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709/);
    }),
);

Deno.test("verify and inspect know what is around an image", () =>
  withDirectory(async (directory) => {
    const disk = `${directory}/disk.qcow2`;
    const made = await runCli([TINY, "-o", disk, "--verity", "--partition=gpt", "--json"]);
    const report = detailsOf(made.stdout);
    const inspected = await runCli(["inspect", disk, "--json"]);
    const { details } = JSON.parse(inspected.stdout);
    const shown = Object.keys(details).filter((name) => report[name] !== undefined);
    for (const name of shown) strictEqual(details[name], report[name], name);
    strictEqual(shown.filter((name) => /^(verity|partition|hashPart|disk)/.test(name)).length, 19);
    strictEqual(details.containers, "verity+gpt+qcow2");
    match((await runCli(["inspect", disk])).stdout, /^Containers: +verity\+gpt\+qcow2$/m);

    const rootHash = `--root-hash=${report.verityRootHash}`;
    strictEqual((await runCli(["verify", disk, rootHash])).code, 0);
    const other = await runCli(["verify", disk, "--root-hash=00ff", "--json"]);
    strictEqual(other.code, 1, other.stderr);
    const [problem] = JSON.parse(other.stdout).problems;
    match(problem.message, /^dm-verity: the root hash is [0-9a-f]{64}, expected 00ff$/);
    strictEqual((await runCli(["verify", TINY, "--root-hash=00ff"])).code, 5);
    strictEqual((await runCli(["verify", disk, "--root-hash=0"])).code, 2);

    const [apart, tree] = [`${directory}/a.ext4`, `${directory}/a.tree`];
    strictEqual((await runCli([TINY, "-o", apart, `--verity=${tree}`])).code, 0);
    strictEqual((await runCli(["verify", apart, "--verity", tree])).code, 0);
    strictEqual((await runCli(["verify", apart, rootHash])).code, 5);
    Deno.truncateSync(tree, 8192);
    strictEqual((await runCli(["verify", apart, `--verity=${tree}`])).code, 1);

    const bytes = Deno.readFileSync(disk);
    // A reference count.
    const table = Number(new DataView(bytes.buffer).getBigUint64(0x30));
    bytes[Number(new DataView(bytes.buffer).getBigUint64(table)) + 1]++;
    Deno.writeFileSync(disk, bytes);
    const damaged = await runCli(["verify", disk]);
    strictEqual(damaged.code, 1);
    match(damaged.stdout, /qcow2: reference count of cluster 0 is 2, expected 1 \(offset 0\)/);
  }));

Deno.test("disks of equal inputs are equal, those of others are not", () =>
  withDirectory(async (directory) => {
    const bytes = new Map<string, Uint8Array>();
    for (const [name, ...options] of [["a"], ["b"], ["c", "--label", "other"]]) {
      const path = `${directory}/${name}.vhd`;
      const args = [TINY, "-o", path, "--verity", "--partition=gpt", "--read-only", ...options];
      strictEqual((await runCli(args)).code, 0);
      bytes.set(name, Deno.readFileSync(path));
    }
    deepStrictEqual(bytes.get("a"), bytes.get("b"));
    strictEqual(bytes.get("a")!.every((byte, i) => byte === bytes.get("c")![i]), false);
  }));

Deno.test("options of disks that do not go together end with code 2", () =>
  withDirectory(async (directory) => {
    const output = `${directory}/x.ext4`;
    const cases: readonly (readonly [string[], RegExp])[] = [
      [["--vhd", "--qcow2"], /--vhd and --qcow2 exclude each other/],
      [["--partition=mbr"], /gpt/],
      [[`--verity=${output}`], /to one file, expected two/],
      [["--format=tar", "--verity"], /Cannot put tar into dm-verity/],
    ];
    for (const [options, message] of cases) {
      const result = await runCli([TINY, "-o", output, ...options]);
      strictEqual(result.code, 2, `${options}: ${result.stderr}`);
      match(result.stderr, message);
    }
    deepStrictEqual(namesIn(directory), []);
  }));

toolTest(
  "a disk file does not go onto a block device",
  ["root", "losetup", "mount:ext4"],
  () =>
    withDirectory(async (directory) => {
      Deno.writeFileSync(`${directory}/disk`, new Uint8Array(1024 * 1024));
      await withLoopDevice(`${directory}/disk`, async (device) => {
        const args = [TINY, "-o", device, "--format=ext4", "--force", "--qcow2"];
        const result = await runCli(args);
        strictEqual(result.code, 2, result.stderr);
        match(result.stderr, /Cannot write qcow2 to block device/);
      });
    }),
);
