import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { bytesOf } from "../bytes/byte_string.ts";
import { contentDigest } from "./content_digest.ts";
import type { ContentReader } from "./content_reader.ts";
import { dumpTree } from "./dump.ts";
import { countLinks, emptyTree } from "./file_tree.ts";
import { FileKind, Inode } from "./inode.ts";

const inMemory: ContentReader<Uint8Array> = {
  read(content, into, position) {
    const piece = content.subarray(position, position + into.length);
    into.set(piece);
    return piece.length;
  },
  seekData: (_content, position) => position,
};

Deno.test("dumpTree() writes a line for each name", () => {
  const tree = emptyTree<Uint8Array>();
  const file = new Inode<Uint8Array>(FileKind.regular, 0o4755);
  file.size = 3;
  file.content = bytesOf("a-\n");
  file.uid = 70_000;
  file.mtimeSeconds = -1;
  file.mtimeNanoseconds = 500_000_000;
  file.xattrs = [
    { name: "user.a=b", value: bytesOf("c=\\\xff ") },
    { name: "user.empty", value: new Uint8Array(0) },
  ];
  const link = new Inode<Uint8Array>(FileKind.symlink, 0o777);
  link.target = "-";
  link.size = 1;
  const device = new Inode<Uint8Array>(FileKind.blockDevice, 0o600);
  device.deviceMajor = 300;
  device.deviceMinor = 70_000;
  const directory = new Inode<Uint8Array>(FileKind.directory, 0o1777);
  directory.children!.set("a b\t", file);
  tree.root.children!.set("z", file).set("d", directory).set("-", link).set("\\", device);
  countLinks(tree);

  deepStrictEqual([...dumpTree(tree, (bytes) => ({ bytes }))], [
    "/ 0 40755 3 0 0 0 0.0 - - -",
    "/- 1 120777 1 0 0 0 0.0 \\x2d - -",
    `/\\\\ 0 60600 1 0 0 ${(0x11100 << 12 | 300 << 8 | 0x70) >>> 0} 0.0 - - -`,
    "/d 0 41777 2 0 0 0 0.0 - - -",
    "/d/a\\x20b\\t 3 104755 2 70000 0 0 -1.500000000 - a-\\n - user.a\\x3db=c\\x3d\\\\\\xff\\x20 " +
    "user.empty=",
    "/z 0 @120000 - - - - 0.0 /d/a\\x20b\\t - -",
  ]);
  strictEqual([...dumpTree(tree)][4].split(" ")[9], "-");
  const digests = dumpTree(tree, (content, size) => ({
    payload: "where it is",
    digest: contentDigest(inMemory, content, size),
  }));
  const expected = createHash("sha256").update("a-\n").digest("hex");
  deepStrictEqual([...digests][4].split(" ").slice(8, 11), [
    "where\\x20it\\x20is",
    "-",
    expected,
  ]);
});

Deno.test("contentDigest() hashes every byte up to the size", () => {
  const bytes = Uint8Array.from({ length: 600_000 }, (_, i) => i * 7 >> 3);
  const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
  strictEqual(contentDigest(inMemory, bytes, bytes.length), sha256(bytes));
  strictEqual(contentDigest(inMemory, bytes, 300_001), sha256(bytes.subarray(0, 300_001)));
  strictEqual(contentDigest(inMemory, bytes, 0), sha256(new Uint8Array(0)));
});
