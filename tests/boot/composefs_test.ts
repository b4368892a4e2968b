/**
 * A composefs repository where the kernel has fs-verity: the program runs in a machine, on an ext4
 * that was made here, and the kernel checks what it stored.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { TWO_LAYERS } from "../../src/composefs/oci/oci_fixture.ts";
import { convert } from "../../src/convert/convert.ts";
import { ext4 } from "../../src/format/ext4/format.ts";
import { layoutOf } from "../../src/source/layout_fixture.ts";
import { openImage } from "../../src/transport/open_image.ts";
import { plainSink } from "../conformance/plain_sink.ts";
import { withDirectory } from "../e2e/cli_process.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { SUMS_FUNCTION } from "./content_sums.ts";
import { copyPrograms } from "./host_programs.ts";
import { copyProject, PROJECT_COMMANDS } from "./project_tree.ts";
import { sectionsOf } from "./sections.ts";
import { MACHINE_TOOLS, runInMachine } from "./virtual_machine.ts";

const PULL = "--platform linux/amd64 --repo /repo";

/** Makes the disk of the machine: the program, an image, and room for a repository. */
async function makeDisk(directory: string): Promise<string> {
  const tree = join(directory, "tree");
  for (const name of ["dev", "proc", "sys", "tmp", "memory", "mnt", "again", "layout"]) {
    mkdirSync(join(tree, name), { recursive: true });
  }
  copyPrograms(tree, ["mount", "umount"]);
  copyProject(tree);
  layoutOf(TWO_LAYERS).writeDirectory(join(tree, "layout"));
  const disk = join(directory, "disk");
  const image = await openImage(`dir:${tree}`);
  await convert(image, ext4({ free: { bytes: 200 * 2 ** 20 } }), plainSink(disk));
  await image.close();
  mustRun("tune2fs", ["-O", "verity", disk]);
  return disk;
}

/** What the machine does: pull, check, mount, read; then again with an object and an image replaced. */
const SCRIPT = `${SUMS_FUNCTION}
commands() { chroot /mnt ${PROJECT_COMMANDS} "$@"; }
replace() { cp "$1" /mnt/memory/copy; rm "$1"; cp /mnt/memory/copy "$1"; }

mount -t ext4 /dev/vda /mnt
for name in dev proc sys; do mount --bind /$name /mnt/$name; done
mount -t tmpfs none /mnt/memory

commands composefs init /memory/repo -- \
  composefs init /repo -- \
  composefs pull oci:/layout image ${PULL} --as-is -- \
  composefs pull oci:/layout image ${PULL} | tee /mnt/memory/said
echo "== init left"; ls /mnt/memory/repo 2>&1 || true
commands composefs fsck --repo /repo -- composefs mount image /mnt --repo /repo
echo "== mounted"; sums /mnt/mnt
echo "== options"; grep " /mnt/mnt " /proc/mounts
cd /mnt/repo/objects
echo "== objects"; find . -type f -exec fsverity measure {} +
large=$(find . -type f -size +200)
echo "== written"; (echo more >>$large) 2>&1 || true

as_is=$(sed -n 's/^composefs.image[^ ]* //p' /mnt/memory/said | head -n 1)
replace $large
replace $(echo $as_is | sed 's#^..#&/#')
commands composefs mount image /again --repo /repo -- \
  composefs mount image /again --as-is --repo /repo -- \
  composefs fsck --repo /repo --json
echo "== read again"; sums /mnt/again
`;

toolTest(
  "the kernel checks the objects of a repository that was made in a machine",
  [...MACHINE_TOOLS, "fsverity", "mount", "tune2fs"],
  () =>
    withDirectory(async (directory) => {
      const disk = await makeDisk(directory);
      const output = await runInMachine(
        { directory, drives: [{ path: disk }], memoryMebibytes: 1024 },
        {
          programs: ["fsverity"],
          modules: ["erofs", "overlay", "loop", "sha512_generic"],
          script: SCRIPT,
        },
      );
      const sections = sectionsOf(output);
      const codes = [...sections].filter(([name]) => name.startsWith("composefs "))
        .map(([name, lines]) => `${name.split(" ", 4).slice(1).join(" ")}: ${lines.at(-1)}`);
      deepStrictEqual(codes, [
        "init /memory/repo: code 4",
        "init /repo: code 0",
        ...["pull oci:/layout image: code 0", "pull oci:/layout image: code 0"],
        "fsck --repo /repo: code 0",
        ...["mount image /mnt: code 0", "mount image /again: code 0"],
        "mount image /again: code 3",
        "fsck --repo /repo: code 1",
      ]);
      match(sections.get("init left")!.join(), /No such file or directory/);
      match(sections.get("options")!.join(), /\bverity=require\b/);
      const measured = sections.get("objects")!.map((line) => line.split(" "));
      ok(measured.length > 0);
      for (const [digest, path] of measured) {
        strictEqual(digest, `sha512:${path.replaceAll(/[./]/g, "")}`);
      }
      match(sections.get("written")!.join(), /Operation not permitted/);
      deepStrictEqual(sections.get("mounted"), sumsOfFiles().sort());
      const again = sections.get("read again")!;
      const isReplaced = (line: string) => /large|alias/.test(line);
      deepStrictEqual(
        again.filter((line) => !isReplaced(line)),
        sumsOfFiles().filter((line) => !isReplaced(line)).sort(),
      );
      strictEqual(again.filter(isReplaced).length, 2);
      for (const line of again.filter(isReplaced)) match(line, /Input\/output error/);
      const errors = JSON.parse(
        sections.get("composefs fsck --repo /repo --json")!.slice(0, -1).join("\n"),
      ).errors.map((error: { kind: string }) => error.kind);
      deepStrictEqual(errors, ["object-verity-missing", "object-verity-missing"]);
    }),
);

/** The regular files of the image, but those of /run, which a composefs image leaves empty. */
function sumsOfFiles(): string[] {
  const contents = [
    ["etc/new", "new ".repeat(100)],
    ["usr/bin/alias", "large ".repeat(20_000)],
    ["usr/bin/large", "large ".repeat(20_000)],
    ["usr/bin/medium", "m".repeat(65)],
    ["usr/bin/small", "small"],
  ];
  return contents.map(([path, content]) =>
    `${createHash("sha256").update(content).digest("hex")}  ./${path}`
  );
}
