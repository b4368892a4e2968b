/**
 * Small ext4 images for tests of the writer: built in a temporary file, judged, removed.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { ext4, type Ext4Content, type Ext4Options } from "../src/format/ext4/format.ts";
import type { ImageWriter, WriteReport } from "../src/format/image_format.ts";
import type { Notice } from "../src/notice.ts";
import { emptyTree, type FileTree } from "../src/tree/file_tree.ts";
import { FileKind, Inode } from "../src/tree/inode.ts";
import { runTool } from "./run_tool.ts";

/** What `assertClean` and the facts about images need. */
export const EXT4_TOOLS: readonly string[] = ["e2fsck", "dumpe2fs", "debugfs"];

/** Places files and hangs them into the tree. */
export type BuildTree = (writer: ImageWriter<Ext4Content>, tree: FileTree<Ext4Content>) => void;

/** An image that is there until the test is over. */
export interface BuiltImage {
  readonly path: string;
  readonly report: WriteReport;
  readonly notices: readonly Notice[];
}

/** Builds an image in a temporary file, gives it to `check`, and removes it. */
export async function withImage(
  options: Ext4Options,
  build: BuildTree,
  check: (built: BuiltImage) => void | Promise<void>,
): Promise<void> {
  const directory = mkdtempSync("/tmp/ext4_image_");
  const path = `${directory}/image`;
  const file = openSync(path, "w+");
  try {
    const notices: Notice[] = [];
    const writer = ext4(options).createWriter({
      write: (bytes, position) => {
        strictEqual(writeSync(file, bytes, 0, bytes.length, position), bytes.length);
      },
      truncate: (size) => ftruncateSync(file, size),
    }, {
      identity: () => "sha256:0123",
      createdSeconds: 1_700_000_000,
      expectedBytes: 0,
      onNotice: (notice) => notices.push(notice),
    });
    const tree = emptyTree<Ext4Content>();
    build(writer, tree);
    await check({ path, report: await writer.finish(tree), notices });
  } finally {
    closeSync(file);
    rmSync(directory, { recursive: true });
  }
}

/** Runs a program that must succeed; answers all it says. */
export function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = runTool(command, args);
  strictEqual(status, 0, `${command} ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout + stderr;
}

/** `e2fsck -fn` ends with status 0 and has nothing to ask or to warn of. */
export function assertClean(path: string): void {
  const output = run("e2fsck", "-fn", path);
  deepStrictEqual(output.match(/fix\?|warning|inconsisten|\? no$/gim) ?? [], [], output);
}

/** Adds an empty file or directory. */
export function add(
  directory: Inode<Ext4Content>,
  name: string,
  kind: FileKind = FileKind.regular,
): Inode<Ext4Content> {
  const inode = new Inode<Ext4Content>(kind, kind === FileKind.directory ? 0o755 : 0o644);
  directory.children!.set(name, inode);
  return inode;
}

/** Adds a file of bytes, and holes of a number of bytes. */
export function addFile(
  writer: ImageWriter<Ext4Content>,
  directory: Inode<Ext4Content>,
  name: string,
  ...pieces: (Uint8Array | number)[]
): Inode<Ext4Content> {
  const inode = add(directory, name);
  inode.size = pieces.reduce<number>((sum, p) => sum + (typeof p === "number" ? p : p.length), 0);
  const file = writer.beginFile(inode.size);
  for (const piece of pieces) {
    if (typeof piece === "number") file.skip(piece);
    else file.write(piece);
  }
  inode.content = file.end();
  return inode;
}

/** A tree with every kind of file, and with what each needs blocks for. */
export function everyKind(writer: ImageWriter<Ext4Content>, { root }: FileTree<Ext4Content>): void {
  for (const size of [1, 1023, 1024, 1025, 4095, 4096, 4097, 100_000]) {
    addFile(writer, root, `file-${size}`, new Uint8Array(size).fill(size % 255 + 1));
  }
  add(root, "empty");
  addFile(writer, root, "hole", 1_000_000);
  const scattered: (Uint8Array | number)[] = [];
  for (let i = 0; i < 700; i++) scattered.push(4096, new Uint8Array(4096).fill(i % 255 + 1));
  addFile(writer, root, "scattered", ...scattered);
  for (const length of [1, 59, 60, 61, 1000]) {
    add(root, `link-${length}`, FileKind.symlink).target = "x".repeat(length);
  }
  add(root, "fifo", FileKind.fifo);
  add(root, "socket", FileKind.socket);
  for (const [major, minor] of [[1, 3], [255, 255], [256, 1], [4095, 1_048_575]]) {
    const device = add(root, `device-${major}-${minor}`, FileKind.characterDevice);
    [device.deviceMajor, device.deviceMinor] = [major, minor];
  }
  const indexed = add(root, "indexed", FileKind.directory);
  for (let i = 0; i < 1000; i++) add(indexed, `${i}`.padStart(200, "z"));
  const big = add(root, "directory", FileKind.directory);
  for (let i = 0; i < 3000; i++) add(big, `name-${i}-${"y".repeat(i % 200)}`);
  let deep = root;
  for (let i = 0; i < 50; i++) deep = add(deep, "d", FileKind.directory);
  const shared = addFile(writer, root, "hard-1", new Uint8Array(10).fill(1));
  for (let i = 2; i < 5; i++) deep.children!.set(`hard-${i}`, shared);
  shared.uid = 0xffff_fffe;
  shared.gid = 65536;
  shared.xattrs = [
    { name: "user.a", value: new Uint8Array(500).fill(1) },
    { name: "user.b", value: new Uint8Array(10) },
  ];
  big.xattrs = [{ name: "security.capability", value: new Uint8Array(20).fill(2) }];
}
