/**
 * Our image as the kernel shows it, against a directory that somebody else made of the same image.
 *
 * @module
 */
import { compareTrees, formatDifference, type TreeField } from "../../src/tree/compare.ts";
import type { Inode } from "../../src/tree/inode.ts";
import { walk } from "../../src/tree/file_tree.ts";
import { withMountedImage } from "../loop_mount.ts";
import { MountedTree } from "../mounted_tree.ts";
import { dropLostAndFound } from "./converted_image.ts";

/** What an oracle cannot know. */
export interface OracleLimits {
  /** Fields that it shows otherwise; access times are never compared. */
  readonly ignore?: readonly TreeField[];
  /**
   * Time that the merge gives to directories it made itself, seconds since 1970: an oracle gives
   * them the time of day, so that the times of such files are not compared.
   */
  readonly createdSeconds?: number;
  /** The root directory is not compared: it is none of the image's. */
  readonly ignoreRoot?: boolean;
}

/**
 * Mounts the ext4 image `path` by the kernel and compares it with `directory`: names, types,
 * modes, owners, sizes, times, devices, targets, attributes, hard links, link counts, contents.
 * Answers a line for each difference, ours first.
 */
export function differencesFromOracle(
  path: string,
  directory: string,
  limits: OracleLimits = {},
): string[] {
  return withMountedImage(path, (mounted) => {
    using ours = new MountedTree(mounted);
    using theirs = new MountedTree(directory);
    dropLostAndFound(ours.tree);
    if (limits.createdSeconds !== undefined) {
      adoptTimes(limits.createdSeconds, ours, theirs);
    }
    const found = compareTrees(
      { tree: ours.tree, reader: ours },
      { tree: theirs.tree, reader: theirs },
      { ignore: ["atime", ...limits.ignore ?? []] },
    );
    const counted = Array.from(found).filter(({ path }) => path !== "" || !limits.ignoreRoot);
    return counted.map(formatDifference);
  });
}

/** Gives our files that have the time of creation the times of their counterparts. */
function adoptTimes(createdSeconds: number, ours: MountedTree, theirs: MountedTree): void {
  const counterparts = new Map<string, Inode>();
  for (const { path, inode } of walk(theirs.tree)) counterparts.set(path, inode);
  for (const { path, inode } of walk(ours.tree)) {
    const counterpart = counterparts.get(path);
    if (counterpart === undefined || inode.mtimeSeconds !== createdSeconds) continue;
    inode.mtimeSeconds = counterpart.mtimeSeconds;
    inode.mtimeNanoseconds = counterpart.mtimeNanoseconds;
  }
}
