/**
 * Mounts an image by the kernel: its EROFS has the names, and an overlay puts the objects below it as
 * the content of its files.
 *
 * @module
 */
import { isAbsolute, join, resolve } from "node:path";
import { ImageError } from "../../image_error.ts";
import { systemError } from "../../io/system_error.ts";
import { quote } from "../../oci/quote.ts";
import type { ObjectId } from "../repository/object_id.ts";
import { protectingDigest } from "../repository/protection.ts";
import type { Repository } from "../repository/repository.ts";
import { MOUNT_SOURCE } from "../repository/mounted_images.ts";

/** Options of {@linkcode mountImage}. */
export interface MountOptions {
  /** A directory that takes what is changed. */
  readonly upperDirectory?: string;
  /** An empty directory on the same file system as that. */
  readonly workDirectory?: string;
  /** Lets files be changed; that takes both directories. */
  readonly isWritable?: boolean;
  /**
   * Has the kernel check the image and its objects by their digests.
   *
   * @default whether the repository has fs-verity
   */
  readonly requiresVerity?: boolean;
}

/**
 * Mounts the image `id` at `target`, a directory. What it takes to be root: `mount(8)` is called.
 *
 * Rejects with `ImageError` `DIGEST_MISMATCH` where the kernel would not check the image itself,
 * `PERMISSION`, `NOT_FOUND`, `UNSUPPORTED` where kernel or file system lack something, or `IO`.
 */
export async function mountImage(
  repository: Repository,
  id: ObjectId,
  target: string,
  options: MountOptions = {},
): Promise<void> {
  const { upperDirectory, workDirectory, isWritable = false } = options;
  if ((upperDirectory === undefined) !== (workDirectory === undefined)) {
    throw new TypeError("Cannot mount with one of two directories: upper and work belong together");
  }
  if (isWritable && upperDirectory === undefined) {
    throw new TypeError("Cannot mount to be written to: expected an upper and a work directory");
  }
  checkDirectory(target);
  checkUser();
  checkKernel(["erofs", "overlay"]);
  const requiresVerity = options.requiresVerity ?? repository.isSecure;
  const file = repository.objects.pathOf(id);
  if (requiresVerity) checkProtection(file, id);
  const metadata = makeTemporaryDirectory();
  try {
    await mountMetadata(resolve(file), metadata);
    try {
      const settings = ["metacopy=on", "redirect_dir=on"];
      // Behind two colons stand layers of which only the content of files is taken.
      settings.push(`lowerdir=${metadata}::objects`);
      if (upperDirectory !== undefined) {
        settings.push(`upperdir=${optionPath(upperDirectory)}`);
        settings.push(`workdir=${optionPath(workDirectory!)}`);
      }
      if (requiresVerity) settings.push("verity=require");
      settings.unshift(isWritable ? "rw" : "ro");
      await runMount(
        ["-t", "overlay", "-o", settings.join(","), MOUNT_SOURCE + id, resolve(target)],
        target,
        repository.path,
      );
    } finally {
      // The overlay holds what it needs of it.
      await runUnmount(["-l", metadata], metadata);
    }
  } finally {
    Deno.removeSync(metadata);
  }
}

/** Takes a mounted image away. Rejects with `ImageError`. */
export async function unmountImage(target: string): Promise<void> {
  await runUnmount([resolve(target)], target);
}

/** Mounts the EROFS of an image; the kernel reads the file itself where it can. */
async function mountMetadata(file: string, directory: string): Promise<void> {
  try {
    await runMount(["-t", "erofs", "-o", "ro,loop", file, directory], file, "/");
  } catch (error) {
    // Without a free loop device newer kernels still take a file.
    try {
      await runMount(["-i", "-t", "erofs", "-o", "ro", file, directory], file, "/");
    } catch {
      throw error;
    }
  }
}

async function runMount(args: string[], what: string, cwd: string): Promise<void> {
  await runProgram("mount", args, "mount", what, cwd);
}

async function runUnmount(args: string[], what: string): Promise<void> {
  await runProgram("umount", args, "unmount", what, "/");
}

async function runProgram(
  program: string,
  args: string[],
  action: string,
  what: string,
  cwd: string,
): Promise<void> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(program, {
      args,
      cwd,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      env: { LC_ALL: "C" },
    }).output();
  } catch (error) {
    throw systemError(error, `run ${program} for`, what);
  }
  if (output.success) return;
  const reason = new TextDecoder().decode(output.stderr).trim().replace(/\s*\n\s*/g, " ");
  const code = /permission denied|superuser|not permitted/i.test(reason)
    ? "PERMISSION"
    : /unknown filesystem|bad option|wrong fs type|invalid argument/i.test(reason)
    ? "UNSUPPORTED"
    : "IO";
  throw new ImageError(
    code,
    `Cannot ${action} ${quote(what)}: ${quote(reason)}, expected the kernel to (as root)`,
    { where: { source: what } },
  );
}

function makeTemporaryDirectory(): string {
  try {
    return Deno.makeTempDirSync({ dir: "/tmp", prefix: "oci2rootfs_composefs_" });
  } catch (error) {
    throw systemError(error, "create directory in", "/tmp");
  }
}

/** A path in a list of mount options, in which some characters have a meaning. */
function optionPath(path: string): string {
  const absolute = isAbsolute(path) ? path : join(Deno.cwd(), path);
  if (!/[,"\\:]/.test(absolute)) return absolute;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot mount with directory ${
      quote(absolute)
    }: it has one of , " \\ : in its name, expected ` +
      "none",
    { where: { source: absolute } },
  );
}

function checkDirectory(path: string): void {
  try {
    if (Deno.statSync(path).isDirectory) return;
  } catch (error) {
    throw systemError(error, "mount at", path);
  }
  throw new ImageError("IO", `Cannot mount at ${quote(path)}: it is no directory, expected one`, {
    where: { source: path },
  });
}

function checkUser(): void {
  const user = Deno.uid();
  if (user === 0 || user === null) return;
  throw new ImageError("PERMISSION", `Cannot mount image: the user is ${user}, expected root (0)`);
}

/** The overlay requires fs-verity of the objects; the image, which names them, is below it. */
function checkProtection(file: string, id: ObjectId): void {
  if (protectingDigest(file) === id) return;
  throw new ImageError(
    "DIGEST_MISMATCH",
    `Cannot mount image ${id}: its file has no fs-verity with that digest, expected the kernel to ` +
      "check it",
    { where: { source: file } },
  );
}

function checkKernel(types: readonly string[]): void {
  let known: string;
  try {
    known = Deno.readTextFileSync("/proc/filesystems");
  } catch {
    return; // The kernel will say what it lacks.
  }
  const names = known.split("\n").map((line) => line.split("\t").at(-1));
  const missing = types.filter((type) => !names.includes(type));
  if (missing.length === 0 || mayLoadModules()) return;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot mount image: the kernel does not know ${missing.join(" and ")}, expected both`,
  );
}

/** Whether the kernel may have a module for it, to be loaded at its first use. */
function mayLoadModules(): boolean {
  try {
    return Deno.statSync(`/lib/modules/${Deno.osRelease()}`).isDirectory;
  } catch {
    return false;
  }
}
