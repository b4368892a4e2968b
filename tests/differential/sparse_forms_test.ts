import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { writeLayout } from "../handmade_layout.ts";
import { withMountedImage } from "../loop_mount.ts";
import { MountedTree } from "../mounted_tree.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { convertReference } from "./converted_image.ts";
import { differencesFromOracle } from "./oracle_compare.ts";

/** How GNU tar stores files with holes: its own format, and three generations of PAX records. */
const FORMS = {
  "the old format of GNU": ["--format=gnu"],
  "PAX 0.0": ["--format=posix", "--sparse-version=0.0"],
  "PAX 0.1": ["--format=posix", "--sparse-version=0.1"],
  "PAX 1.0": ["--format=posix", "--sparse-version=1.0"],
};

/** Data at both ends, a hole at both ends, many pieces (more than fit in one header), only a hole. */
const MAKE_FILES = `
  set -e
  truncate -s 50M both; printf front | dd of=both conv=notrunc status=none
  printf back | dd of=both bs=1 seek=52428796 conv=notrunc status=none
  truncate -s 70000001 many
  for i in $(seq 1 60); do
    printf "piece $i" | dd of=many bs=1 seek=$((i * 1000003)) conv=notrunc status=none
  done
  truncate -s 5000000000 hole
  printf 'no hole at all' > dense
  mkdir d && truncate -s 1 d/one-byte-hole
  name=d/$(printf '%0150d' 0) && truncate -s 10M $name && echo end >> $name
  touch -d @1000000000 both many hole dense d/* d .
`;

for (const [name, options] of Object.entries(FORMS)) {
  toolTest(
    `convert() keeps the holes of files in ${name}`,
    ["root", "tar", "mount:ext4"],
    async () => {
      const work = Deno.makeTempDirSync({ prefix: "sparse_forms_" });
      try {
        const files = `${work}/files`;
        mkdirSync(files);
        mustRun("sh", ["-c", MAKE_FILES], { cwd: files });
        mustRun("tar", [...options, "--sparse", "-C", files, "-cf", `${work}/layer.tar`, "."]);
        const tar = readFileSync(`${work}/layer.tar`);
        writeLayout(`${work}/layout`, [{ tag: "sparse", layers: [{ tar }] }]);
        const image = `${work}/image.ext4`;
        await convertReference(`oci:${work}/layout:sparse`, image);
        deepStrictEqual(differencesFromOracle(image, files), []);
        withMountedImage(image, (mounted) => {
          using ours = new MountedTree(mounted);
          strictEqual(ours.seekData("hole", 0), Infinity);
          strictEqual(ours.seekData("both", 4096), 52424704);
        });
      } finally {
        rmSync(work, { recursive: true });
      }
    },
  );
}
