/**
 * What images go through after they were made: the tools of e2fsprogs change them, the kernel works
 * in them until they are full, and they stay clean and keep their content.
 */
import { match, strictEqual } from "node:assert/strict";
import { closeSync, copyFileSync, ftruncateSync, openSync, truncateSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { ImageWriter } from "../../src/format/image_format.ts";
import type { Ext4Content, Ext4Options } from "../../src/format/ext4/format.ts";
import type { FileTree } from "../../src/tree/file_tree.ts";
import { FileKind } from "../../src/tree/inode.ts";
import { MACHINE_TOOLS, runInMachine } from "../boot/virtual_machine.ts";
import {
  add,
  addFile,
  assertClean,
  type BuildTree,
  everyKind,
  EXT4_TOOLS,
  run,
  withImage,
} from "../ext4_image.ts";
import { withMountedImage } from "../loop_mount.ts";
import { runTool } from "../run_tool.ts";
import { isMet, toolTest } from "../tools.ts";

const NEEDS = [...EXT4_TOOLS, "tune2fs", "resize2fs", "mount:ext4"];

/** Images that differ in what the tools have to rewrite. */
const PROFILES: Record<string, Ext4Options> = {
  "the defaults": {},
  "blocks of 1024 and a journal": { blockSize: 1024, journal: "auto" },
  "a kernel of 3.10": { compat: "3.10" },
  "no checksums at all": { features: "-metadata_csum" },
  "large inodes and a checksum seed": { inodeSize: 512, features: "metadata_csum_seed" },
};

/** Builds every kind of file, a large directory, attributes shared and, where they may be, large. */
function lifeTree(options: Ext4Options): BuildTree {
  return (writer, tree) => buildLife(writer, tree, options.compat === undefined);
}

function buildLife(
  writer: ImageWriter<Ext4Content>,
  tree: FileTree<Ext4Content>,
  hasLargeValues: boolean,
): void {
  everyKind(writer, tree);
  const crowd = add(tree.root, "crowd", FileKind.directory);
  const label = [{ name: "user.label", value: new Uint8Array(600).fill(65) }];
  for (let i = 0; i < 5000; i++) add(crowd, `${"n".repeat(i % 40)}-${i}`).xattrs = label;
  const large = addFile(writer, tree.root, "large", new Uint8Array(70_000).fill(9));
  const size = hasLargeValues ? 40_000 : 1000;
  large.xattrs = [{ name: "user.large", value: new Uint8Array(size).fill(66) }];
  const data = add(tree.root, "work", FileKind.directory);
  data.permissions = 0o1777;
}

/** All that a walk through the mounted image sees; sizes of directories may change. */
function contentOf(path: string): string {
  return withMountedImage(path, (directory) =>
    run(
      "sh",
      "-c",
      `cd "$0" && find . -path ./lost+found -prune -o -type d -printf '%P %y %m %U %G %n %T@\\n' \
        -o -printf '%P %y %m %U %G %n %s %T@ %l\\n' | LC_ALL=C sort | sha256sum &&
      find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum`,
      directory,
    ));
}

function lifeTest(
  title: string,
  profiles: Record<string, Ext4Options>,
  change: (path: string, options: Ext4Options) => void | Promise<void>,
  needs: readonly string[] = [],
): void {
  for (const [name, options] of Object.entries(profiles)) {
    toolTest(`${title}: ${name}`, [...NEEDS, ...needs], async () => {
      await withImage(options, lifeTree(options), async ({ path }) => {
        const before = contentOf(path);
        await change(path, options);
        assertClean(path);
        strictEqual(contentOf(path), before);
      });
    });
  }
}

/** `e2fsck -fy` with options: 0 is clean, 1 is repaired. */
function repair(path: string, ...options: string[]): void {
  const { status, stdout, stderr } = runTool("e2fsck", ["-fy", ...options, path]);
  strictEqual(status <= 1, true, stdout + stderr);
}

lifeTest("e2fsck -D rebuilds directories", PROFILES, (path) => repair(path, "-D"));

lifeTest("tune2fs changes label, UUID and reserve", PROFILES, (path) => {
  run("tune2fs", "-f", "-L", "other", "-U", "ffffffff-1111-2222-3333-444444444444", path);
  run("tune2fs", "-m", "5", path);
  match(run("dumpe2fs", "-h", path), /UUID: +ffffffff-1111-2222-3333-444444444444/);
});

lifeTest(
  "tune2fs adds a journal",
  { "the defaults": {}, "a kernel of 3.10": { compat: "3.10" } },
  (path) => {
    run("tune2fs", "-j", path);
    match(run("dumpe2fs", "-h", path), /has_journal/);
  },
);

lifeTest("tune2fs removes the journal", { "a journal": { journal: "auto" } }, (path) => {
  run("tune2fs", "-O", "^has_journal", path);
});

lifeTest("tune2fs turns checksums on and off", {
  "the defaults": {},
  "no checksums": { compat: "3.10" },
}, (path) => {
  const isOn = /metadata_csum/.test(run("dumpe2fs", "-h", path));
  run("tune2fs", "-O", isOn ? "^metadata_csum" : "metadata_csum", path);
  repair(path, "-D");
});

lifeTest("resize2fs grows and shrinks", PROFILES, (path) => {
  const file = openSync(path, "r+");
  ftruncateSync(file, 1 << 30);
  closeSync(file);
  run("resize2fs", path);
  match(run("dumpe2fs", "-h", path), /Block count: +(262144|1048576)\n/);
  assertClean(path);
  run("resize2fs", "-M", path);
});

lifeTest(
  "a lost superblock is restored from every copy",
  { "blocks of 1024": { size: 80 << 20, blockSize: 1024 } },
  (path) => {
    for (const group of [1, 3, 5, 7]) {
      const copy = `${path}-copy`;
      copyFileSync(path, copy);
      const file = openSync(copy, "r+");
      // The superblock and the descriptors of group 0.
      writeSync(file, new Uint8Array(4096), 0, 4096, 0);
      closeSync(file);
      repair(copy, "-b", String(1 + group * 8192), "-B", "1024");
      assertClean(copy);
      strictEqual(contentOf(copy), contentOf(path));
    }
  },
);

for (const [name, options] of Object.entries(PROFILES)) {
  toolTest(`the kernel works in an image until it is full: ${name}`, NEEDS, async () => {
    await withImage(options, lifeTree(options), ({ path }) => {
      withMountedImage(path, work, { options: "rw,user_xattr" });
      assertClean(path);
      withMountedImage(path, (directory) => {
        strictEqual(run("sh", "-c", `ls -f "$0/crowd" | wc -l`, directory).trim(), "4502");
        match(run("cat", `${directory}/work/moved/kept`), /^kept\n$/);
      });
    });
  });
}

/** Names, links, attributes, holes, deletion; then data and inodes until nothing fits. */
function work(directory: string): void {
  const script = `
    set -e
    cd "$0/work"
    mkdir made && echo kept > made/kept && mv made moved && ln moved/kept linked && ln -s x symlink
    i=0; while [ $i -lt 2000 ]; do mkdir "d$i"; i=$((i+1)); done
    rm -r d1*
    for f in ../crowd/*-1??? ; do rm "$f"; done
    for f in ../crowd/*-2[0-4]?? ; do mv "$f" "$f.moved"; done
    i=0; while [ $i -lt 500 ]; do : > "../crowd/new-$i"; i=$((i+1)); done
    truncate -s 3G sparse && printf end >> sparse
    rm ../scattered ../large
    echo longer >> ../file-4097
    chmod 600 ../file-1 && touch -d 2040-01-01 ../file-1
    dd if=/dev/zero of=full bs=1M 2>/dev/null || true
    i=0; while : > "../crowd/x$i" 2>/dev/null && echo data > "../crowd/x$i" 2>/dev/null; do
      i=$((i+1)); [ $i -lt 300 ] || break; done
    rm -f ../crowd/x* full
    sync .
  `;
  run("sh", "-c", script, directory);
  if (isMet("setfattr")) {
    run("setfattr", "-n", "user.new", "-v", "x".repeat(3000), `${directory}/file-1024`);
    run("setfattr", "-x", "user.label", `${directory}/crowd/-0`);
  }
  // Not every file below a loop device can be trimmed.
  if (isMet("fstrim")) runTool("fstrim", [directory]);
}

toolTest("the overhead in the superblock is what the kernel counts itself", NEEDS, async () => {
  for (const options of Object.values(PROFILES)) {
    await withImage({ ...options, journal: "auto" }, everyKind, ({ path }) => {
      const facts = run("dumpe2fs", "-h", path);
      const fact = (name: string) => Number(new RegExp(`${name}: +(\\d+)\n`).exec(facts)![1]);
      const usable = withMountedImage(
        path,
        (directory) => run("stat", "-f", "-c", "%b", directory),
      );
      strictEqual(fact("Block count") - fact("Overhead clusters"), Number(usable));
    });
  }
});

// Those that differ in where descriptors of further groups go.
const GROWN = Object.fromEntries(Object.entries(PROFILES).slice(0, 3));

lifeTest("the kernel grows a mounted image", GROWN, async (path, { blockSize = 4096 }) => {
  const size = 3 * 2 ** 30;
  truncateSync(path, size);
  // Growing takes rights that a container may not give.
  await runInMachine({ directory: dirname(path), drives: [{ path, isWritable: true }] }, {
    programs: ["resize2fs"],
    script: `
      mount -t ext4 /dev/vda /mnt
      resize2fs /dev/vda
      # More than what was free before.
      dd if=/dev/zero of=/mnt/lost+found/file bs=1M count=200
      rm /mnt/lost+found/file
      umount /mnt`,
  });
  match(run("dumpe2fs", "-h", path), new RegExp(`Block count: +${size / blockSize}\n`));
}, MACHINE_TOOLS);
