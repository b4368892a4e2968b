/**
 * A composefs image with its objects on an ext4 whose files have fs-verity from the beginning: a
 * verified root filesystem on disks that nobody had to write to.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { openDigestStore } from "../../src/composefs/image/digest_store.ts";
import { composefsImage } from "../../src/composefs/image/image_writer.ts";
import { IMAGE_VERSIONS } from "../../src/composefs/image/image_version.ts";
import { convert } from "../../src/convert/convert.ts";
import { ext4 } from "../../src/format/ext4/format.ts";
import { openImage } from "../../src/transport/open_image.ts";
import { CaseTree } from "../conformance/case_tree.ts";
import { plainSink } from "../conformance/plain_sink.ts";
import { writeTree } from "../conformance/write_tree.ts";
import { withDirectory } from "../e2e/cli_process.ts";
import { toolTest } from "../tools.ts";
import { SUMS_FUNCTION, sumsOf } from "./content_sums.ts";
import { sectionsOf } from "./sections.ts";
import { MACHINE_TOOLS, runInMachine } from "./virtual_machine.ts";

/** Objects that are files of their own; shorter contents stand in the image. */
const LONG = ["etc/long", "same", "large"];

function filesTree() {
  const tree = new CaseTree()
    .directory("etc")
    .file("etc/short", { size: 20 })
    .file("etc/long", { size: 500 })
    .file("large", { size: 1_000_000 })
    .link("same", "large");
  return tree.finish();
}

/** Mounts the image on a disk over the objects on another, and reads all files. */
function read(name: string, image: string, objects: string): string {
  return `
    echo "== ${name}"
    mount -t ext4 -o ro ${objects} /mnt
    mount -t erofs -o ro ${image} /names
    mount -t overlay -o "$options,lowerdir=/names::/mnt" none /root
    sums /root
    umount /root
    umount /names
    umount /mnt`;
}

toolTest(
  "the kernel reads composefs images over objects of ext4 with fs-verity, and only over such",
  MACHINE_TOOLS,
  () =>
    withDirectory(async (directory) => {
      const tree = filesTree();
      const objects = `${directory}/objects`;
      mkdirSync(objects);
      const { store, close } = openDigestStore(objects, "sha256");
      const drives = ["protected", "plain"].map((name) => ({ path: `${directory}/${name}` }));
      for (const version of IMAGE_VERSIONS) {
        const path = `${directory}/image${version}`;
        await writeTree(composefsImage({ version, store }), tree, plainSink(path));
        drives.push({ path });
      }
      close();
      for (const [i, fsVerity] of [true, false].entries()) {
        const image = await openImage(`dir:${objects}`);
        await convert(image, ext4({ fsVerity, readOnly: true }), plainSink(drives[i].path));
        await image.close();
      }
      const sections = sectionsOf(
        await runInMachine({ directory, drives }, {
          modules: ["erofs", "overlay"],
          script: [
            SUMS_FUNCTION,
            "mkdir -p /names /root",
            "options=ro,metacopy=on,redirect_dir=on,verity=require",
            ...IMAGE_VERSIONS.flatMap((version, i) => [
              read(`protected ${version}`, `/dev/vd${"cde"[i]}`, "/dev/vda"),
              read(`plain ${version}`, `/dev/vd${"cde"[i]}`, "/dev/vdb"),
            ]),
          ].join("\n"),
        }),
      );
      const expected = sumsOf(tree);
      const isLong = (line: string) => LONG.some((name) => line.includes(`./${name}`));
      for (const version of IMAGE_VERSIONS) {
        deepStrictEqual(sections.get(`protected ${version}`), expected, `version ${version}`);
        const plain = sections.get(`plain ${version}`)!;
        strictEqual(plain.length, expected.length);
        for (const line of plain) {
          if (isLong(line)) match(line, /Input\/output error/);
          else ok(expected.includes(line), line);
        }
      }
    }),
);
