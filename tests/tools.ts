/**
 * Which tools of the machine the tests may use, and tests that need some.
 *
 * A need is the name of a program (`e2fsck`), or one of the abilities of {@linkcode ABILITIES}.
 * A test with an unmet need is ignored under its name and a line at the end of the file's run says
 * why; with `REQUIRE_TOOLS=1` it fails instead.
 *
 * @module
 */
import { accessSync, constants, readFileSync, rmSync, writeFileSync } from "node:fs";
import { findGuestKernel } from "./boot/guest_kernel.ts";
import { runTool } from "./run_tool.ts";
import { canStart, startContainerd, startDocker } from "./stores/engine_process.ts";

/** Needs that are no programs, each with its check. */
const ABILITIES: Readonly<Record<string, () => boolean>> = {
  /** The tests run as root: owners, devices and trusted attributes can be made. */
  root: isRoot,
  /** An image file can be mounted as ext4 by the kernel. */
  "mount:ext4": () => canUseLoop() && knowsFilesystem("ext4"),
  /** An image file can be mounted as squashfs by the kernel. */
  "mount:squashfs": () => canUseLoop() && knowsFilesystem("squashfs"),
  /** An image file can be mounted as EROFS by the kernel. */
  "mount:erofs": () => canUseLoop() && knowsFilesystem("erofs"),
  /** An image file can be mounted as btrfs by the kernel. */
  "mount:btrfs": () => canUseLoop() && knowsFilesystem("btrfs"),
  /** The kernel reads such EROFS images too: it is new enough. */
  "mount:erofs:deflate": () => isMet("mount:erofs") && isKernel(6, 6),
  "mount:erofs:zstd": () => isMet("mount:erofs") && isKernel(6, 10),
  "mount:erofs:48bit": () => isMet("mount:erofs") && isKernel(6, 15),
  /** Layers can be mounted one over another by the kernel. */
  "mount:overlay": () => canMount() && knowsFilesystem("overlay"),
  /** A user namespace can be made. */
  "unshare:user": () => runTool("unshare", ["--user", "--map-root-user", "true"]).status === 0,
  /** There is a kernel for virtual machines: `boot/fetch_kernel.sh` was run. */
  "boot:kernel": () => findGuestKernel() !== null,
  /** Docker can be started, with its data on overlay2. */
  "start:dockerd": () => isRoot() && canStart(startDocker),
  /** containerd can be started. */
  "start:containerd": () => isRoot() && canStart(startContainerd),
};

// Answers are kept: a check may run programs, and the machine does not change during a run.
const answers = new Map<string, boolean>();
// Needs that were not met, with how many tests of this file each stopped.
const unmet = new Map<string, number>();

/** Path of a program, `null` where it is not installed. */
export function findTool(program: string): string | null {
  const folders = [
    ...(Deno.env.get("PATH") ?? "").split(":"),
    "/usr/local/sbin",
    "/usr/sbin",
    "/sbin",
  ];
  for (const folder of folders) {
    if (folder === "") continue;
    try {
      accessSync(`${folder}/${program}`, constants.X_OK);
      return `${folder}/${program}`;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** Whether a program is installed or an ability is there. */
export function isMet(need: string): boolean {
  let answer = answers.get(need);
  if (answer === undefined) {
    const check = Object.hasOwn(ABILITIES, need) ? ABILITIES[need] : undefined;
    answer = check === undefined ? findTool(need) !== null : check();
    answers.set(need, answer);
  }
  return answer;
}

/** Whether a missing tool is a failure (`REQUIRE_TOOLS=1`). */
export function areToolsRequired(): boolean {
  return Deno.env.get("REQUIRE_TOOLS") === "1";
}

/** Registers a test that needs programs or abilities. */
export function toolTest(
  name: string,
  needs: readonly string[],
  fn: (context: Deno.TestContext) => void | Promise<void>,
): void {
  const missing = needs.filter((need) => !isMet(need));
  if (missing.length === 0) {
    Deno.test(name, fn);
  } else if (areToolsRequired()) {
    Deno.test(name, () => {
      throw new Error(`Cannot run test: ${missing.join(", ")} missing, and REQUIRE_TOOLS=1`);
    });
  } else {
    noteUnmet(missing);
    Deno.test({ name: `${name} (needs ${missing.join(", ")})`, ignore: true, fn });
  }
}

/** Runs a step of a test, with the same rules as {@linkcode toolTest}. */
export async function toolStep(
  context: Deno.TestContext,
  name: string,
  needs: readonly string[],
  fn: () => void | Promise<void>,
): Promise<void> {
  const missing = needs.filter((need) => !isMet(need));
  if (missing.length === 0) {
    await context.step(name, fn);
  } else if (areToolsRequired()) {
    await context.step(name, () => {
      throw new Error(`Cannot run step: ${missing.join(", ")} missing, and REQUIRE_TOOLS=1`);
    });
  } else {
    noteUnmet(missing);
    await context.step({ name: `${name} (needs ${missing.join(", ")})`, ignore: true, fn });
  }
}

function noteUnmet(missing: readonly string[]): void {
  if (unmet.size === 0) globalThis.addEventListener("unload", printSummary);
  for (const need of missing) unmet.set(need, (unmet.get(need) ?? 0) + 1);
}

function printSummary(): void {
  const parts = [...unmet].map(([need, count]) => `${need} (${count})`);
  console.log(`tests ignored for what this machine lacks: ${parts.join(", ")}`);
}

function isRoot(): boolean {
  return Deno.uid() === 0;
}

/** Whether the kernel is of that release or later. */
function isKernel(major: number, minor: number): boolean {
  const [hereMajor, hereMinor] = Deno.osRelease().split(/[.-]/).map(Number);
  return hereMajor > major || (hereMajor === major && hereMinor >= minor);
}

function knowsFilesystem(type: string): boolean {
  const isListed = () =>
    readFileSync("/proc/filesystems", "utf8").split("\n").some((line) =>
      line.split("\t").at(-1) === type
    );
  if (isListed()) return true;
  // It may be a module that is not loaded yet.
  if (findTool("modprobe") !== null) runTool("modprobe", [type]);
  return isListed();
}

/** Being root is not enough in a container: try it. */
function canMount(): boolean {
  if (!isRoot() || findTool("mount") === null || findTool("umount") === null) return false;
  const folder = Deno.makeTempDirSync({ prefix: "can_mount_" });
  try {
    if (runTool("mount", ["-t", "tmpfs", "none", folder]).status !== 0) return false;
    return runTool("umount", [folder]).status === 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function canUseLoop(): boolean {
  if (!isMetCached("mount", canMount) || findTool("losetup") === null) return false;
  const file = Deno.makeTempFileSync({ prefix: "can_loop_" });
  try {
    writeFileSync(file, new Uint8Array(65536));
    const attached = runTool("losetup", ["--find", "--show", file]);
    if (attached.status !== 0) return false;
    return runTool("losetup", ["--detach", attached.stdout.trim()]).status === 0;
  } finally {
    rmSync(file);
  }
}

function isMetCached(name: string, check: () => boolean): boolean {
  const key = `ability ${name}`;
  const known = answers.get(key);
  if (known !== undefined) return known;
  const answer = check();
  answers.set(key, answer);
  return answer;
}
