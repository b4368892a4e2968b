/**
 * What each format cannot hold, as a table: it is refused with its path, whatever the image was
 * before, and everybody else keeps it.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { convert } from "../../src/convert/convert.ts";
import { ImageError, type ImageErrorCode } from "../../src/image_error.ts";
import type { Notice } from "../../src/notice.ts";
import { openImage } from "../../src/transport/open_image.ts";
import { compareTrees, formatDifference } from "../../src/tree/compare.ts";
import { toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { ROUND_FORMATS, roundFormat } from "./every_format.ts";
import { SOME_ACL } from "./ext4_metadata_cases.ts";
import { generatedReader } from "./generated_content.ts";
import { CREATED_SECONDS, writeTree } from "./write_tree.ts";

/** One thing that not every format holds. */
interface Limit {
  /** Name in the names of tests. */
  readonly name: string;
  /** Adds it to a tree, at `PLACE` if it is one file. */
  add(tree: CaseTree): void;
  /** The path that an error names, where it is not `PLACE`. */
  readonly path?: RegExp;
  /** Who refuses it, and how. */
  readonly refused: Readonly<Record<string, ImageErrorCode>>;
  /** Who holds something else in its place, and says so. */
  readonly changed?: readonly string[];
  /** Who can be read from; the first that keeps it when absent. */
  readonly source?: string;
  /** Who keeps it. */
  readonly held: readonly string[];
}

const PLACE = "d/place";

/** Linux has no such files: nobody takes them, though an archive may have them. */
const BY_ALL: Limit["refused"] = Object.fromEntries(
  ROUND_FORMATS.map(({ name }) => [name, "LIMIT_EXCEEDED"]),
);

const LIMITS: readonly Limit[] = [
  {
    name: "a socket",
    add: (tree) => tree.special(PLACE, "socket"),
    refused: { tar: "UNSUPPORTED" },
    held: ["erofs", "ext4", "squashfs", "cpio", "directory"],
  },
  {
    name: "an ACL",
    add: (tree) =>
      tree.file(PLACE, { permissions: 0o674, xattrs: { "system.posix_acl_access": SOME_ACL } }),
    refused: { squashfs: "UNSUPPORTED", cpio: "UNSUPPORTED" },
    held: ["tar", "erofs", "ext4"],
  },
  {
    name: "an attribute",
    add: (tree) => tree.file(PLACE, { xattrs: { "user.a": "b" } }),
    refused: { cpio: "UNSUPPORTED" },
    held: ["tar", "erofs", "ext4", "squashfs", "directory"],
  },
  {
    name: "an attribute of another namespace",
    add: (tree) => tree.file(PLACE, { xattrs: { "other.\x1ba": "b" } }),
    refused: {
      cpio: "UNSUPPORTED",
      erofs: "UNSUPPORTED",
      ext4: "UNSUPPORTED",
      squashfs: "UNSUPPORTED",
      directory: "UNSUPPORTED",
    },
    held: ["tar"],
  },
  {
    name: "an attribute of 65,536 bytes",
    add: (tree) => tree.file(PLACE, { xattrs: { "user.a": "b".repeat(65_536) } }),
    refused: { cpio: "UNSUPPORTED", erofs: "LIMIT_EXCEEDED" },
    held: ["tar", "ext4", "squashfs"],
  },
  {
    name: "an attribute of 65,537 bytes",
    add: (tree) => tree.file(PLACE, { xattrs: { "user.a": "b".repeat(65_537) } }),
    refused: {
      cpio: "UNSUPPORTED",
      erofs: "LIMIT_EXCEEDED",
      ext4: "LIMIT_EXCEEDED",
      squashfs: "UNSUPPORTED",
      directory: "UNSUPPORTED",
    },
    held: ["tar"],
  },
  {
    name: "a time before 1970",
    add: (tree) => tree.file(PLACE, { mtime: -1 }),
    refused: { squashfs: "UNSUPPORTED", cpio: "UNSUPPORTED" },
    held: ["tar", "erofs", "ext4", "directory"],
  },
  {
    name: "a time after 2106",
    add: (tree) => tree.file(PLACE, { mtime: 2 ** 32 }),
    refused: { squashfs: "UNSUPPORTED", cpio: "UNSUPPORTED" },
    held: ["tar", "erofs", "ext4", "directory"],
  },
  {
    name: "a time after 2446",
    add: (tree) => tree.file(PLACE, { mtime: 2 ** 34 }),
    refused: { squashfs: "UNSUPPORTED", cpio: "UNSUPPORTED" },
    changed: ["ext4"],
    held: ["tar", "erofs"],
  },
  {
    name: "a device number of 13 bits",
    add: (tree) => tree.device(PLACE, "blockDevice", 4096, 1),
    refused: {
      ext4: "LIMIT_EXCEEDED",
      squashfs: "UNSUPPORTED",
      erofs: "LIMIT_EXCEEDED",
      directory: "UNSUPPORTED",
    },
    held: ["tar", "cpio"],
  },
  {
    name: "a device number of 22 bits",
    add: (tree) => tree.device(PLACE, "blockDevice", 1, 2 ** 21),
    refused: {
      tar: "UNSUPPORTED",
      ext4: "LIMIT_EXCEEDED",
      squashfs: "UNSUPPORTED",
      erofs: "LIMIT_EXCEEDED",
      directory: "UNSUPPORTED",
    },
    held: ["cpio"],
  },
  {
    name: "a target of 4096 bytes",
    add: (tree) => tree.symlink(PLACE, "t".repeat(4096)),
    source: "tar",
    refused: BY_ALL,
    held: [],
  },
  {
    name: "a name of 256 bytes",
    add: (tree) => tree.file(`d/${"n".repeat(256)}`, { size: 1 }),
    path: /^d\/n+…?n+$/,
    source: "tar",
    refused: BY_ALL,
    held: [],
  },
  {
    name: "a path of 4096 bytes",
    add(tree) {
      let path = "d";
      for (let i = 0; i < 16; i++) tree.directory(path += `/${"p".repeat(254)}`);
      tree.file(`${path}/${"f".repeat(4096 - path.length - 1)}`);
    },
    path: /^d(\/p{254}){16}\/f+$/,
    refused: { cpio: "LIMIT_EXCEEDED" },
    held: ["tar", "ext4", "squashfs", "erofs", "directory"],
  },
  {
    name: "a file of 4 GiB",
    add: (tree) => tree.file(PLACE, { size: 2 ** 32, data: [[100_000, 200_000]] }),
    refused: { cpio: "LIMIT_EXCEEDED" },
    held: ["ext4", "erofs", "directory"],
  },
  {
    name: "the name that ends a cpio",
    add: (tree) => tree.file("TRAILER!!!"),
    path: /^TRAILER!!!$/,
    refused: { cpio: "UNSUPPORTED" },
    held: ["tar", "ext4", "squashfs", "erofs", "directory"],
  },
  {
    name: "65,536 owners",
    add(tree) {
      for (let i = 0; i < 65_536; i++) tree.special(`d/${i}`, "fifo", { uid: 10 + i });
    },
    path: /^d\/\d+$/,
    refused: { squashfs: "UNSUPPORTED" },
    held: ["tar", "ext4", "erofs", "cpio"],
  },
  {
    name: "65,001 names of a file",
    add(tree) {
      tree.file(PLACE, { size: 5 });
      for (let i = 1; i < 65_001; i++) tree.link(`d/${i}`, PLACE);
    },
    path: /^d\//,
    refused: { ext4: "LIMIT_EXCEEDED" },
    held: ["erofs", "squashfs", "tar", "cpio"],
  },
  {
    name: "names that mean whiteouts in layers",
    add: (tree) => tree.file("d/.wh.a", { size: 1 }).file("d/.wh..wh..opq").file("d/a"),
    refused: {},
    held: ["tar", "ext4", "squashfs", "erofs", "cpio", "directory"],
  },
];

for (const limit of LIMITS) {
  const first = limit.source ?? limit.held[0];
  const targets = [
    ...new Set([...limit.held, ...Object.keys(limit.refused), ...limit.changed ?? []]),
  ];
  const needs = [...new Set([first, ...targets].flatMap((name) => roundFormat(name).needs))];
  toolTest(`${limit.name}: held, or refused with its path`, needs, async () => {
    const directory = Deno.makeTempDirSync({ prefix: "format_limits_" });
    try {
      const made = new CaseTree().directory("d");
      limit.add(made);
      const tree = made.finish();
      const source = roundFormat(first);
      const original = source.path(directory);
      await writeTree(await source.create(), tree, source.sink(original));
      for (const name of targets) await convertTo(name, original, tree, limit, directory);
    } finally {
      // Paths may be longer than a system call takes.
      new Deno.Command("rm", { args: ["-rf", directory] }).outputSync();
    }
  });
}

async function convertTo(
  name: string,
  original: string,
  tree: ReturnType<CaseTree["finish"]>,
  limit: Limit,
  directory: string,
): Promise<void> {
  const target = roundFormat(name);
  Deno.mkdirSync(`${directory}/${name}`);
  const output = target.path(`${directory}/${name}`);
  const image = await openImage(roundFormat(limit.source ?? limit.held[0]).reference(original));
  const notices: Notice[] = [];
  try {
    const conversion = convert(image, await target.create(), target.sink(output), {
      createdSeconds: CREATED_SECONDS,
      onNotice: (notice) => notices.push(notice),
      workers: 0,
    });
    const code = limit.refused[name];
    if (code !== undefined) {
      await rejects(conversion, (error) => {
        if (!(error instanceof ImageError)) return false;
        strictEqual(error.code, code, `${name}: ${error.message}`);
        const { path } = error.where;
        const isNamed = limit.path?.test(`${path}`) ?? path === PLACE;
        ok(isNamed, `${name}: ${error.message} (path is ${path})`);
        // deno-lint-ignore no-control-regex
        ok(!/[\x00-\x1f]/.test(error.message), `${name}: ${JSON.stringify(error.message)}`);
        return true;
      });
      return;
    }
    await conversion;
  } finally {
    await image.close();
  }
  const isChanged = limit.changed?.includes(name) ?? false;
  strictEqual(notices.length > 0, isChanged, `${name}: ${JSON.stringify(notices)}`);
  if (isChanged) return;
  await target.look(output, (found) => {
    const wanted = { tree, reader: generatedReader };
    const rules = { ignore: ["atime"] as const };
    deepStrictEqual([...compareTrees(wanted, found, rules)].map(formatDifference), [], name);
  });
}
