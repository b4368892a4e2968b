/**
 * `oci2rootfs stat`: all that an image says of files.
 *
 * @module
 */
import { FileKind, type Inode } from "../../tree/inode.ts";
import { findPath, type FoundFile } from "../../view/find_path.ts";
import { fileJson, isDevice, KIND_NAMES, modeLetters, octalMode, timeText } from "../file_facts.ts";
import { JsonArray } from "../json_array.ts";
import { pathIn } from "../path_argument.ts";
import { Session } from "../session.ts";
import type { NameStyle } from "../shown_name.ts";
import type { Terminal } from "../terminal.ts";
import type { StatArguments } from "./view_options.ts";

/** Runs `stat`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runStat(
  args: StatArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const session = new Session(args, terminal, signal);
  await session.withTree(args.image, "none", async ({ tree }) => {
    const files = args.paths.map((path) => findPath(tree, pathIn(tree, path), args.dereference));
    if (!args.json) {
      for (const file of files) session.output.write(statText(file, session.style));
      return;
    }
    const array = new JsonArray(session.output);
    for (const { path, inode } of files) await array.add(fileJson(path, inode, true));
    array.finish();
  });
  await session.finish();
}

function statText({ path, inode }: FoundFile, style: NameStyle): string {
  const target = inode.kind === FileKind.symlink ? ` -> ${style(inode.target)}` : "";
  const device = isDevice(inode) ? `  Device: ${inode.deviceMajor}, ${inode.deviceMinor}` : "";
  const lines = [
    `  File: ${style(`/${path}`)}${target}`,
    `  Size: ${`${inode.size}`.padEnd(15)} ${KIND_NAMES[inode.kind]}${device}`,
    ` Links: ${inode.linkCount}`,
    `  Mode: ${octalMode(inode)}/${modeLetters(inode)}  Uid: ${inode.uid}  Gid: ${inode.gid}`,
    `Access: ${timeText(inode.atimeSeconds, inode.atimeNanoseconds, "full-iso")}`,
    `Modify: ${timeText(inode.mtimeSeconds, inode.mtimeNanoseconds, "full-iso")}`,
    ...xattrLines(inode, style),
  ];
  return lines.join("\n") + "\n";
}

function xattrLines({ xattrs }: Inode, style: NameStyle): string[] {
  return xattrs.map(({ name, value }) => ` Xattr: ${style(name)}=0x${value.toHex()}`);
}
