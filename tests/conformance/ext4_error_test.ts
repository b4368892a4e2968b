/**
 * What an ext4 image cannot hold is refused, with a code and the path.
 *
 * @module
 */
import { match, ok, rejects, strictEqual } from "node:assert/strict";
import { ext4, type Ext4Options } from "../../src/format/ext4/format.ts";
import { ImageError, type ImageErrorCode } from "../../src/image_error.ts";
import { memorySink } from "../../src/io/memory_sink.ts";
import { CaseTree } from "./case_tree.ts";
import { writeTree } from "./write_tree.ts";

interface Refusal {
  readonly name: string;
  readonly build: () => CaseTree;
  readonly code: ImageErrorCode;
  /** The path that the error names. */
  readonly path?: string;
  readonly message: RegExp;
  readonly options?: Ext4Options;
}

const REFUSALS: readonly Refusal[] = [
  {
    name: "a file of 65,001 names",
    build() {
      const tree = new CaseTree().directory("d").file("d/file");
      for (let i = 1; i < 65_001; i++) tree.link(`d/${i}`, "d/file");
      return tree;
    },
    code: "LIMIT_EXCEEDED",
    message: /more than 65000 names/,
  },
  {
    name: "a name of 256 bytes",
    build: () => new CaseTree().directory("d").file(`d/${"n".repeat(256)}`),
    code: "LIMIT_EXCEEDED",
    path: `d/${"n".repeat(256)}`,
    message: /256.*255/,
  },
  {
    name: "a symbolic link that fills a block of 1024",
    build: () => new CaseTree().directory("d").symlink("d/link", "t".repeat(1024)),
    code: "LIMIT_EXCEEDED",
    path: "d/link",
    message: /1024.*1023/,
    options: { blockSize: 1024 },
  },
  ...[1024, 4096].map((blockSize): Refusal => ({
    name: `a file of 2^32 blocks of ${blockSize}`,
    build: () => new CaseTree().file("large", { size: (2 ** 32 - 1) * blockSize + 1, data: [] }),
    code: "LIMIT_EXCEEDED",
    message: /\d+ bytes, expected at most \d+ with blocks/,
    options: { blockSize },
  })),
  {
    name: "a value of 65,537 bytes",
    build: () => new CaseTree().file("f", { xattrs: { "user.large": new Uint8Array(65_537) } }),
    code: "LIMIT_EXCEEDED",
    path: "f",
    message: /user\.large.*65537.*65536/,
  },
  {
    name: "more attribute names than a block holds",
    build() {
      const xattrs: Record<string, string> = {};
      for (let i = 0; i < 100; i++) xattrs[`user.${"n".repeat(100)}${i}`] = "";
      return new CaseTree().file("f", { xattrs });
    },
    code: "LIMIT_EXCEEDED",
    path: "f",
    message: /extended attributes: \d+ bytes do not fit/,
  },
  {
    name: "an ACL of an unknown version",
    build: () =>
      new CaseTree().directory("d").file("d/f", {
        xattrs: { "system.posix_acl_access": Uint8Array.of(1, 0, 0, 0) },
      }),
    code: "CORRUPT",
    path: "d/f",
    message: /posix_acl_access.*version is 1, expected 2/,
  },
  {
    name: "an ACL without an owner",
    build: () =>
      new CaseTree().file("f", {
        xattrs: { "system.posix_acl_default": Uint8Array.of(2, 0, 0, 0) },
      }),
    code: "CORRUPT",
    path: "f",
    message: /posix_acl_default/,
  },
  {
    name: "an attribute whose prefix has no number",
    build: () => new CaseTree().file("f", { xattrs: { "strange.name": "" } }),
    code: "UNSUPPORTED",
    path: "f",
    message: /strange\.name/,
  },
  {
    name: "a device number of 21 bits",
    build: () => new CaseTree().device("device", "blockDevice", 1, 2 ** 20),
    code: "LIMIT_EXCEEDED",
    path: "device",
    message: /1048576/,
  },
  {
    name: "a size too small for an empty filesystem",
    build: () => new CaseTree(),
    code: "OUT_OF_SPACE",
    message: /\d+ bytes are missing/,
    options: { size: 8192 },
  },
];

for (const refusal of REFUSALS) {
  Deno.test(`ext4 refuses ${refusal.name}`, async () => {
    const writing = writeTree(ext4(refusal.options), refusal.build().finish(), memorySink());
    await rejects(writing, (error) => {
      ok(error instanceof ImageError, `${error instanceof Error ? error.stack : error}`);
      strictEqual(error.code, refusal.code, error.message);
      match(error.message, refusal.message);
      match(error.message, /^Cannot [^.]+\b.*[^.]$/);
      if (refusal.path !== undefined) strictEqual(error.where.path, refusal.path);
      return true;
    });
  });
}
