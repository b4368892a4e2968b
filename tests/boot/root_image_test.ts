/**
 * Images as the root filesystem of a machine: the kernel finds them, and `/init` is its first
 * process.
 */
import { match, strictEqual } from "node:assert/strict";
import { runCli, withDirectory } from "../e2e/cli_process.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { makeInitramfs } from "./initramfs.ts";
import { assertStarted, writeStartedImage } from "./started_image.ts";
import { boot, type Drive, MACHINE_TOOLS } from "./virtual_machine.ts";

/** Converts the image and answers the report. */
async function convertStarted(directory: string, output: string, ...args: string[]) {
  const layout = `${directory}/layout`;
  writeStartedImage(layout);
  const options = ["--init-from-config", "--hostname=vm", "--json", "-q", ...args];
  const result = await runCli([`oci:${layout}:app`, "-o", `${directory}/${output}`, ...options]);
  strictEqual(result.code, 0, result.stderr);
  return JSON.parse(result.stdout);
}

interface DiskCase {
  readonly name: string;
  readonly file: string;
  readonly format?: Drive["format"];
  readonly args?: readonly string[];
  /** What else the kernel is told; it mounts read-only where it is not told how. */
  readonly told: string;
}

/** Disks that the kernel starts by itself: no initramfs, no boot loader. */
const DISKS: readonly DiskCase[] = [
  { name: "an ext4", file: "root.ext4", told: "rw" },
  { name: "an ext4 with a journal", file: "root.ext4", args: ["--journal"], told: "" },
  { name: "an ext4 without room", file: "root.ext4", args: ["--read-only"], told: "ro" },
  { name: "a GPT disk", file: "disk.img", args: ["--partition", "gpt"], told: "" },
  {
    name: "a VHD",
    file: "disk.vhd",
    format: "vpc",
    args: ["--partition", "gpt"],
    told: "rw",
  },
  {
    name: "a compressed qcow2",
    file: "disk.qcow2",
    format: "qcow2",
    args: ["--partition", "gpt", "--qcow2=zstd"],
    told: "rw reboot=k",
  },
];

for (const { name, file, format, args = [], told } of DISKS) {
  toolTest(
    `a machine starts from ${name}`,
    [...MACHINE_TOOLS, "e2fsck"],
    () =>
      withDirectory(async (directory) => {
        const { image } = await convertStarted(directory, file, ...args);
        const partition = image.details.partitionUuid;
        strictEqual(partition !== undefined, args.includes("gpt"));
        const path = `${directory}/${file}`;
        const root = partition === undefined ? "/dev/nvme0n1" : `PARTUUID=${partition}`;
        const { console } = await boot({
          directory,
          drives: [{ path, format, bus: "nvme", isWritable: true }],
          kernelArguments: `root=${root} rootwait init=/init ${told}`,
        });
        assertStarted(console, { isReadOnly: told === "ro" });
        // Not forced, it looks only where a machine has left work behind.
        if (partition === undefined) match(mustRun("e2fsck", ["-n", path]), /: clean, /);
      }),
  );
}

const OTHERS: readonly (readonly [type: string, ...args: string[]])[] = [
  ["squashfs", "--on-loss=report"],
  ["erofs", "--compression=lz4"],
];

for (const [type, ...args] of OTHERS) {
  toolTest(
    `a machine starts from ${[type, ...args].join(" ")}`,
    MACHINE_TOOLS,
    () =>
      withDirectory(async (directory) => {
        await convertStarted(directory, `root.${type}`, ...args);
        const initramfs = `${directory}/initramfs`;
        await makeInitramfs(initramfs, {
          modules: ["virtio_pci", "virtio_blk", type],
          script: `mount -t ${type} -o ro /dev/vda /mnt && exec switch_root /mnt /init`,
        });
        const drives = [{ path: `${directory}/root.${type}` }];
        const { console } = await boot({ directory, drives, initramfs, kernelArguments: "ro" });
        assertStarted(console, { isReadOnly: true });
      }),
  );
}

for (const file of ["root.cpio", "root.cpio.zst"]) {
  toolTest(
    `a machine starts from ${file} alone`,
    MACHINE_TOOLS,
    () =>
      withDirectory(async (directory) => {
        await convertStarted(directory, file);
        const { console } = await boot({ directory, initramfs: `${directory}/${file}` });
        assertStarted(console, { isReadOnly: false });
      }),
  );
}
