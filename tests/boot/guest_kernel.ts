/**
 * The kernel that virtual machines boot, and its modules.
 *
 * @module
 */
import { type Dirent, existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** A kernel in files. */
export interface GuestKernel {
  /** The file that a boot loader starts. */
  readonly image: string;
  /** Directory of its modules. */
  readonly modules: string;
}

/** What `fetch_kernel.sh` brought, `null` where it was not run, or where this is another processor. */
export function findGuestKernel(): GuestKernel | null {
  if (Deno.build.arch !== "x86_64") return null;
  const cache = Deno.env.get("XDG_CACHE_HOME") || join(Deno.env.get("HOME") ?? "/", ".cache");
  const directory = join(cache, "oci2rootfs-tests", "kernel");
  const kernel = { image: join(directory, "vmlinuz"), modules: join(directory, "modules") };
  return existsSync(kernel.image) ? kernel : null;
}

/** The kernel. Throws where there is none. */
export function guestKernel(): GuestKernel {
  const kernel = findGuestKernel();
  if (kernel === null) throw new Error("Cannot find the kernel: run tests/boot/fetch_kernel.sh");
  return kernel;
}

/**
 * Files of modules and of those that they need, in the order in which they can be loaded; none for
 * what the kernel has built in.
 */
export function modulesInOrder(kernel: GuestKernel, names: readonly string[]): string[] {
  const files = new Map<string, string>();
  const entries: Dirent[] = readdirSync(kernel.modules, { recursive: true, withFileTypes: true });
  for (const { name, parentPath } of entries) {
    if (name.endsWith(".ko")) files.set(moduleName(name), join(parentPath, name));
  }
  const builtIn = readFileSync(join(kernel.modules, "modules.builtin"), "utf8").split("\n");
  const isThere = new Set(builtIn.map(moduleName));
  const ordered = new Set<string>();
  const add = (name: string) => {
    if (isThere.has(moduleName(name))) return;
    const file = files.get(moduleName(name));
    if (file === undefined) throw new Error(`Cannot find module "${name}" of the kernel`);
    if (ordered.has(file)) return;
    for (const needed of needsOf(file)) add(needed);
    ordered.add(file);
  };
  names.forEach(add);
  return [...ordered];
}

/** In names of modules `-` and `_` are the same. */
function moduleName(file: string): string {
  return basename(file, ".ko").replaceAll("-", "_");
}

/** What the section `.modinfo` of a module says that it needs. */
function needsOf(file: string): string[] {
  const found = /\0depends=([^\0]*)\0/.exec(readFileSync(file, "latin1"));
  return (found?.[1] ?? "").split(",").filter((name) => name !== "");
}
