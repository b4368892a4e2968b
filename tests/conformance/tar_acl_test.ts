/**
 * POSIX access control lists through archives: those of other programs as sources, ours before them.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { convert } from "../../src/convert/convert.ts";
import { tar } from "../../src/format/tar/format.ts";
import { openImage } from "../../src/transport/open_image.ts";
import type { Notice } from "../../src/notice.ts";
import { openTree } from "../../src/view/tree_view.ts";
import { MountedTree } from "../mounted_tree.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { compareTrees, formatDifference } from "../../src/tree/compare.ts";
import { plainSink } from "./plain_sink.ts";

const TOOLS = ["root", "tar", "bsdtar", "setfacl"];

/**
 * Makes files with lists; some of the accounts have names everywhere. The numbers are what libarchive
 * can hold.
 */
function makeTree(root: string): void {
  Deno.mkdirSync(`${root}/sub`, { recursive: true });
  Deno.writeTextFileSync(`${root}/file`, "x");
  Deno.chmodSync(`${root}/file`, 0o640);
  mustRun("setfacl", ["-m", "u:70000:rwx,g:0:r-x,u:0:-w-,g:2000000000:--x", `${root}/file`]);
  mustRun("setfacl", ["-m", "u:1:r,m::rx", `${root}/sub`]);
  mustRun("setfacl", ["-m", "d:u:1234:rwx,d:g:0:r,d:o::-", `${root}/sub`]);
}

function differences(a: Parameters<typeof compareTrees>[0], b: typeof a): string[] {
  return [...compareTrees(a, b, { ignore: ["atime", "mtime", "content", "linkCount"] })].map(
    formatDifference,
  );
}

async function inDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "tar_acl_" });
  try {
    makeTree(`${directory}/root`);
    await use(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

const MAKERS: readonly (readonly [string, ...string[]])[] = [
  ["tar", "--format=posix", "--numeric-owner", "--acls", "--xattrs"],
  // The numbers stand in the attributes.
  ["tar", "--format=posix", "--acls", "--xattrs", "--xattrs-include=*"],
  // Names with numbers behind.
  ["bsdtar", "--format=pax"],
];

for (const [program, ...args] of MAKERS) {
  toolTest(
    `lists in an archive of ${program} ${args.join(" ")} arrive`,
    TOOLS,
    () =>
      inDirectory(async (directory) => {
        const archive = `${directory}/x.tar`;
        const root = `${directory}/root`;
        mustRun(program, [...args, "-cf", archive, "-C", root, "."]);
        const notices: string[] = [];
        const options = { onNotice: ({ message }: Notice) => void notices.push(message) };
        const view = await openTree(`tar:${archive}`, options);
        using mounted = new MountedTree(root);
        const reader = { read: () => 0, seekData: () => 0 };
        const trees = [{ tree: view.tree, reader }, { tree: mounted.tree, reader }] as const;
        deepStrictEqual(differences(...trees), []);
        deepStrictEqual(notices, []);
        await view.close();
      }),
  );
}

const EXTRACTORS: readonly (readonly [string, ...string[]])[] = [
  ["tar", "--acls"],
  ["tar", "--acls", "--xattrs", "--xattrs-include=*"],
  ["tar", "--xattrs", "--xattrs-include=*"],
  ["bsdtar"],
];

toolTest(
  "lists come back out of our archives, whoever extracts them",
  TOOLS,
  () =>
    inDirectory(async (directory) => {
      const archive = `${directory}/x.tar`;
      const image = await openImage(`dir:${directory}/root`);
      await convert(image, tar(), plainSink(archive));
      await image.close();
      for (const [program, ...args] of EXTRACTORS) {
        const extracted = `${directory}/extracted`;
        Deno.mkdirSync(extracted);
        mustRun(program, [...args, "--numeric-owner", "-xpf", archive, "-C", extracted]);
        using found = new MountedTree(extracted);
        using expected = new MountedTree(`${directory}/root`);
        const [a, b] = [found, expected].map((it) => ({ tree: it.tree, reader: it }));
        deepStrictEqual(differences(a, b), [], `${program} ${args}`);
        Deno.removeSync(extracted, { recursive: true });
      }
    }),
);
