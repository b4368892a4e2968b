import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { ImageError } from "../../image_error.ts";
import { readXattrBlockHeader, readXattrEntry } from "./xattr.ts";
import { layOutXattrs, writeInodeXattrs, writeXattrBlock } from "./xattr_layout.ts";
import { XattrStore } from "./xattr_store.ts";

function room(inodeRoom: number, blockSize: number, store: XattrStore | null = null) {
  return { inodeRoom, blockSize, store };
}

function user(name: string, size: number) {
  return { name: `user.${name}`, value: new Uint8Array(size).fill(7) };
}

Deno.test("layOutXattrs() fills the inode to its last byte, then the block", () => {
  // 4 magic + 16 entry + 4 name + 68 value + 4 terminator = 96.
  deepStrictEqual(layOutXattrs([user("a", 68)], room(96, 4096)).inBlock, []);
  deepStrictEqual(layOutXattrs([user("a", 69)], room(96, 4096)).inInode, []);
  // 32 header + 20 entry + value + 4 terminator = 4096.
  strictEqual(layOutXattrs([user("a", 4040)], room(96, 4096)).inBlock.length, 1);
  throws(
    () => layOutXattrs([user("a", 4041)], room(96, 4096)),
    (error) => error instanceof ImageError && error.code === "LIMIT_EXCEEDED",
  );
});

Deno.test("layOutXattrs() sorts by index, length and bytes of the name", () => {
  const names = ["user.b", "user.aa", "trusted.a", "security.zz", "user.a"];
  const xattrs = names.map((name) => ({ name, value: new Uint8Array(200) }));
  deepStrictEqual(
    layOutXattrs(xattrs, room(0, 4096)).inBlock.map(({ index, suffix }) => `${index}${suffix}`),
    ["1a", "1b", "1aa", "4a", "6zz"],
  );
});

Deno.test("layOutXattrs() refuses names that the kernel would not find again", () => {
  for (const name of ["system.nfs4_acl", "system.richacl", "btrfs.compression", "user."]) {
    throws(
      () => layOutXattrs([{ name, value: new Uint8Array(1) }], room(96, 4096)),
      (error) => error instanceof ImageError && error.code === "UNSUPPORTED",
      name,
    );
  }
  throws(
    () => layOutXattrs([user("a".repeat(256), 1)], room(96, 4096)),
    (error) => error instanceof ImageError && error.code === "LIMIT_EXCEEDED",
  );
  throws(
    () =>
      layOutXattrs([{ name: "system.posix_acl_access", value: new Uint8Array(5) }], room(96, 4096)),
    (error) => error instanceof ImageError && error.code === "CORRUPT",
  );
});

Deno.test("writeInodeXattrs() counts values from the first entry and leaves a terminator", () => {
  const bytes = new Uint8Array(100).fill(0);
  const view = new DataView(bytes.buffer);
  const { inInode } = layOutXattrs([user("ab", 3), user("c", 0)], room(96, 4096));
  writeInodeXattrs(bytes, view, 4, 96, inInode, 0);
  strictEqual(view.getUint32(4, true), 0xea020000);
  deepStrictEqual(readXattrEntry(view, 8), {
    nameLength: 1,
    nameIndex: 1,
    valueOffset: 0,
    valueInode: 0,
    valueSize: 0,
    hash: 0,
  });
  const second = readXattrEntry(view, 28);
  deepStrictEqual([second.valueOffset, second.valueSize, second.hash], [88, 3, 0]);
  deepStrictEqual([...bytes.subarray(8 + 88)], [7, 7, 7, 0]);
  strictEqual(view.getUint32(48, true), 0);
});

Deno.test("writeXattrBlock() counts values from the block and hashes every entry", () => {
  const bytes = new Uint8Array(1024 + 8);
  const view = new DataView(bytes.buffer);
  const { inBlock } = layOutXattrs([user("a", 100)], room(96, 1024));
  writeXattrBlock(bytes, view, 8, 1024, inBlock, 3, 0);
  const header = readXattrBlockHeader(view, 8);
  const entry = readXattrEntry(view, 8 + 32);
  deepStrictEqual([header.magic, header.refcount, header.blocks], [0xea020000, 3, 1]);
  strictEqual(header.hash, entry.hash);
  strictEqual(entry.valueOffset, 1024 - 100);
  strictEqual(bytes[8 + 1024 - 100], 7);
});

Deno.test("layOutXattrs() moves the largest values out until the others fit", () => {
  const store = new XattrStore();
  const xattrs = [user("a", 3000), user("b", 5000), user("c", 900), user("d", 60)];
  const { inInode, inBlock } = layOutXattrs(xattrs, room(96, 4096, store));
  const all = [...inInode, ...inBlock];
  deepStrictEqual(all.filter(({ large }) => large !== null).map(({ suffix }) => suffix), ["b"]);
  throws(
    () => layOutXattrs([user("a", 65537)], room(96, 4096, store)),
    (error) => error instanceof ImageError && error.code === "LIMIT_EXCEEDED",
  );
  const many = Array.from({ length: 300 }, (_, i) => user(`${i}`, 0));
  throws(
    () => layOutXattrs(many, room(96, 4096, store)),
    (error) => error instanceof ImageError && error.code === "LIMIT_EXCEEDED",
  );
});

Deno.test("XattrStore shares equal blocks up to 1024 times and equal values always", () => {
  const store = new XattrStore();
  const xattrs = () =>
    layOutXattrs([user("a", 9000), user("b", 200)], room(0, 4096, store)).inBlock;
  const first = store.block(12, xattrs());
  for (let i = 1; i < 1024; i++) strictEqual(store.block(12 + i, xattrs()), first);
  const second = store.block(2000, xattrs());
  deepStrictEqual([first.references, second.references, second.owner], [1024, 1, 2000]);
  deepStrictEqual(store.largeValues().map(({ references }) => references), [2]);
});
