/**
 * What output says of a file, as text and as JSON.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import { FileKind, type Inode } from "../tree/inode.ts";
import { KIND_LETTERS } from "../tree/kind_letters.ts";
import { exactText } from "./shown_name.ts";

/** How times are written: to the minute, to the nanosecond, or as seconds since 1970. */
export type TimeStyle = "long-iso" | "full-iso" | "epoch";

/** Names of the kinds, as `stat` has them. */
export const KIND_NAMES: Readonly<Record<FileKind, string>> = {
  [FileKind.regular]: "regular file",
  [FileKind.directory]: "directory",
  [FileKind.characterDevice]: "character special file",
  [FileKind.blockDevice]: "block special file",
  [FileKind.fifo]: "fifo",
  [FileKind.socket]: "socket",
  [FileKind.symlink]: "symbolic link",
};

/** Kind and permissions as ten letters, as `-rwsr-xr-x`. */
export function modeLetters({ kind, permissions }: Inode): string {
  const bit = (mask: number, letter: string) => (permissions & mask) === 0 ? "-" : letter;
  const execute = (mask: number, special: number, letter: string) => {
    if ((permissions & special) === 0) return bit(mask, "x");
    return (permissions & mask) === 0 ? letter.toUpperCase() : letter;
  };
  return KIND_LETTERS[kind] +
    bit(0o400, "r") + bit(0o200, "w") + execute(0o100, 0o4000, "s") +
    bit(0o040, "r") + bit(0o020, "w") + execute(0o010, 0o2000, "s") +
    bit(0o004, "r") + bit(0o002, "w") + execute(0o001, 0o1000, "t");
}

/** Permissions as four octal digits. */
export function octalMode({ permissions }: Inode): string {
  return permissions.toString(8).padStart(4, "0");
}

/** Whether it is a device, which has numbers instead of a size. */
export function isDevice({ kind }: Inode): boolean {
  return kind === FileKind.characterDevice || kind === FileKind.blockDevice;
}

/** A time in UTC. Beyond the calendar of ISO 8601 it is `@` and seconds. */
export function timeText(seconds: number, nanoseconds: number, style: TimeStyle): string {
  const date = new Date(seconds * 1000);
  const fraction = String(nanoseconds).padStart(9, "0");
  const year = date.getUTCFullYear();
  // Also where the date is none at all.
  const isOutside = !(year >= 0 && year <= 9999);
  if (style === "epoch" || isOutside) {
    return `${style === "epoch" ? "" : "@"}${seconds}.${fraction}`;
  }
  const [day, time] = date.toISOString().split("T");
  if (style === "long-iso") return `${day} ${time.slice(0, 5)}`;
  return `${day} ${time.slice(0, 8)}.${fraction} +0000`;
}

/** What JSON says of the file at `path`; `withAll` adds what only `stat` tells. */
export function fileJson(
  path: ByteString,
  inode: Inode,
  withAll: boolean,
): Readonly<Record<string, unknown>> {
  return {
    path: exactText(`/${path}`),
    type: kindWord(inode.kind),
    mode: octalMode(inode),
    nlink: inode.linkCount,
    uid: inode.uid,
    gid: inode.gid,
    size: inode.size,
    mtime: jsonTime(inode.mtimeSeconds, inode.mtimeNanoseconds),
    ...(withAll ? { atime: jsonTime(inode.atimeSeconds, inode.atimeNanoseconds) } : {}),
    ...(inode.kind === FileKind.symlink ? { target: exactText(inode.target) } : {}),
    ...(isDevice(inode) ? { rdev: `${inode.deviceMajor}:${inode.deviceMinor}` } : {}),
    ...(withAll && inode.xattrs.length > 0
      ? {
        xattrs: Object.fromEntries(
          inode.xattrs.map(({ name, value }) => [exactText(name), `0x${value.toHex()}`]),
        ),
      }
      : {}),
  };
}

/** The name of a kind in JSON and of differences: `regular`, `directory`, `characterDevice`… */
export function kindWord(kind: FileKind): string {
  return Object.entries(FileKind).find(([, value]) => value === kind)![0];
}

/** ISO 8601 with nanoseconds, or `@` and seconds. */
function jsonTime(seconds: number, nanoseconds: number): string {
  return timeText(seconds, nanoseconds, "full-iso").replace(" +0000", "Z").replace(" ", "T");
}
