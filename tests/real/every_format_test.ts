/**
 * A real image in every format: the format's own tools accept it, and it is the image it was made of.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { runCli, withDirectory } from "../e2e/cli_process.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { UMOCI_IMAGE_NEEDS, umociImage } from "./real_images.ts";

/** A way to write the image. */
interface Way {
  /** Arguments of the program. */
  readonly args: readonly string[];
  /** How the result is named as a source; its path when absent. */
  readonly transport?: string;
  /** The program that looks at it, with arguments in front of its path. */
  readonly judge: readonly string[];
  /** What `verify` may find: what the format cannot hold. Nothing when absent. */
  readonly lost?: RegExp;
}

const LATE_OR_EARLY = /: mtime: (0|4294967295) s \+ 0 ns \| -?\d+ s/;

/** The quick levels: others differ in nothing but time. */
const WAYS: readonly Way[] = [
  { args: ["--format=ext4"], judge: ["e2fsck", "-fn"] },
  {
    args: ["--format=squashfs", "--compression=zstd:1", "--on-loss=report"],
    judge: ["unsquashfs", "-lln"],
    lost: new RegExp(`: xattrs system\\.posix_acl_|${LATE_OR_EARLY.source}`),
  },
  {
    args: ["--format=squashfs", "--compression=gzip:1", "--on-loss=report"],
    judge: ["rdsquashfs", "-d"],
    lost: new RegExp(`: xattrs system\\.posix_acl_|${LATE_OR_EARLY.source}`),
  },
  { args: ["--format=erofs"], judge: ["fsck.erofs", "--extract"] },
  { args: ["--format=erofs", "--compression=lz4"], judge: ["fsck.erofs", "--extract"] },
  { args: ["--format=tar", "--compression=zstd:1"], transport: "tar:", judge: ["tar", "-tf"] },
  {
    args: ["--format=cpio", "--on-loss=report"],
    judge: ["bsdtar", "-tf"],
    lost: new RegExp(`: xattrs |${LATE_OR_EARLY.source}`),
  },
];

for (const { args, transport = "", judge, lost } of WAYS) {
  const [program, ...judgeArgs] = judge;
  const name = args.filter((it) => !it.startsWith("--on-loss")).join(" ");
  toolTest(
    `a Debian image with ${name}`,
    [...UMOCI_IMAGE_NEEDS, program],
    () =>
      withDirectory(async (directory) => {
        const reference = `oci:${umociImage()}:full`;
        const output = `${directory}/image`;
        const made = await runCli([reference, ...args, "-o", output, "-q"]);
        strictEqual(made.code, 0, made.stderr);
        mustRun(program, [...judgeArgs, output]);
        const { code, stdout } = await runCli(["verify", `${transport}${output}`, reference, "-q"]);
        const lines = stdout.split("\n").filter((line) => line !== "");
        strictEqual(code, lost === undefined ? 0 : 1, stdout);
        deepStrictEqual(lines.filter((line) => !lost?.test(line)), []);
      }),
  );
}
