/**
 * Loop devices: files of this machine that serve as disks.
 *
 * @module
 */
import { SystemFiles } from "./system_files.ts";

const DEVICES = "/sys/block";

/** Paths of the files behind all loop devices; none where that cannot be known. */
export function loopFiles(): string[] {
  using files = new SystemFiles();
  return files.names(DEVICES).flatMap((name) => {
    if (!name.startsWith("loop")) return [];
    const text = files.text(`${DEVICES}/${name}/loop/backing_file`);
    return text === null ? [] : [text.replace(/\n$/, "")];
  });
}
