import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ImageError, type ImageErrorCode } from "../../image_error.ts";
import type { Notice } from "../../notice.ts";
import { modeOf } from "../../tree/inode.ts";
import { base256, concatBytes, gnuLongName, padded, paxHeader } from "./tar_fixture.ts";
import { tarArchive, tarEntry, type TarEntryInit, tarHeader } from "./tar_fixture.ts";
import { TarParser } from "./tar_parser.ts";
import { TarRecorder } from "./tar_recorder.ts";

function parse(archive: Uint8Array, notices: Notice[] = []): TarRecorder {
  const recorder = new TarRecorder();
  const parser = new TarParser(recorder, (notice) => notices.push(notice));
  parser.push(archive);
  parser.finish();
  return recorder;
}

/** `kind path [target]` of each entry. */
function outline(archive: Uint8Array): string[] {
  return parse(archive).entries.map(({ entry }) => {
    const mode = entry.inode === null ? "" : ` ${modeOf(entry.inode).toString(8)}`;
    const target = entry.target || entry.inode?.target;
    return `${entry.kind} ${entry.path}${mode}${target ? ` -> ${target}` : ""}`;
  });
}

/** The error that an archive gives, as an `ImageError` (anything else fails the test). */
function errorOf(archive: Uint8Array): ImageError {
  try {
    parse(archive);
  } catch (error) {
    if (error instanceof ImageError) return error;
    throw error;
  }
  throw new Error("expected an ImageError, got none");
}

const LONG = "d/".repeat(80) + "file";

Deno.test("push() delivers each kind of file", () => {
  deepStrictEqual(
    outline(tarArchive([
      { path: "d/", type: "5", mode: 0o1777 },
      { path: "d/f", mode: 0o4755, body: "x" },
      { path: "d/l", type: "2", target: "../f", mode: 0o640 },
      { path: "d/c", type: "3", deviceMajor: 1, deviceMinor: 3 },
      { path: "d/b", type: "4", deviceMajor: 7, deviceMinor: 200 },
      { path: "d/p", type: "6" },
      { path: "d/contiguous", type: "7", body: "yy" },
      { path: "d/h", type: "1", target: "d/f" },
    ])),
    [
      "node d 41777",
      "node d/f 104755",
      "node d/l 120777 -> ../f",
      "node d/c 20644",
      "node d/b 60644",
      "node d/p 10644",
      "node d/contiguous 100644",
      "hardlink d/h -> d/f",
    ],
  );
});

Deno.test("push() reads owner, times, device numbers and attributes", () => {
  const recorder = parse(tarArchive([
    { path: "dev", type: "3", deviceMajor: 7, deviceMinor: 200, uid: 5, gid: 6, mtime: 77 },
    {
      path: "file",
      uid: 1,
      pax: {
        uid: "4294967295",
        gid: "70000",
        mtime: "-1.5",
        atime: "9.000000001",
        uname: "root",
      },
      xattrs: { "user.z": "1", "security.capability": Uint8Array.of(1, 0, 10, 61, 255) },
    },
  ]));
  deepStrictEqual(recorder.lines(), [
    '0 node "dev" 20644 5:6 77.0 77.0 0 7:200 "" [] - []',
    '1536 node "file" 100644 4294967295:70000 -2.500000000 9.1 0 0:0 "" ' +
    '["security.capability=\\u0001\\u0000\\n=ÿ","user.z=1"] - []',
  ]);
});

Deno.test("push() gives bodies exactly and nothing for empty files", () => {
  for (const size of [0, 1, 511, 512, 513, 1024, 5000]) {
    const body = new Uint8Array(size).map((_, i) => i);
    const [file, after] = parse(tarArchive([{ path: "f", body }, { path: "g" }])).entries;
    deepStrictEqual(file.body, size === 0 ? null : body);
    strictEqual(file.isEnded, size > 0);
    strictEqual(after.entry.path, "g");
  }
});

Deno.test("push() passes over the bytes of a file that the visitor does not want", () => {
  const calls: string[] = [];
  const parser = new TarParser({
    entry: (entry) => (calls.push(entry.path), false),
    write: () => calls.push("write"),
    skip: () => calls.push("skip"),
    end: () => calls.push("end"),
  });
  parser.push(tarArchive([{ path: "a", body: "1".repeat(700) }, { path: "b", body: "2" }]));
  parser.finish();
  deepStrictEqual(calls, ["a", "b"]);
});

const NAMES: [string, TarEntryInit | Uint8Array, string][] = [
  ["leading slashes", { path: "///etc/x" }, "etc/x"],
  ["dot components", { path: "././a/./b/." }, "a/b"],
  ["double slashes", { path: "a//b" }, "a/b"],
  ["a trailing slash of a directory", { path: "a/", type: "5" }, "a"],
  ["the root by a dot", { path: "./", type: "5" }, ""],
  ["the root by a slash", { path: "/", type: "5" }, ""],
  ["the root by an empty name", { path: "", type: "5" }, ""],
  ["names that only begin with dots", { path: "..a/.../..b" }, "..a/.../..b"],
  ["a ustar prefix", { path: "b/c", prefix: "x/y" }, "x/y/b/c"],
  [
    "a star header",
    { path: "b", prefix: "x", raw: [[476, "00000000012 "], [508, "tar\0"]] },
    "x/b",
  ],
  ["no prefix in a GNU header", { path: "b", prefix: "x/y", format: "gnu" }, "b"],
  ["no prefix in a v7 header", { path: "b", format: "v7", raw: [[345, "x"]] }, "b"],
  ["a name of 100 bytes", { path: "n".repeat(100) }, "n".repeat(100)],
  ["a PAX path", { path: LONG }, LONG],
  ["a GNU long name", concatBytes([gnuLongName(LONG), tarEntry({ path: "cut" })]), LONG],
  [
    "a PAX path over a GNU name",
    concatBytes([gnuLongName("gnu"), tarEntry({ path: "cut", pax: { path: "pax" } })]),
    "pax",
  ],
  ["a name that is not UTF-8", { path: Uint8Array.of(0x66, 0xff, 0x80) }, "f\xff\x80"],
  ["a PAX name that is not UTF-8", { path: "x", pax: { path: Uint8Array.of(0xfe, 10) } }, "\xfe\n"],
  [
    "an empty PAX path, which deletes",
    { path: "real", pax: [["path", "a"], ["path", ""]] },
    "real",
  ],
  ["a component of 255 bytes", { path: "c".repeat(255) }, "c".repeat(255)],
  ["a name with a whiteout text inside", { path: "a.wh.b/x.wh." }, "a.wh.b/x.wh."],
  ["a name below a directory called like a whiteout", { path: ".wh.d/x" }, ".wh.d/x"],
];
for (const [what, entry, path] of NAMES) {
  Deno.test(`push() reads ${what}`, () => {
    const { entries } = parse(tarArchive([entry instanceof Uint8Array ? entry : tarEntry(entry)]));
    deepStrictEqual(entries.map(({ entry }) => entry.path), [path]);
  });
}

Deno.test("push() decodes whiteouts wherever their type, and ignores other names of aufs", () => {
  deepStrictEqual(
    outline(tarArchive([
      { path: ".wh.a" },
      { path: "d/.wh.b", body: "ignored body" },
      { path: "d/.wh.c/", type: "5" },
      { path: "d/.wh.s", type: "2", target: "x" },
      { path: "d/.wh.h", type: "1", target: "x" },
      { path: ".wh..wh..opq" },
      { path: "./d/.wh..wh..opq" },
      { path: ".wh..wh.aufs" },
      { path: ".wh..wh.plnk/", type: "5" },
      { path: ".wh..wh.plnk/12.34", type: "1", target: "x" },
      { path: "d/.wh..wh.orph/x" },
      { path: "d/.wh...x" },
      { path: "end" },
    ])),
    [
      "whiteout a",
      "whiteout d/b",
      "whiteout d/c",
      "whiteout d/s",
      "whiteout d/h",
      "opaque ",
      "opaque d",
      "whiteout d/..x",
      "node end 100644",
    ],
  );
});

Deno.test("push() tells bodies from headers behind links and directories with a size", () => {
  const link: TarEntryInit = { path: "h", type: "1", target: "t", size: 700 };
  const directory: TarEntryInit = { path: "d/", type: "5", size: 5 };
  const expected = ["hardlink h -> t", "node d 40755", "node f 100644"];
  deepStrictEqual(outline(tarArchive([link, directory, { path: "f" }])), expected);
  const body = "b".repeat(700);
  deepStrictEqual(
    outline(tarArchive([{ ...link, body }, { ...directory, body: "12345" }, { path: "f" }])),
    expected,
  );
  deepStrictEqual(outline(tarArchive([link])), expected.slice(0, 1));
  deepStrictEqual(outline(tarArchive([link], 0)), expected.slice(0, 1));
  // The doubt is over with the next header.
  const garbage = padded("no header");
  strictEqual(errorOf(tarArchive([link, { path: "f" }, garbage])).code, "CORRUPT");
});

Deno.test("push() takes an old tar's slash for a directory", () => {
  deepStrictEqual(
    outline(tarArchive([
      { path: "d/", type: "\0", format: "v7", body: "list" },
      { path: "f", type: "\0", format: "v7", body: "x" },
    ])),
    ["node d 40644", "node f 100644"],
  );
});

Deno.test("push() reads a GNU dump directory as a directory and passes over its list", () => {
  deepStrictEqual(
    outline(tarArchive([{ path: "d/", type: "D", mode: 0o700, body: "Yfile\0\0" }, { path: "f" }])),
    ["node d 40700", "node f 100644"],
  );
});

Deno.test("push() reports entries that are no files and passes over their bodies", () => {
  const notices: Notice[] = [];
  const archive = tarArchive([
    { path: "volume", type: "V" },
    { path: "more", type: "M", body: "x".repeat(600) },
    { path: "old", type: "N", body: "y" },
    { path: "?", type: "\x80" },
    { path: "f" },
  ]);
  strictEqual(parse(archive, notices).entries.length, 1);
  deepStrictEqual(
    notices.map(({ code, where }) => `${code} ${where?.path} ${where?.offset}`),
    [
      "ENTRY_SKIPPED volume 0",
      "ENTRY_SKIPPED more 512",
      "ENTRY_SKIPPED old 2048",
      "ENTRY_SKIPPED ? 3072",
    ],
  );
});

Deno.test("push() bounds the notices of a hostile archive", () => {
  const notices: Notice[] = [];
  parse(tarArchive(new Array(500).fill({ path: "v", type: "V" })), notices);
  strictEqual(notices.length, 21);
  strictEqual(
    notices[20].message,
    "480 more tar entries were left out, or their access control lists",
  );
});

Deno.test("push() applies global PAX records until they are replaced, local ones once", () => {
  const recorder = parse(tarArchive([
    paxHeader({ uid: "7", gid: "8", mtime: "5" }, "g"),
    { path: "a", uid: 1, pax: { uid: "9" } },
    { path: "b", uid: 1, pax: { uid: "" } },
    paxHeader({ uid: "" }, "g"),
    { path: "c", uid: 1 },
  ]));
  deepStrictEqual(
    recorder.entries.map(({ entry }) => {
      const inode = entry.inode!;
      return [entry.path, inode.uid, inode.gid, inode.mtimeSeconds];
    }),
    [["a", 9, 8, 5], ["b", 1, 8, 5], ["c", 1, 8, 5]],
  );
});

Deno.test("push() reads attributes of libarchive: names URL-encoded, values base64 unpadded", () => {
  const recorder = parse(tarArchive([{
    path: "f",
    pax: [
      ["LIBARCHIVE.xattr.user.a%3Db%20c", "AP8"],
      ["LIBARCHIVE.xattr.user.empty", ""],
      ["SCHILY.xattr.user.same", "one"],
      ["LIBARCHIVE.xattr.user.same", "dHdv"],
      ["SCHILY.xattr.user.=x", "\n1 2=3\n"],
    ],
  }]));
  deepStrictEqual(
    recorder.get("f").entry.inode!.xattrs.map(({ name, value }) => [name, [...value].join(" ")]),
    [
      ["user.", "120 61 10 49 32 50 61 51 10"],
      ["user.a=b c", "0 255"],
      ["user.empty", ""],
      ["user.same", "116 119 111"],
    ],
  );
});

Deno.test("push() turns access control lists in text form into their attributes", () => {
  const notices: Notice[] = [];
  const text = "user::rw-,group::r--,other::---,mask::rw-,user:joe:rw-:1000,group:7:r--";
  const recorder = parse(
    tarArchive([
      { path: "f", pax: { "SCHILY.acl.access": text } },
      { path: "plain", pax: { "SCHILY.acl.access": "user::rw-\ngroup::r--\nother::---\n" } },
      { path: "named", pax: { "SCHILY.acl.access": "user::rw-,user:joe:r--,mask::r--" } },
      {
        path: "both",
        pax: { "SCHILY.acl.access": text },
        xattrs: { "system.posix_acl_access": "x" },
      },
      {
        path: "named, and as it is",
        pax: { "SCHILY.acl.access": "user:joe:r--" },
        xattrs: { "system.posix_acl_access": "x" },
      },
    ]),
    notices,
  );
  const [{ name, value }] = recorder.get("f").entry.inode!.xattrs;
  strictEqual(name, "system.posix_acl_access");
  const none = [255, 255, 255, 255];
  deepStrictEqual([...value], [
    ...[2, 0, 0, 0],
    ...[1, 0, 6, 0, ...none],
    ...[2, 0, 6, 0, 0xe8, 3, 0, 0],
    ...[4, 0, 4, 0, ...none],
    ...[8, 0, 4, 0, 7, 0, 0, 0],
    ...[16, 0, 6, 0, ...none],
    ...[32, 0, 0, 0, ...none],
  ]);
  // The fixture's mode is 0644, the list's mask rw-.
  strictEqual(recorder.get("f").entry.inode!.permissions, 0o660);
  strictEqual(recorder.get("both").entry.inode!.permissions, 0o644);
  deepStrictEqual(recorder.get("plain").entry.inode!.xattrs, []);
  deepStrictEqual(recorder.get("named").entry.inode!.xattrs, []);
  strictEqual(recorder.get("both").entry.inode!.xattrs[0].value.length, 1);
  deepStrictEqual(notices.map(({ code, where }) => [code, where?.path]), [["LOSS", "named"]]);
});

Deno.test("push() reads base-256 numbers", () => {
  const inode = parse(tarArchive([{
    path: "f",
    raw: [[108, base256(0xffff_ffff, 8)], [116, base256(65536, 8)], [136, base256(-5, 12)]],
  }])).get("f").entry.inode!;
  deepStrictEqual([inode.uid, inode.gid, inode.mtimeSeconds], [0xffff_ffff, 65536, -5]);
});

Deno.test("push() reads a size above 2^33 in base-256 and as a PAX record", () => {
  const size = 2 ** 53 - 512;
  for (
    const entry of [
      { path: "f", raw: [[124, base256(size, 12)]] as const },
      { path: "f", pax: { size: String(size) } },
    ]
  ) {
    const sizes: number[] = [];
    const parser = new TarParser({
      entry: (entry) => (sizes.push(entry.inode!.size), true),
      write: (bytes) => sizes.push(bytes.length),
      skip: () => {},
      end: () => sizes.push(-1),
    });
    parser.push(tarEntry(entry));
    parser.push(new Uint8Array(100));
    deepStrictEqual(sizes, [size, 100]);
  }
});

Deno.test("push() accepts a checksum of signed bytes and one with leading spaces", () => {
  const header = tarHeader({ path: "caf\u00e9" });
  header.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of header) sum += (byte << 24) >> 24;
  header.set(new TextEncoder().encode(` ${sum.toString(8)}\0 `.padStart(8)), 148);
  deepStrictEqual(outline(header), ["node caf\xc3\xa9 100644"]);
});

Deno.test("finish() accepts archives without end blocks or padding, and empty ones", () => {
  for (const blocks of [0, 1, 2, 20]) {
    deepStrictEqual(outline(tarArchive([{ path: "f" }], blocks)), ["node f 100644"]);
    strictEqual(parse(new Uint8Array(blocks * 512)).entries.length, 0);
  }
  const cut = tarArchive([{ path: "f", body: "abc" }], 0).subarray(0, 515);
  strictEqual(parse(cut).get("f").isEnded, true);
});

Deno.test("push() ignores what follows the end blocks, with a notice for other than zeros", () => {
  const notices: Notice[] = [];
  const tail = concatBytes([new Uint8Array(700), "rest"]);
  strictEqual(parse(concatBytes([tarArchive([{ path: "f" }]), tail]), notices).entries.length, 1);
  deepStrictEqual(notices.map(({ code, where }) => [code, where?.offset]), [[
    "TRAILING_DATA",
    2236,
  ]]);
});

const TOO_LONG_LINK = { path: "l", type: "2", target: "x".repeat(4096) };
const ERRORS: [string, ImageErrorCode, Uint8Array | TarEntryInit][] = [
  ["a .. component", "UNSAFE_PATH", { path: "a/../b" }],
  ["a .. at the end", "UNSAFE_PATH", { path: "a/.." }],
  ["a .. of a hard link target", "UNSAFE_PATH", { path: "h", type: "1", target: "../x" }],
  ["a NUL in a PAX path", "UNSAFE_PATH", { path: "x", pax: { path: "a\0b" } }],
  ["a NUL in a PAX hard link target", "UNSAFE_PATH", {
    path: "x",
    type: "1",
    pax: { linkpath: "a\0b" },
  }],
  ["a NUL in a PAX symlink target", "CORRUPT", { path: "x", type: "2", pax: { linkpath: "a\0" } }],
  ["a component of 256 bytes", "LIMIT_EXCEEDED", { path: "c".repeat(256) }],
  ["a path above 65,536 bytes", "LIMIT_EXCEEDED", { path: "d/".repeat(32769) }],
  ["an empty symlink target", "CORRUPT", { path: "l", type: "2" }],
  ["a symlink target of 4096 bytes", "LIMIT_EXCEEDED", TOO_LONG_LINK],
  ["an empty hard link target", "CORRUPT", { path: "h", type: "1" }],
  ["a hard link to the root", "CORRUPT", { path: "h", type: "1", target: "./" }],
  ["a file as the root", "CORRUPT", { path: "./" }],
  ["a symlink as the root", "CORRUPT", { path: "/", type: "2", target: "x" }],
  ["a hard link as the root", "CORRUPT", { path: "", type: "1", target: "x" }],
  ["a whiteout of nothing", "CORRUPT", { path: "d/.wh." }],
  ["a whiteout of .", "CORRUPT", { path: ".wh.." }],
  ["a whiteout of ..", "CORRUPT", { path: "d/.wh..." }],
  ["a wrong checksum", "CORRUPT", { path: "f", checksumError: 1 }],
  ["a block that is no header", "CORRUPT", padded("no tar at all")],
  ["a negative size", "CORRUPT", { path: "f", raw: [[124, base256(-1, 12)]] }],
  ["a size above 2^53", "LIMIT_EXCEEDED", { path: "f", raw: [[124, base256(2n ** 60n, 12)]] }],
  ["a PAX size above 2^53", "LIMIT_EXCEEDED", { path: "f", pax: { size: "9007199254740993" } }],
  ["a negative PAX size", "CORRUPT", { path: "f", pax: { size: "-1" } }],
  ["a size with other characters", "CORRUPT", { path: "f", raw: [[124, "0000000001x\0"]] }],
  ["a uid above 2^32 - 1", "LIMIT_EXCEEDED", { path: "f", pax: { uid: "4294967296" } }],
  ["a negative gid", "CORRUPT", { path: "f", raw: [[116, base256(-2, 8)]] }],
  ["a device number above 2^32 - 1", "LIMIT_EXCEEDED", {
    path: "f",
    type: "3",
    raw: [[329, base256(2 ** 32, 8)]],
  }],
  ["a PAX time that is no number", "CORRUPT", { path: "f", pax: { mtime: "1e5" } }],
  ["a PAX time above 2^53", "LIMIT_EXCEEDED", { path: "f", pax: { mtime: "99999999999999999" } }],
  ["an attribute without a name", "CORRUPT", { path: "f", xattrs: { "": "x" } }],
  ["an attribute name of 256 bytes", "LIMIT_EXCEEDED", {
    path: "f",
    xattrs: { ["u".repeat(256)]: "x" },
  }],
  ["an attribute that is not base64", "CORRUPT", {
    path: "f",
    pax: { "LIBARCHIVE.xattr.user.x": "a*b" },
  }],
  ["global attributes", "UNSUPPORTED", paxHeader({ "SCHILY.xattr.user.x": "1" }, "g")],
  ["a PAX record without length", "CORRUPT", paxBody("path=x\n")],
  ["a PAX record that is too long", "CORRUPT", paxBody("99 path=x\n")],
  ["a PAX record that is too short", "CORRUPT", paxBody("3 path=x\n")],
  ["a PAX record without =", "CORRUPT", paxBody("8 pathx\n")],
  ["a PAX record without keyword", "CORRUPT", paxBody("6 =ab\n")],
  ["a PAX record without newline", "CORRUPT", paxBody("9 path=xy")],
  [
    "PAX headers of more than 8 MiB",
    "LIMIT_EXCEEDED",
    tarHeader({
      path: "p",
      type: "x",
      size: 8 * 1024 * 1024 + 1,
    }),
  ],
  [
    "many PAX headers in front of one entry",
    "LIMIT_EXCEEDED",
    concatBytes(new Array(5).fill(paxHeader({ comment: "x".repeat(2 ** 21) }))),
  ],
  [
    "global PAX headers above 1 MiB",
    "LIMIT_EXCEEDED",
    tarHeader({ path: "g", type: "g", size: 2 ** 21 }),
  ],
  ["an end after an extended header", "CORRUPT", tarArchive([paxHeader({ path: "x" })])],
  [
    "a single block of zeros in between",
    "CORRUPT",
    concatBytes([tarEntry({ path: "a" }), new Uint8Array(512), tarEntry({ path: "b" })]),
  ],
];
for (const [what, code, entry] of ERRORS) {
  Deno.test(`push() refuses ${what}`, () => {
    const bytes = entry instanceof Uint8Array ? entry : tarEntry(entry);
    const error = errorOf(concatBytes([tarEntry({ path: "first", body: "1" }), bytes]));
    strictEqual(error.code, code, error.message);
    strictEqual(error.where.offset! >= 1024, true, `offset ${error.where.offset}`);
    strictEqual(/^Cannot .*[^.]$/.test(error.message), true, error.message);
  });
}

/** A PAX header with this body, right or not. */
function paxBody(body: string): Uint8Array {
  return concatBytes([tarHeader({ path: "p", type: "x", size: body.length }), padded(body)]);
}

Deno.test("finish() refuses an archive that ends inside an entry, at every byte", () => {
  const archive = tarArchive([{ path: "f", body: "x".repeat(600), pax: { mtime: "1.5" } }], 0);
  // Header, PAX body and header block, then the file's header and its 600 bytes.
  for (let size = 1; size < 3 * 512 + 600; size++) {
    const error = errorOf(archive.subarray(0, size));
    strictEqual(error.code, "CORRUPT");
    strictEqual(error.where.offset, size, `after ${size} bytes`);
  }
  strictEqual(parse(archive.subarray(0, 3 * 512 + 600)).entries.length, 1);
});

Deno.test("push() names path and offset of the entry that is wrong", () => {
  const error = errorOf(tarArchive([{ path: "a" }, { path: "etc/x", pax: { uid: "9999999999" } }]));
  deepStrictEqual(error.where, { offset: 512, path: "etc/x" });
});
