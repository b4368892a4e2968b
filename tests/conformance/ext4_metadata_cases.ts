/**
 * Cases about metadata: times, owners, modes, devices, extended attributes.
 *
 * @module
 */
import type { FileTree } from "../../src/tree/file_tree.ts";
import type { ByteString } from "../../src/bytes/byte_string.ts";
import { CaseTree } from "./case_tree.ts";
import type { Ext4Case } from "./ext4_cases.ts";
import type { GeneratedContent } from "./generated_content.ts";

/** The first and the last second of an ext4 inode of 256 bytes. */
const FIRST_SECOND = -(2 ** 31);
const LAST_SECOND = 2 ** 34 - 2 ** 31 - 1;

/** A POSIX ACL in the form of `getxattr(2)`: version 2, then tag, permissions and id. */
export function acl(...entries: [tag: number, permissions: number, id?: number][]): Uint8Array {
  const bytes = new Uint8Array(4 + 8 * entries.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 2, true);
  entries.forEach(([tag, permissions, id], i) => {
    view.setUint16(4 + 8 * i, tag, true);
    view.setUint16(6 + 8 * i, permissions, true);
    view.setUint32(8 + 8 * i, id ?? 0xffff_ffff, true);
  });
  return bytes;
}

/** What `setfacl -m u:1000:rwx,u:70000:r,g:50:rx,m:rwx` makes of a file of mode 0644. */
export const SOME_ACL = acl([1, 6], [2, 7, 1000], [2, 4, 70_000], [4, 4], [8, 5, 50], [0x10, 7], [
  0x20,
  4,
]);

/** `security.capability` of version 2: `cap_net_raw=ep`. */
export const CAPABILITY_V2 = Uint8Array.from([1, 0, 0, 2, 0, 0x20, 0, 0, ...new Array(12).fill(0)]);
/** The same of version 3, for the root user 100000 of a user namespace. */
const CAPABILITY_V3 = Uint8Array.from([
  1,
  0,
  0,
  3,
  0,
  0x20,
  0,
  0,
  ...new Array(12).fill(0),
  0xa0,
  0x86,
  1,
  0,
]);

function times(seconds: readonly (number | readonly [number, number])[]): CaseTree {
  const tree = new CaseTree();
  for (const mtime of seconds) {
    const name = typeof mtime === "number" ? `${mtime}` : mtime.join(" ");
    tree.file(`file ${name}`, { mtime, size: 3 })
      .directory(`directory ${name}`, { mtime })
      .symlink(`symlink ${name}`, "x", { mtime });
  }
  return tree;
}

/** Files whose attributes take `bytes` in the inode, and one each of the other kinds. */
function withXattrs(xattrs: Record<ByteString, ByteString | Uint8Array>): CaseTree {
  return new CaseTree()
    .file("file", { size: 100, xattrs })
    .file("empty file", { xattrs })
    .directory("directory", { xattrs })
    .file("directory/plain");
}

/** Moves every time into what an inode can hold, as the writer does. */
function clampTimes(tree: FileTree<GeneratedContent>): void {
  for (const inode of tree.root.children!.values()) {
    if (inode.mtimeSeconds < FIRST_SECOND) {
      inode.mtimeSeconds = inode.atimeSeconds = FIRST_SECOND;
      inode.mtimeNanoseconds = inode.atimeNanoseconds = 0;
    } else if (inode.mtimeSeconds > LAST_SECOND) {
      inode.mtimeSeconds = inode.atimeSeconds = LAST_SECOND;
      inode.mtimeNanoseconds = inode.atimeNanoseconds = 0;
    }
  }
}

/** Cases about metadata. */
export const METADATA_CASES: readonly Ext4Case[] = [
  {
    name: "times from 1901 to 2446",
    build: () =>
      times([
        [FIRST_SECOND, 0],
        [FIRST_SECOND, 999_999_999],
        [-1, 0],
        [-1, 999_999_999],
        [-2, 1],
        0,
        [0, 1],
        [2 ** 31 - 1, 999_999_999],
        2 ** 31,
        [2 ** 31 + 1, 500_000_000],
        [2 ** 32 - 1, 1],
        2 ** 32,
        [2 ** 32 + 5, 123_456_789],
        [3 * 2 ** 31 + 7, 7],
        [2 ** 33 + 2 ** 31 - 1, 8],
        [3 * 2 ** 32, 9],
        [LAST_SECOND, 999_999_999],
      ]).finish(),
  },
  {
    name: "times from 2310 to 2378",
    build: () => times([[2 ** 33 + 2 ** 31, 0], [3 * 2 ** 32 - 1, 999_999_999]]).finish(),
    // e2fsck takes these for times before 1970 that an old kernel wrote wrongly.
    without: ["e2fsck"],
  },
  {
    name: "times beyond 1901 and 2446 are moved there",
    build: () => times([FIRST_SECOND - 1, [-(2 ** 40), 5], LAST_SECOND + 1, [2 ** 50, 5]]).finish(),
    expect: clampTimes,
    notices: ["CLAMPED"],
  },
  {
    name: "owners of 16, 17 and 32 bits",
    build() {
      const tree = new CaseTree();
      for (const id of [1, 1000, 65534, 65535, 65536, 100_000, 2 ** 31, 2 ** 32 - 2]) {
        tree.file(`uid ${id}`, { uid: id }).directory(`gid ${id}`, { gid: id });
      }
      return tree.finish();
    },
  },
  {
    name: "owners of 2^32 - 1",
    peer: false,
    // Linux means "nobody" by this number, and shows 65534.
    without: ["kernel mount"],
    build: () =>
      new CaseTree().file("file", { uid: 2 ** 32 - 1, gid: 2 ** 32 - 1, size: 1 }).finish(),
  },
  {
    name: "all permission bits",
    build() {
      const tree = new CaseTree();
      for (const permissions of [0, 0o777, 0o1777, 0o2755, 0o4755, 0o6711, 0o7777, 0o7000]) {
        const name = permissions.toString(8);
        tree.file(`file ${name}`, { permissions }).directory(`directory ${name}`, { permissions });
      }
      return tree.finish();
    },
  },
  {
    name: "metadata of the root",
    // mke2fs 1.47.0 leaves the root as it makes it.
    peer: false,
    build() {
      const tree = new CaseTree().file("file");
      Object.assign(tree.root, {
        permissions: 0o1751,
        uid: 70_000,
        gid: 5,
        mtimeSeconds: -3,
        mtimeNanoseconds: 17,
        atimeSeconds: -3,
        atimeNanoseconds: 17,
        xattrs: [{ name: "user.root", value: Uint8Array.of(1) }],
      });
      return tree.finish();
    },
  },
  {
    name: "device numbers of 8, 12 and 20 bits",
    build() {
      const tree = new CaseTree();
      const numbers = [[0, 0], [1, 3], [255, 255], [256, 0], [0, 256], [4095, 1_048_575], [
        300,
        70_000,
      ], [8, 65_536]];
      for (const [major, minor] of numbers) {
        tree.device(`character ${major} ${minor}`, "characterDevice", major, minor)
          .device(`block ${major} ${minor}`, "blockDevice", major, minor);
      }
      return tree.finish();
    },
  },
  {
    name: "attributes around what an inode can hold",
    build() {
      const tree = new CaseTree();
      // 96 bytes: header 4, entry 16 + name 4, value, terminator 4.
      for (const valueSize of [0, 1, 4, 63, 64, 65, 66, 67, 68, 69, 72, 100]) {
        const value = "v".repeat(valueSize);
        tree.file(`value ${valueSize}`, { size: 10, xattrs: { "user.name": value } })
          .directory(`directory ${valueSize}`, { xattrs: { "user.name": value } });
      }
      return tree.finish();
    },
  },
  {
    name: "attributes that fill a block",
    build(blockSize) {
      const tree = new CaseTree();
      // Header 32, entry 16 + name 4, terminator 4.
      const most = blockSize - 32 - 20 - 4;
      for (const valueSize of [most - 4, most - 3, most - 1, most]) {
        const value = new Uint8Array(valueSize).fill(0x55);
        tree.file(`value ${valueSize}`, { size: 10, xattrs: { "user.full": value } });
      }
      return tree.file("in both places", {
        xattrs: { "user.a": "short", "user.b": new Uint8Array(most).fill(7) },
      }).finish();
    },
  },
  {
    name: "many attributes, names of equal length and different prefixes, empty values",
    build: () =>
      withXattrs({
        "user.aaa": "1",
        "user.aab": "",
        "trusted.aaa": "2",
        "security.aaa": "3",
        "user.a": "",
        "user.zz": "4",
        "user.b": "5",
        "trusted.z": "",
        "security.long name with spaces": "6",
        "user.\xff not UTF-8 \x80": "7",
        "user.binary": "\0\x01\xff\0",
        "user.with.dots": "8",
      }).finish(),
  },
  {
    name: "50 attributes in a block",
    build() {
      const xattrs: Record<string, string> = {};
      for (let i = 0; i < 24; i++) {
        xattrs[`user.${"n".repeat(i % 5)}${i}`] = `${i}`;
        xattrs[`trusted.${"n".repeat((i + 3) % 5)}${i}`] = "";
      }
      return withXattrs(xattrs).finish();
    },
    blockSizes: [2048, 4096],
  },
  {
    name: "an attribute name of 255 bytes",
    build: () =>
      withXattrs({ [`user.${"n".repeat(250)}`]: "1", [`trusted.${"t".repeat(247)}`]: "" }).finish(),
  },
  {
    name: "POSIX ACLs",
    build: () =>
      new CaseTree()
        .file("file", {
          size: 5,
          permissions: 0o674,
          xattrs: { "system.posix_acl_access": SOME_ACL },
        })
        .directory("directory", {
          permissions: 0o775,
          xattrs: {
            "system.posix_acl_access": acl([1, 7], [2, 5, 2000], [4, 5], [0x10, 7], [0x20, 5]),
            "system.posix_acl_default": acl([1, 7], [4, 5], [8, 7, 2 ** 31], [0x10, 7], [0x20, 0]),
          },
        })
        .directory("minimal", {
          permissions: 0o755,
          xattrs: { "system.posix_acl_default": acl([1, 7], [4, 5], [0x20, 5]) },
        })
        .file("with others", {
          permissions: 0o674,
          xattrs: { "system.posix_acl_access": SOME_ACL, "user.a": "b", "security.x": "y" },
        })
        .finish(),
  },
  {
    name: "capabilities of version 2 and 3",
    build: () =>
      new CaseTree()
        .file("v2", {
          size: 10,
          permissions: 0o755,
          xattrs: { "security.capability": CAPABILITY_V2 },
        })
        .file("v3", {
          size: 10,
          permissions: 0o755,
          xattrs: { "security.capability": CAPABILITY_V3 },
        })
        .finish(),
  },
  {
    name: "attributes of symbolic links and special files",
    build: () => {
      const xattrs = { "trusted.a": "1", "security.b": "2".repeat(200) };
      return new CaseTree()
        .symlink("fast", "x", { xattrs })
        .symlink("slow", "x".repeat(80), { xattrs })
        .device("character", "characterDevice", 1, 3, { xattrs })
        .device("block", "blockDevice", 300, 3, { xattrs })
        .special("fifo", "fifo", { xattrs })
        .special("socket", "socket", { xattrs })
        .finish();
    },
  },
  {
    name: "values up to 64 KiB",
    peer: false, // mke2fs makes inodes for values only when it is asked to.
    build(blockSize) {
      const tree = new CaseTree();
      for (const size of [blockSize - 55, blockSize, 5000, 20_000, 65_535, 65_536]) {
        const xattrs = { "user.large": pattern(size, size), "user.small": "s" };
        tree.file(`file ${size}`, { size: 10, xattrs })
          .directory(`directory ${size}`, { xattrs })
          .symlink(`symlink ${size}`, "x", { xattrs: { "trusted.large": pattern(size, 1) } })
          .device(`device ${size}`, "blockDevice", 1, 2, {
            xattrs: { "security.large": pattern(size, 2) },
          });
      }
      return tree.finish();
    },
  },
  {
    name: "many large values, some of them the same",
    peer: false,
    build() {
      const tree = new CaseTree();
      for (let i = 0; i < 40; i++) {
        tree.file(`file ${i}`, {
          xattrs: {
            "user.same": pattern(9000, 1),
            "user.same again": pattern(9000, 1),
            "user.own": pattern(5000 + i, i),
            "user.common": pattern(300, 3),
            [`trusted.${"n".repeat(i + 1)}`]: pattern(4200, i % 7),
          },
        });
      }
      return tree.finish();
    },
  },
  {
    name: "3,000 files with the same attributes",
    // A block has at most 1024 references.
    build() {
      const tree = new CaseTree();
      for (let d = 0; d < 3; d++) {
        tree.directory(`d${d}`, { xattrs: { "security.label": pattern(200, 1) } });
        for (let i = 0; i < 1000; i++) {
          tree.file(`d${d}/${i}`, { xattrs: { "security.label": pattern(200, 1) } });
        }
      }
      return tree.finish();
    },
  },
];

/** A value that depends on its seed. */
function pattern(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed * 7 + (i >> 8)) & 0xff);
}
