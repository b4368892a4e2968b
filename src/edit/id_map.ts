/**
 * User and group ids of an image as other ids, as `/proc/PID/uid_map` maps those of a user namespace.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import type { Inode, Xattr } from "../tree/inode.ts";
import type { IdRange } from "./image_edits.ts";

/** The largest id; the next one stands for "none". */
export const MAX_ID = 0xffff_fffe;

/** Attributes that hold POSIX ACLs. */
const ACL_NAMES = ["system.posix_acl_access", "system.posix_acl_default"];
/** Version, then entries of a tag (u16), permissions (u16) and an id (u32), little-endian. */
const ACL_HEADER_SIZE = 4;
const ACL_ENTRY_SIZE = 8;
const ACL_USER = 0x02;
const ACL_GROUP = 0x08;

/** Maps ids of one kind. */
export class IdMap {
  readonly #what: string;
  /** The ranges, ordered by the ids in the image. */
  readonly ranges: readonly IdRange[];

  /**
   * Takes the ranges; `what` (`user` or `group`) names the ids in messages. Throws `RangeError`
   * for ranges that overlap, are empty or go beyond 2^32 - 2.
   */
  constructor(what: string, ranges: readonly IdRange[]) {
    this.#what = what;
    this.ranges = [...ranges].sort((a, b) => a.from - b.from);
    let end = 0;
    for (const { from, to, count } of this.ranges) {
      const isValid = [from, to, count].every((it) => Number.isSafeInteger(it) && it >= 0) &&
        count > 0 && from + count - 1 <= MAX_ID && to + count - 1 <= MAX_ID;
      if (!isValid) {
        throw new RangeError(
          `Cannot map ${what} ids ${from}:${to}:${count}, expected at least one id, and none above ${MAX_ID}`,
        );
      }
      if (from < end) throw new RangeError(`Cannot map ${what} id ${from} twice`);
      end = from + count;
    }
  }

  /** What becomes of `id`. Throws `ImageError` `LIMIT_EXCEEDED` where no range has it. */
  map(id: number): number {
    const range = this.ranges.find(({ from, count }) => id >= from && id < from + count);
    if (range !== undefined) return range.to + (id - range.from);
    const known = this.ranges.map(({ from, count }) => `${from}-${from + count - 1}`);
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot map ${this.#what} id ${id}: no range has it, expected ${known.join(" or ")}`,
    );
  }
}

/** Maps owner, group and ACLs of a file; `null` maps nothing. Throws `ImageError` `LIMIT_EXCEEDED`. */
export function mapIds(inode: Inode, users: IdMap | null, groups: IdMap | null): void {
  if (users !== null) inode.uid = users.map(inode.uid);
  if (groups !== null) inode.gid = groups.map(inode.gid);
  if (!inode.xattrs.some(({ name }) => ACL_NAMES.includes(name))) return;
  inode.xattrs = inode.xattrs.map((xattr) =>
    ACL_NAMES.includes(xattr.name) ? mapAcl(xattr, users, groups) : xattr
  );
}

/** Whether an ACL is well-formed is for those to say who take it apart; the rest is left as it is. */
function mapAcl({ name, value }: Xattr, users: IdMap | null, groups: IdMap | null): Xattr {
  const mapped = Uint8Array.from(value);
  const view = new DataView(mapped.buffer);
  for (let at = ACL_HEADER_SIZE; at + ACL_ENTRY_SIZE <= mapped.length; at += ACL_ENTRY_SIZE) {
    const tag = view.getUint16(at, true);
    const map = tag === ACL_USER ? users : tag === ACL_GROUP ? groups : null;
    if (map !== null) view.setUint32(at + 4, map.map(view.getUint32(at + 4, true)), true);
  }
  return { name, value: mapped };
}
