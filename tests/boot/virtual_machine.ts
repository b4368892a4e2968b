/**
 * Virtual machines: one boots, does its work, switches itself off.
 *
 * The processor is emulated: that works on every machine, and what runs here takes seconds.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { guestKernel } from "./guest_kernel.ts";
import { type InitramfsContent, makeInitramfs } from "./initramfs.ts";

/** What tests with virtual machines need. */
export const MACHINE_TOOLS: readonly string[] = [
  "boot:kernel",
  "qemu-system-x86_64",
  "busybox",
  "ldd",
];

/** A disk of a machine. */
export interface Drive {
  /** The file. */
  readonly path: string;
  /** Kind of file, in the words of QEMU; `raw` when absent. */
  readonly format?: "raw" | "qcow2" | "vpc";
  /** `nvme` is known to the kernel without modules; `virtio` (when absent) is `/dev/vda` and so on. */
  readonly bus?: "virtio" | "nvme";
  /** Whether what the machine writes stays in the file. */
  readonly isWritable?: boolean;
}

/** A machine. */
export interface Machine {
  /** Where its files go: a directory that the caller removes. */
  readonly directory: string;
  /** Its disks. */
  readonly drives?: readonly Drive[];
  /** Path of its initramfs. */
  readonly initramfs?: string;
  /** Further arguments of the kernel. */
  readonly kernelArguments?: string;
  /** Memory; 256 when absent. */
  readonly memoryMebibytes?: number;
}

/** What a machine said. */
export interface MachineRun {
  /** What the kernel and the first process wrote to the console. */
  readonly console: string;
  /** What was written to the second serial line, `/dev/ttyS1`. */
  readonly output: string;
}

/** After that a machine counts as hung. */
const LIMIT_MILLISECONDS = 300_000;

/** Runs a machine until it is switched off. Throws, with all that it said, where it never is. */
export async function boot(machine: Machine): Promise<MachineRun> {
  const [consoleFile, outputFile] = ["console", "output"].map((it) => join(machine.directory, it));
  const args = [
    // A plain processor: with all that QEMU 7.2 can emulate, kernels crash now and then. Its
    // cmpxchg16b for one leaves wrong flags behind.
    ...["-machine", "q35,accel=tcg", "-cpu", "Nehalem,cx16=off", "-smp", "1"],
    ...["-m", String(machine.memoryMebibytes ?? 256)],
    ...["-nodefaults", "-display", "none", "-no-reboot"],
    ...["-serial", `file:${consoleFile}`, "-serial", `file:${outputFile}`],
    ...["-kernel", guestKernel().image],
    ...["-append", `console=ttyS0 panic=-1 quiet ${machine.kernelArguments ?? ""}`],
    ...machine.initramfs === undefined ? [] : ["-initrd", machine.initramfs],
    ...(machine.drives ?? []).flatMap(driveArguments),
  ];
  const { status, errors } = await run("qemu-system-x86_64", args);
  const text = (path: string) => readFileSync(path, "utf8").replaceAll("\r\n", "\n");
  const said = { console: text(consoleFile), output: text(outputFile) };
  if (status !== 0) {
    throw new Error(
      `Cannot run the machine: its end was ${status}, expected 0\n${errors}\n` +
        `${said.console}\n${said.output}`,
    );
  }
  return said;
}

/**
 * Runs a shell script in a machine that has only an initramfs, until its end or its first error.
 * Answers what it wrote to its standard output; throws, with the console, where it fails.
 */
export async function runInMachine(
  machine: Machine,
  { script, ...content }: InitramfsContent,
): Promise<string> {
  const initramfs = join(machine.directory, "initramfs");
  const whole = `{ ( set -e\n${script}\n) </dev/null\necho "status $?"; } >/dev/ttyS1\npoweroff -f`;
  const modules = ["virtio_pci", "virtio_blk", ...content.modules ?? []];
  await makeInitramfs(initramfs, { ...content, modules, script: whole });
  const said = await boot({ ...machine, initramfs });
  const end = /(?:^|\n)status 0\n$/.exec(said.output);
  if (end === null) {
    throw new Error(`Cannot run the script to its end:\n${said.output}\n${said.console}`);
  }
  return said.output.slice(0, end.index + 1);
}

function driveArguments({ path, format, bus, isWritable }: Drive, index: number): string[] {
  const id = `drive${index}`;
  const options = `file=${path},format=${format ?? "raw"},if=none,id=${id}`;
  const device = bus === "nvme" ? `nvme,drive=${id},serial=${id}` : `virtio-blk-pci,drive=${id}`;
  return ["-drive", `${options},snapshot=${isWritable ? "off" : "on"}`, "-device", device];
}

async function run(
  program: string,
  args: readonly string[],
): Promise<{ status: number | string; errors: string }> {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => errors += chunk);
  const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT_MILLISECONDS);
  try {
    return await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ status: code ?? signal ?? "unknown", errors }));
    });
  } finally {
    clearTimeout(limit);
  }
}
