/**
 * Archives of the real GNU tar, compared with what the files are on the disk.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import * as fs from "node:fs";
import { MountedTree } from "../../../tests/mounted_tree.ts";
import { mustRun } from "../../../tests/run_tool.ts";
import { toolTest } from "../../../tests/tools.ts";
import { type ByteString, byteStringFrom } from "../../bytes/byte_string.ts";
import { FileKind, type Inode, modeOf } from "../../tree/inode.ts";
import { TarParser } from "./tar_parser.ts";
import { TarRecorder } from "./tar_recorder.ts";

/** What a format can say, and how precisely. */
const FORMATS: Record<string, { args: string[]; hasNanoseconds: boolean; isOld?: boolean }> = {
  "gnu": { args: ["--format=gnu"], hasNanoseconds: false },
  "gnu, sparse": { args: ["--format=gnu", "--sparse"], hasNanoseconds: false },
  "posix": { args: ["--format=posix"], hasNanoseconds: true },
  "posix, sparse 0.0": {
    args: ["--format=posix", "--sparse", "--sparse-version=0.0"],
    hasNanoseconds: true,
  },
  "posix, sparse 0.1": {
    args: ["--format=posix", "--sparse", "--sparse-version=0.1"],
    hasNanoseconds: true,
  },
  "posix, sparse 1.0": {
    args: ["--format=posix", "--sparse", "--sparse-version=1.0"],
    hasNanoseconds: true,
  },
  "posix, xattrs": {
    args: ["--format=posix", "--xattrs", "--xattrs-include=*"],
    hasNanoseconds: true,
  },
  "posix, ACLs": {
    args: ["--format=posix", "--acls", "--xattrs", "--xattrs-include=user.*"],
    hasNanoseconds: true,
  },
  "ustar": { args: ["--format=ustar"], hasNanoseconds: false, isOld: true },
  "v7": { args: ["--format=v7"], hasNanoseconds: false, isOld: true },
};

for (const [name, { args, hasNanoseconds, isOld }] of Object.entries(FORMATS)) {
  const hasXattrs = args.includes("--xattrs");
  toolTest(
    `TarParser reads what GNU tar writes (${name})`,
    ["tar", "root", "setfattr", "setfacl"],
    () => {
      const folder = fs.mkdtempSync("/tmp/gnu_tar_");
      try {
        const root = `${folder}/tree`;
        makeTree(root, isOld === true);
        mustRun("tar", [...args, "--numeric-owner", "-C", root, "-cf", `${folder}/t.tar`, "."]);
        const recorder = new TarRecorder();
        const parser = new TarParser(recorder);
        parser.push(fs.readFileSync(`${folder}/t.tar`));
        parser.finish();
        using tree = new MountedTree(root);
        const expected = new Map(listPaths("", tree.tree.root));
        deepStrictEqual(
          recorder.entries.map(({ entry }) => entry.path).sort(),
          [...expected.keys()].sort(),
        );
        for (const { entry, body } of recorder.entries) {
          const onDisk = expected.get(entry.path)!;
          if (entry.kind === "hardlink") {
            strictEqual(onDisk, expected.get(entry.target));
            continue;
          }
          const inode = entry.inode!;
          deepStrictEqual(
            describe(inode, hasNanoseconds, hasXattrs),
            describe(onDisk, hasNanoseconds, hasXattrs),
            entry.path,
          );
          if (inode.size === 0 || inode.kind !== FileKind.regular) continue;
          const content = new Uint8Array(onDisk.size);
          tree.read(onDisk.content!, content, 0);
          strictEqual(body!.length, content.length, entry.path);
          strictEqual(body!.every((byte, i) => byte === content[i]), true, entry.path);
        }
        if (name.includes("sparse")) strictEqual(recorder.get("sparse").holes.length, 3);
        strictEqual(recorder.get("dir/latin\xff\xe9").body!.length, 9);
      } finally {
        fs.rmSync(folder, { recursive: true });
      }
    },
  );
}

function* listPaths<C>(path: ByteString, inode: Inode<C>): Iterable<[ByteString, Inode<C>]> {
  yield [path, inode];
  for (const [name, child] of inode.children ?? []) {
    yield* listPaths(path === "" ? name : `${path}/${name}`, child);
  }
}

function makeTree(root: string, isOld: boolean): void {
  fs.mkdirSync(`${root}/dir/${"sub".repeat(10)}`, { recursive: true });
  fs.writeFileSync(`${root}/file`, "content of a file\n".repeat(100));
  fs.writeFileSync(`${root}/empty`, "");
  mustRun("sh", ["-c", 'printf "not UTF-8" > "$(printf "dir/latin\\377\\351")"'], { cwd: root });
  fs.writeFileSync(`${root}/dir/größe`, "UTF-8");
  fs.writeFileSync(`${root}/dir/attributes`, "x");
  fs.linkSync(`${root}/file`, `${root}/hardlink`);
  fs.symlinkSync("../file", `${root}/dir/link`);
  if (!isOld) {
    fs.writeFileSync(`${root}/dir/${"n".repeat(255)}`, "long name");
    fs.mkdirSync(`${root}/${"deep/".repeat(40)}`, { recursive: true });
    fs.writeFileSync(`${root}/${"deep/".repeat(40)}file`, "long path");
    fs.symlinkSync("t".repeat(300), `${root}/dir/long_target`);
    mustRun("mknod", [`${root}/null`, "c", "1", "3"]);
    mustRun("mknod", [`${root}/loop`, "b", "7", "200"]);
    mustRun("mkfifo", [`${root}/pipe`]);
    fs.chownSync(`${root}/file`, 3_000_000_000, 70_000);
  }
  const descriptor = fs.openSync(`${root}/sparse`, "w");
  for (const at of [0, 1 << 20, 5 << 20]) {
    fs.writeSync(descriptor, new Uint8Array(100).fill(at >> 20 | 1), 0, 100, at);
  }
  fs.ftruncateSync(descriptor, 8 << 20);
  fs.closeSync(descriptor);
  fs.chmodSync(`${root}/empty`, 0o6755);
  fs.chmodSync(`${root}/dir`, 0o1777);
  mustRun("setfacl", ["-m", "u:1234:rw,g:99:r", `${root}/dir/attributes`]);
  mustRun("setfacl", ["-d", "-m", "u:1234:rwx,o:-", `${root}/dir`]);
  mustRun("setfattr", ["-n", "user.text", "-v", "value", `${root}/dir/attributes`]);
  mustRun("setfattr", ["-n", "user.binary", "-v", "0x000a3dff", `${root}/dir/attributes`]);
  mustRun("setfattr", ["-n", "user.empty", `${root}/dir/attributes`]);
  mustRun("touch", ["-d", "2001-02-03T04:05:06.123456789Z", `${root}/file`]);
  if (!isOld) mustRun("touch", ["-d", "1960-01-01T00:00:00.25Z", `${root}/empty`]);
}

function describe(inode: Inode, hasNanoseconds: boolean, hasXattrs: boolean): unknown[] {
  return [
    modeOf(inode).toString(8),
    inode.uid,
    inode.gid,
    inode.size,
    inode.target,
    inode.mtimeSeconds,
    hasNanoseconds ? inode.mtimeNanoseconds : 0,
    inode.deviceMajor,
    inode.deviceMinor,
    hasXattrs ? inode.xattrs.map(({ name, value }) => [name, byteStringFrom(value)]) : [],
  ];
}
