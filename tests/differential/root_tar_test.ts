/**
 * Archives of whole root filesystems: the image has what GNU tar extracts.
 */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { ext4 } from "../../src/format/ext4/format.ts";
import { fileSink } from "../../src/io/file_sink.ts";
import { compareTrees, formatDifference } from "../../src/tree/compare.ts";
import { openImage } from "../../src/transport/open_image.ts";
import { everyKind } from "../conformance/ext4_cases.ts";
import { materialize } from "../conformance/materialize.ts";
import { MountedTree } from "../mounted_tree.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { withConverted, withOpenedImage } from "./converted_image.ts";

async function withDirectory(use: (path: string) => void | Promise<void>): Promise<void> {
  const path = Deno.makeTempDirSync({ prefix: "root_tar_test_" });
  try {
    await use(path);
  } finally {
    rmSync(path, { recursive: true });
  }
}

const TAR_OPTIONS = ["--xattrs", "--xattrs-include=*", "--numeric-owner", "--sparse"];

/** Makes an archive of a tree with every kind of file, and of names that mean whiteouts in layers. */
function makeArchive(work: string): string {
  mkdirSync(`${work}/root`);
  materialize(everyKind(), `${work}/root`);
  writeFileSync(`${work}/root/.wh.name`, "a file");
  mkdirSync(`${work}/root/.wh..wh.plnk`);
  const options = ["--format=pax", "--warning=no-file-ignored", ...TAR_OPTIONS];
  mustRun("tar", ["-C", `${work}/root`, ...options, "-cf", `${work}/root.tar`, "."]);
  return `${work}/root.tar`;
}

toolTest("tar: has what GNU tar extracts", ["root", "tar"], async () => {
  await withDirectory(async (work) => {
    const archive = makeArchive(work);
    mkdirSync(`${work}/extracted`);
    mustRun("tar", ["-C", `${work}/extracted`, ...TAR_OPTIONS, "-xpf", archive]);
    using mounted = new MountedTree(`${work}/extracted`);
    const found = await withConverted(
      `tar:${archive}`,
      ({ path }) =>
        withOpenedImage(path, ({ tree, reader }) =>
          [...compareTrees(
            { tree: mounted.tree, reader: mounted },
            { tree, reader },
            { ignore: ["atime"] },
          )].map(formatDifference)),
    );
    deepStrictEqual(found, []);
    strictEqual(mounted.tree.root.children!.has(".wh.name"), true);
  });
});

toolTest("the same tar gives the same image however it is compressed", [
  "root",
  "tar",
  "gzip",
  "zstd",
  "xz",
  "bzip2",
], async () => {
  await withDirectory(async (work) => {
    const archive = makeArchive(work);
    const sha256Of = (path: string) =>
      createHash("sha256").update(readFileSync(path)).digest("hex");
    const digest = `sha256:${sha256Of(archive)}`;
    const images: string[] = [];
    for (const program of ["", "gzip", "zstd", "xz", "bzip2"]) {
      const path = program === "" ? archive : `${archive}.${program}`;
      if (program !== "") mustRun("sh", ["-c", `${program} -c < "$1" > "$2"`, "sh", archive, path]);
      await withConverted(`tar:${path}`, (converted) => {
        strictEqual(converted.report.digest, digest);
        images.push(sha256Of(converted.path));
      });
    }
    deepStrictEqual(images, Array(5).fill(images[0]));
  });
});

toolTest(
  "tar: reads a named pipe and leaves no temporary file behind",
  ["mkfifo", "sh"],
  async () => {
    await withDirectory(async (work) => {
      mkdirSync(`${work}/root/etc`, { recursive: true });
      writeFileSync(`${work}/root/etc/name`, "value");
      mustRun("mkfifo", [`${work}/pipe`]);
      const feeder = new Deno.Command("sh", {
        args: ["-c", `tar -C "$1/root" -cz . > "$1/pipe"`, "sh", work],
      }).spawn();
      const image = await openImage(`tar:${work}/pipe`);
      await feeder.status;
      const [{ job }] = image.layers;
      ok(job.kind === "tar" && job.location.kind === "file");
      const spooled = job.location.path;
      const { counts } = await convert(image, ext4(), fileSink(`${work}/image.ext4`));
      strictEqual(counts.regular, 1);
      ok(existsSync(spooled));
      await image.close();
      ok(!existsSync(spooled) && !existsSync(dirname(spooled)));
    });
  },
);

Deno.test("tar: refuses what is no tar", async () => {
  await withDirectory(async (work) => {
    writeFileSync(`${work}/empty`, "");
    writeFileSync(`${work}/text`, "not a tar at all\n".repeat(100));
    await rejects(openImage(`tar:${work}/empty`), { code: "CORRUPT", message: /it is empty/ });
    await rejects(openImage(`tar:${work}/none`), { code: "NOT_FOUND" });
    await rejects(openImage(`tar:${work}`), { code: "NOT_FOUND", message: /it is a directory/ });
    await rejects(openImage("tar:/dev/null"), { code: "NOT_FOUND" });
    await rejects(withConverted(`tar:${work}/text`, () => {}), { code: "CORRUPT" });
  });
});
