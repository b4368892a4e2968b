/**
 * POSIX ACLs: the form of `getxattr(2)` and of tar (version 2, 8 bytes for each entry), and the
 * form of ext4 on disk (version 1, short entries without an id). Little-endian.
 *
 * @module
 */

const VERSION_XATTR = 2;
const VERSION_DISK = 1;
const HEADER_SIZE = 4;
const XATTR_ENTRY_SIZE = 8;
const DISK_SHORT_SIZE = 4;
const DISK_LONG_SIZE = 8;
/** `e_id` of entries that have none. */
const NO_ID = 0xffff_ffff;

const USER_OBJ = 0x01;
const USER = 0x02;
const GROUP_OBJ = 0x04;
const GROUP = 0x08;
const MASK = 0x10;
const OTHER = 0x20;

/** Entries of an ACL in the order that the kernel demands. */
interface AclEntry {
  readonly tag: number;
  readonly permissions: number;
  readonly id: number;
}

/** Turns a version 2 ACL into the form on disk; answers what is wrong with a malformed one. */
export function aclToDisk(value: Uint8Array): Uint8Array<ArrayBuffer> | string {
  const view = viewOf(value);
  if (value.length < HEADER_SIZE) return `${value.length} bytes, expected a header of 4`;
  const version = view.getUint32(0, true);
  if (version !== VERSION_XATTR) return `version is ${version}, expected 2`;
  if ((value.length - HEADER_SIZE) % XATTR_ENTRY_SIZE !== 0) {
    return `${value.length} bytes, expected 4 and a multiple of 8`;
  }
  const entries: AclEntry[] = [];
  for (let at = HEADER_SIZE; at < value.length; at += XATTR_ENTRY_SIZE) {
    entries.push({
      tag: view.getUint16(at, true),
      permissions: view.getUint16(at + 2, true),
      id: view.getUint32(at + 4, true),
    });
  }
  const wrong = complaint(entries);
  if (wrong !== undefined) return wrong;
  const size = entries.reduce((sum, entry) => sum + diskSize(entry.tag), HEADER_SIZE);
  const disk = new Uint8Array(size);
  const out = viewOf(disk);
  out.setUint32(0, VERSION_DISK, true); // a_version
  let at = HEADER_SIZE;
  for (const { tag, permissions, id } of entries) {
    out.setUint16(at, tag, true); // e_tag
    out.setUint16(at + 2, permissions, true); // e_perm
    if (hasId(tag)) out.setUint32(at + 4, id, true); // e_id
    at += diskSize(tag);
  }
  return disk;
}

/** Turns an ACL from disk into version 2; answers what is wrong with a malformed one. */
export function aclFromDisk(value: Uint8Array): Uint8Array<ArrayBuffer> | string {
  const view = viewOf(value);
  if (value.length < HEADER_SIZE) return `${value.length} bytes, expected a header of 4`;
  const version = view.getUint32(0, true);
  if (version !== VERSION_DISK) return `version is ${version}, expected 1`;
  const entries: AclEntry[] = [];
  for (let at = HEADER_SIZE; at < value.length;) {
    const tag = at + 2 <= value.length ? view.getUint16(at, true) : 0;
    if (at + diskSize(tag) > value.length) return `entry at ${at} ends behind the value`;
    entries.push({
      tag,
      permissions: view.getUint16(at + 2, true),
      id: hasId(tag) ? view.getUint32(at + 4, true) : NO_ID,
    });
    at += diskSize(tag);
  }
  const wrong = complaint(entries);
  if (wrong !== undefined) return wrong;
  const xattr = new Uint8Array(HEADER_SIZE + XATTR_ENTRY_SIZE * entries.length);
  const out = viewOf(xattr);
  out.setUint32(0, VERSION_XATTR, true);
  entries.forEach(({ tag, permissions, id }, i) => {
    const at = HEADER_SIZE + XATTR_ENTRY_SIZE * i;
    out.setUint16(at, tag, true);
    out.setUint16(at + 2, permissions, true);
    out.setUint32(at + 4, id, true);
  });
  return xattr;
}

/** What `posix_acl_valid` of the kernel would refuse, `undefined` for a sound ACL. */
function complaint(entries: readonly AclEntry[]): string | undefined {
  const count = (tag: number) => entries.filter((entry) => entry.tag === tag).length;
  let previous = 0;
  for (const { tag, permissions } of entries) {
    if (![USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER].includes(tag)) {
      return `entry has tag 0x${tag.toString(16)}, expected one of POSIX 1003.1e`;
    }
    if (permissions > 7) return `entry has permissions 0x${permissions.toString(16)}, expected 0-7`;
    if (tag < previous) return "entries are out of order, expected them by tag";
    previous = tag;
  }
  if (count(USER_OBJ) !== 1) return `${count(USER_OBJ)} owner entries, expected 1`;
  if (count(GROUP_OBJ) !== 1) return `${count(GROUP_OBJ)} owning group entries, expected 1`;
  if (count(OTHER) !== 1) return `${count(OTHER)} other entries, expected 1`;
  if (count(MASK) > 1) return `${count(MASK)} mask entries, expected at most 1`;
  if (count(MASK) === 0 && count(USER) + count(GROUP) > 0) {
    return "named entries without a mask, expected a mask entry";
  }
  return undefined;
}

function hasId(tag: number): boolean {
  return tag === USER || tag === GROUP;
}

function diskSize(tag: number): number {
  return hasId(tag) ? DISK_LONG_SIZE : DISK_SHORT_SIZE;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
