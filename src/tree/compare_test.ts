import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { bytesOf } from "../bytes/byte_string.ts";
import { compareInSteps, type CompareOptions, compareTrees, formatDifference } from "./compare.ts";
import type { ContentReader } from "./content_reader.ts";
import { countLinks, emptyTree, type FileTree } from "./file_tree.ts";
import { FileKind, Inode } from "./inode.ts";

const inMemory: ContentReader<Uint8Array> = {
  read(content, into, position) {
    const piece = content.subarray(position, position + into.length);
    into.set(piece);
    return piece.length;
  },
  seekData: (_content, position) => position,
};

function regular(content: string): Inode<Uint8Array> {
  const inode = new Inode<Uint8Array>(FileKind.regular, 0o644);
  inode.content = bytesOf(content);
  inode.size = content.length;
  return inode;
}

/** A tree with every kind of thing that can differ. */
function sample(): FileTree<Uint8Array> {
  const tree = emptyTree<Uint8Array>();
  const file = regular("content");
  file.xattrs = [{ name: "user.a", value: bytesOf("1") }, { name: "user.b", value: bytesOf("") }];
  const device = new Inode<Uint8Array>(FileKind.characterDevice, 0o600);
  device.deviceMajor = 5;
  device.deviceMinor = 1;
  const link = new Inode<Uint8Array>(FileKind.symlink, 0o777);
  link.target = "file";
  link.size = 4;
  const directory = new Inode<Uint8Array>(FileKind.directory, 0o755);
  directory.children!.set("inner", regular("x")).set("other", regular("y"));
  tree.root.children!
    .set("file", file).set("again", file).set("device", device)
    .set("link", link).set("directory", directory);
  countLinks(tree);
  return tree;
}

function differences(
  change: (root: Inode<Uint8Array>) => void,
  options: CompareOptions = {},
): string[] {
  const changed = sample();
  change(changed.root);
  const a = { tree: sample(), reader: inMemory };
  const b = { tree: changed, reader: inMemory };
  return [...compareTrees(a, b, options)].map(formatDifference);
}

function at(root: Inode<Uint8Array>, path: string): Inode<Uint8Array> {
  return path.split("/").reduce((inode, name) => inode.children!.get(name)!, root);
}

Deno.test("compareTrees() yields nothing for equal trees", () => {
  deepStrictEqual(differences(() => {}), []);
});

const FAULTS: [string, (root: Inode<Uint8Array>) => void, string[]][] = [
  ["permissions", (root) => at(root, "device").permissions = 0o4600, [
    "/device: permissions: 0600 | 4600",
  ]],
  ["permissions of the root", (root) => root.permissions = 0, ["/: permissions: 0755 | 0000"]],
  ["uid", (root) => at(root, "directory/inner").uid = 7, ["/directory/inner: uid: 0 | 7"]],
  ["gid", (root) => at(root, "directory").gid = 7, ["/directory: gid: 0 | 7"]],
  ["size", (root) => at(root, "file").size = 8, ["/again: size: 7 | 8"]],
  ["mtime", (root) => at(root, "link").mtimeSeconds = -1, [
    "/link: mtime: 0 s + 0 ns | -1 s + 0 ns",
  ]],
  ["mtime ns", (root) => at(root, "link").mtimeNanoseconds = 1, [
    "/link: mtime: 0 s + 0 ns | 0 s + 1 ns",
  ]],
  ["atime", (root) => at(root, "link").atimeNanoseconds = 1, [
    "/link: atime: 0 s + 0 ns | 0 s + 1 ns",
  ]],
  ["target", (root) => at(root, "link").target = "fil\xff", ["/link: target: file | fil\\xff"]],
  ["device", (root) => at(root, "device").deviceMinor = 2, ["/device: device: 5:1 | 5:2"]],
  ["link count", (root) => at(root, "directory").linkCount = 3, ["/directory: linkCount: 2 | 3"]],
  ["a lost attribute", (root) => {
    at(root, "file").xattrs = at(root, "file").xattrs.slice(0, 1);
  }, ["/again: xattr user.b: 0x | absent"]],
  ["another attribute", (root) => {
    at(root, "file").xattrs = [...at(root, "file").xattrs, { name: "user.c", value: bytesOf("") }];
  }, ["/again: xattr user.c: absent | 0x"]],
  ["an attribute's value", (root) => {
    at(root, "file").xattrs = [{ name: "user.a", value: bytesOf("2") }, at(root, "file").xattrs[1]];
  }, ["/again: xattr user.a: 0x31 | 0x32"]],
  ["a flipped byte", (root) => at(root, "file").content = bytesOf("conTent"), [
    "/again: content: 0x74 at 3 | 0x54 at 3",
  ]],
  ["a short content", (root) => at(root, "file").content = bytesOf("cont"), [
    "/again: content: 0x65 at 4 | ends at 4",
  ]],
  ["a lost content", (root) => at(root, "file").content = null, [
    "/again: content: present | absent",
  ]],
  ["a split hard link", (root) => {
    const copy = Object.assign(regular("content"), at(root, "file"));
    root.children!.set("file", copy);
  }, ["/file: link: same as /again | first name"]],
  ["a joined hard link", (root) => {
    const directory = at(root, "directory");
    directory.children!.set("other", at(root, "directory/inner"));
  }, [
    "/directory/other: link: first name | same as /directory/inner",
    "/directory/other: content: 0x79 at 0 | 0x78 at 0",
  ]],
  ["a kind", (root) => root.children!.set("directory", new Inode(FileKind.fifo, 0o755)), [
    "/directory: kind: directory | fifo",
    "/directory/inner: only in a: regular | absent",
    "/directory/other: only in a: regular | absent",
  ]],
  ["a lost name", (root) => root.children!.delete("device"), [
    "/device: only in a: characterDevice | absent",
  ]],
  ["a new name", (root) => root.children!.set("e", new Inode(FileKind.directory, 0)), [
    "/e: only in b: absent | directory",
  ]],
];

for (const [name, change, expected] of FAULTS) {
  Deno.test(`compareTrees() reports ${name}`, () => {
    deepStrictEqual(differences(change), expected);
  });
}

Deno.test("compareTrees() ignores the fields it is told to", () => {
  const change = (root: Inode<Uint8Array>) => {
    at(root, "device").uid = 1;
    at(root, "device").mtimeSeconds = 1;
    at(root, "directory/inner").content = bytesOf("z");
  };
  strictEqual(differences(change).length, 3);
  deepStrictEqual(differences(change, { ignore: ["uid", "content"] }), [
    "/device: mtime: 0 s + 0 ns | 1 s + 0 ns",
  ]);
});

Deno.test("compareTrees() leaves contents out without a reader", () => {
  const changed = sample();
  at(changed.root, "file").content = bytesOf("conTent");
  const a = { tree: sample(), reader: inMemory };
  deepStrictEqual([...compareTrees(a, { tree: changed, reader: null })], []);
});

/** A file of 2^40 bytes that are zero but for one, which says where it was read. */
function sparse(dataAt: number, reads: number[]): ContentReader<number> {
  return {
    read(content, into, position) {
      reads.push(position);
      into.fill(0);
      if (dataAt >= position && dataAt < position + into.length) into[dataAt - position] = content;
      return into.length;
    },
    seekData: (_content, position) => position <= dataAt ? dataAt : Infinity,
  };
}

Deno.test("compareTrees() reads only what is data on one side", () => {
  const make = () => {
    const tree = emptyTree<number>();
    const file = new Inode<number>(FileKind.regular, 0o644);
    file.size = 2 ** 40;
    file.content = 1;
    tree.root.children!.set("sparse", file);
    return tree;
  };
  const reads: number[] = [];
  const a = { tree: make(), reader: sparse(2 ** 39, reads) };
  deepStrictEqual([...compareTrees(a, { tree: make(), reader: sparse(2 ** 39, reads) })], []);
  deepStrictEqual(reads, [2 ** 39, 2 ** 39]);
  const found = [...compareTrees(a, { tree: make(), reader: sparse(2 ** 38, reads) })];
  deepStrictEqual(found.map(formatDifference), [
    `/sparse: content: 0x00 at ${2 ** 38} | 0x01 at ${2 ** 38}`,
  ]);
  // Nobody waits for the digest of a terabyte of zeros.
  const withDigests = (dataAt: number) => ({
    tree: make(),
    reader: sparse(dataAt, reads),
    digest: () => "unused",
  });
  deepStrictEqual([...compareTrees(withDigests(2 ** 39), withDigests(2 ** 38))], found);
});

Deno.test("compareInSteps() lets the caller in inside of large files", () => {
  const make = (last: number) => {
    const tree = emptyTree<Uint8Array>();
    const file = regular("");
    file.content = new Uint8Array(1_000_000);
    file.content[999_999] = last;
    file.size = file.content.length;
    tree.root.children!.set("file", file);
    return { tree, reader: inMemory, digest };
  };
  const turns = (steps: Iterable<unknown>) => [...steps].filter((step) => step === null).length;
  // One for each name, and one for each piece.
  ok(turns(compareInSteps(make(0), make(0))) >= 2 + 3);
  ok(turns(compareInSteps(make(0), make(1))) >= 2 + 3 + 3 + 3, "hashing has turns too");
});

Deno.test("compareTrees() walks 50,000 levels", () => {
  const make = () => {
    const tree = emptyTree<Uint8Array>();
    let directory = tree.root;
    for (let depth = 0; depth < 50_000; depth++) {
      const child = new Inode<Uint8Array>(FileKind.directory, 0o755);
      directory.children!.set("d", child);
      directory = child;
    }
    return { tree, reader: inMemory };
  };
  deepStrictEqual([...compareTrees(make(), make())], []);
});

const digest = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");

Deno.test("compareTrees() compares digests where a tree has no reader", () => {
  const changed = sample();
  at(changed.root, "directory/inner").content = bytesOf("z");
  const without = { tree: changed, reader: null, digest };
  for (const reader of [inMemory, null]) {
    const a = { tree: sample(), reader, digest };
    deepStrictEqual(
      [...compareTrees(a, without)].map(formatDifference),
      [`/directory/inner: content: sha256:${digest(bytesOf("x"))} | sha256:${
        digest(bytesOf("z"))
      }`],
    );
    deepStrictEqual([...compareTrees(a, { tree: sample(), reader: null, digest })], []);
  }
  // Without a digest of one tree nothing can be said.
  deepStrictEqual([...compareTrees({ tree: sample(), reader: inMemory }, without)], []);
});

Deno.test("compareTrees() passes over names with all below, and fractions of seconds", () => {
  const change = (root: Inode<Uint8Array>) => {
    at(root, "directory/inner").uid = 1;
    at(root, "directory").uid = 1;
    at(root, "file").mtimeNanoseconds = 5;
  };
  deepStrictEqual(differences(change, { ignorePath: (path) => path === "directory" }), [
    "/again: mtime: 0 s + 0 ns | 0 s + 5 ns",
  ]);
  deepStrictEqual(differences(change, { wholeSeconds: true }), [
    "/directory: uid: 0 | 1",
    "/directory/inner: uid: 0 | 1",
  ]);
});

Deno.test("compareInSteps() lets the caller in after every name", () => {
  const a = { tree: sample(), reader: inMemory };
  const steps = [...compareInSteps(a, { tree: sample(), reader: inMemory })];
  deepStrictEqual(steps, new Array(8).fill(null));
});
