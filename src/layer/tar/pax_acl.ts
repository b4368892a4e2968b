/**
 * POSIX access control lists that a tar holds as text (`SCHILY.acl.access`, `SCHILY.acl.default`),
 * as GNU tar, star and libarchive write and read them.
 *
 * They become the extended attributes that Linux shows: version 2, 8 bytes for each entry. An
 * entry names its user or group; only numbers count here, never the accounts of this machine.
 *
 * Spec: acl(5), "LONG TEXT FORM"; the kernel's `posix_acl_xattr.h`.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import type { Xattr } from "../../tree/inode.ts";

const VERSION = 2;
const HEADER_SIZE = 4;
const ENTRY_SIZE = 8;
const NO_ID = 0xffff_ffff;

/** Tags without and with an id; their order is the order of entries. */
const TAGS: Readonly<Record<string, readonly [own: number, named: number]>> = {
  user: [0x01, 0x02],
  u: [0x01, 0x02],
  group: [0x04, 0x08],
  g: [0x04, 0x08],
  mask: [0x10, 0],
  m: [0x10, 0],
  other: [0x20, 0],
  o: [0x20, 0],
};

/** Names of tags as they are written. */
const KINDS = ["user", "group", "mask", "other"] as const;

/** The attribute of each kind of list. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  "SCHILY.acl.access": "system.posix_acl_access",
  "SCHILY.acl.default": "system.posix_acl_default",
};

interface AclEntry {
  readonly tag: number;
  readonly permissions: number;
  readonly id: number;
}

/** The attribute of a list by its keyword; `undefined` for a list of another kind. */
export function aclAttribute(keyword: ByteString): string | undefined {
  return Object.hasOwn(ATTRIBUTES, keyword) ? ATTRIBUTES[keyword] : undefined;
}

/**
 * The PAX record that says the same as the attribute, ids as numbers; `null` for an attribute that is
 * no list, or one that the kernel would not take.
 */
export function formatPaxAcl({ name, value }: Xattr): { keyword: string; text: string } | null {
  const keyword = Object.keys(ATTRIBUTES).find((it) => ATTRIBUTES[it] === name);
  if (keyword === undefined) return null;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const count = (value.length - HEADER_SIZE) / ENTRY_SIZE;
  if (count < 1 || count % 1 !== 0 || view.getUint32(0, true) !== VERSION) return null;
  const lines: string[] = [];
  for (let at = HEADER_SIZE; at < value.length; at += ENTRY_SIZE) {
    const [tag, permissions] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    const kind = KINDS.find((kind) => TAGS[kind].includes(tag));
    if (tag === 0 || kind === undefined || permissions > 7) return null;
    const id = TAGS[kind][1] === tag ? `${view.getUint32(at + 4, true)}` : "";
    const letters = [..."rwx"].map((letter, i) => (permissions & 4 >> i) === 0 ? "-" : letter);
    lines.push(`${kind}:${id}:${letters.join("")}`);
  }
  return { keyword, text: lines.join(",") };
}

/**
 * The permission bits of a file that is given the list of an attribute of {@linkcode parsePaxAcl}:
 * those of the group are its mask where it has one. `null` for a list that is not whole.
 */
export function aclPermissions({ value }: Xattr): number | null {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const own = new Map<number, number>();
  for (let at = HEADER_SIZE; at < value.length; at += ENTRY_SIZE) {
    if (view.getUint32(at + 4, true) === NO_ID) {
      own.set(view.getUint16(at, true), view.getUint16(at + 2, true));
    }
  }
  const [user, group, other] = [own.get(0x01), own.get(0x04), own.get(0x20)];
  if (user === undefined || group === undefined || other === undefined) return null;
  return 0o100 * user + 0o10 * (own.get(0x10) ?? group) + other;
}

/**
 * The attribute that the list of a PAX record stands for; `null` where the list says no more than
 * the permission bits do, `undefined` where it cannot be told: an entry has a name and no number, or
 * the text is none.
 */
export function parsePaxAcl(keyword: ByteString, text: ByteString): Xattr | null | undefined {
  const name = aclAttribute(keyword);
  if (name === undefined) return undefined;
  const entries: AclEntry[] = [];
  for (const line of text.split(/[,\n]/)) {
    const plain = line.replace(/#.*$/, "").trim();
    if (plain === "") continue;
    const entry = parseEntry(plain);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  // Owner, group and others only: that is what the mode says, and Linux keeps no list for it.
  if (entries.length <= 3 && keyword === "SCHILY.acl.access") {
    if (entries.every(({ tag }) => tag === 0x01 || tag === 0x04 || tag === 0x20)) return null;
  }
  if (entries.length === 0) return null;
  entries.sort((a, b) => a.tag - b.tag || a.id - b.id);
  const value = new Uint8Array(HEADER_SIZE + entries.length * ENTRY_SIZE);
  const view = new DataView(value.buffer);
  view.setUint32(0, VERSION, true);
  entries.forEach(({ tag, permissions, id }, i) => {
    const at = HEADER_SIZE + i * ENTRY_SIZE;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, permissions, true);
    view.setUint32(at + 4, id, true);
  });
  return { name, value };
}

/** One line: `user::rwx`, `user:1000:r--`, or with the number last, `user:joe:r--:1000`. */
function parseEntry(line: string): AclEntry | undefined {
  const [kind, name, permissionText, idText] = line.split(":");
  if (!Object.hasOwn(TAGS, kind) || !/^[r-][w-][x-]$/.test(permissionText ?? "")) return undefined;
  const [own, named] = TAGS[kind];
  const permissions = (permissionText[0] === "r" ? 4 : 0) + (permissionText[1] === "w" ? 2 : 0) +
    (permissionText[2] === "x" ? 1 : 0);
  if (name === "") return { tag: own, permissions, id: NO_ID };
  const number = idText ?? name;
  if (named === 0 || !/^\d{1,10}$/.test(number) || Number(number) >= NO_ID) return undefined;
  return { tag: named, permissions, id: Number(number) };
}
