/**
 * What is mounted on this machine.
 *
 * @module
 */
import { SystemFiles } from "./system_files.ts";

/** A mounted filesystem. */
export interface Mount {
  /** Its device, as `MAJOR:MINOR`. */
  readonly device: string;
  /** The directory or file that it covers. */
  readonly path: string;
  /** Kind of filesystem. */
  readonly type: string;
  /** What it was mounted from: a device, or any text. */
  readonly source: string;
}

/** All mounts that the process sees; none where that cannot be known (`/proc` is not there, say). */
export function readMounts(): Mount[] {
  using files = new SystemFiles();
  const table = files.text("/proc/self/mountinfo") ?? "";
  return table.split("\n").filter((line) => line !== "").map(parseMount);
}

/** proc_pid_mountinfo(5): number, parent, device, root, mount point… - type, source, options. */
function parseMount(line: string): Mount {
  const [fixed, rest = ""] = line.split(" - ");
  const [, , device, , path] = fixed.split(" ");
  const [type, source = ""] = rest.split(" ");
  return { device, path: unescape(path), type, source: unescape(source) };
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
