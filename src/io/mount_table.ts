/**
 * What is mounted on this machine.
 *
 * @module
 */

/** A mounted filesystem. */
export interface Mount {
  /** Its device, as `MAJOR:MINOR`. */
  readonly device: string;
  /** The directory or file that it covers. */
  readonly path: string;
}

/** All mounts that the process sees; none where that cannot be known (`/proc` is not there, say). */
export function readMounts(): Mount[] {
  let table: string;
  try {
    table = Deno.readTextFileSync("/proc/self/mountinfo");
  } catch {
    return []; // Not Linux, or the sandbox does not show it.
  }
  // proc_pid_mountinfo(5): number, parent, device, root, mount point…
  return table.split("\n").filter((line) => line !== "").map((line) => {
    const [, , device, , path] = line.split(" ");
    return { device, path: unescape(path) };
  });
}

/** Where something is mounted at the absolute path `path` or below it, `null` for nowhere. */
export function mountPointIn(path: string): string | null {
  const found = readMounts().find((it) => it.path === path || it.path.startsWith(`${path}/`));
  return found?.path ?? null;
}

/** Blanks and backslashes are written as three octal digits behind a backslash. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
}
