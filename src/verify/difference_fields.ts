/**
 * The fields of files that are compared, by their names for people.
 *
 * @module
 */
import type { TreeDifference, TreeField } from "../tree/compare.ts";

/** Names of fields for people, in the words of `stat`, and what they are to `compareTrees`. */
export const FIELD_NAMES = {
  type: "kind",
  mode: "permissions",
  uid: "uid",
  gid: "gid",
  size: "size",
  mtime: "mtime",
  atime: "atime",
  target: "target",
  rdev: "device",
  xattrs: "xattr",
  links: "link",
  nlink: "linkCount",
  content: "content",
} as const satisfies Readonly<Record<string, TreeField>>;
/** One of the names of fields. */
export type FieldName = keyof typeof FIELD_NAMES;

/** Fields that count only where they are asked for: reading changes them, or formats do. */
export type ExtraField = "atime" | "nlink";
/** All of {@linkcode ExtraField}. */
export const EXTRA_FIELDS = ["atime", "nlink"] as const satisfies readonly ExtraField[];

/** The name for people of what differs. */
export function fieldName(what: TreeDifference["what"]): string {
  return Object.entries(FIELD_NAMES).find(([, field]) => field === what)?.[0] ?? what;
}
