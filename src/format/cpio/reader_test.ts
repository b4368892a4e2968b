import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { bytesOf, byteStringFrom } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { memorySink } from "../../io/memory_sink.ts";
import { memorySource } from "../../io/memory_source.ts";
import type { Notice } from "../../notice.ts";
import { countLinks, emptyTree, walk } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import type { SpooledContent } from "../spool.ts";
import { cpio } from "./format.ts";
import { type CpioHeader, HEADER_SIZE, writeCpioHeader } from "./header.ts";
import { type CpioReader, openCpio } from "./reader.ts";

const open = (bytes: Uint8Array, onNotice: (notice: Notice) => void = () => {}) =>
  openCpio(memorySource(bytes), onNotice);

const align = (size: number) => Math.ceil(size / 4) * 4;

/** A member made by hand. */
function member(name: string, body = "", fields: Partial<CpioHeader> = {}): Uint8Array {
  const bodyAt = align(HEADER_SIZE + name.length + 1);
  const bytes = new Uint8Array(align(bodyAt + body.length));
  writeCpioHeader(bytes, 0, {
    magic: "070701",
    ino: 1,
    mode: 0o100644,
    uid: 0,
    gid: 0,
    nlink: 1,
    mtimeSeconds: 0,
    fileSize: body.length,
    devMajor: 0,
    devMinor: 0,
    rdevMajor: 0,
    rdevMinor: 0,
    nameSize: name.length + 1,
    check: 0,
    ...fields,
  });
  bytes.set(bytesOf(name), HEADER_SIZE);
  bytes.set(bytesOf(body), bodyAt);
  return bytes;
}
const archive = (...members: Uint8Array[]) =>
  Uint8Array.from([...members, member("TRAILER!!!")].flatMap((bytes) => [...bytes]));
const joined = (...pieces: Uint8Array[]) => Uint8Array.from(pieces.flatMap((bytes) => [...bytes]));
const directory = { mode: 0o040755, nlink: 2 };
const link = { mode: 0o120777 };

/** One line for each name. */
function lines(reader: CpioReader): string[] {
  return [...walk(reader.tree)].slice(1).map(({ path, inode }) => {
    if (inode.kind === FileKind.directory) return `${path}/`;
    if (inode.kind === FileKind.symlink) return `${path} -> ${inode.target}`;
    const bytes = new Uint8Array(inode.size);
    if (inode.content !== null) reader.read(inode.content, bytes, 0);
    return `${path} = ${byteStringFrom(bytes)}${
      inode.linkCount > 1 ? ` (${inode.linkCount})` : ""
    }`;
  });
}

Deno.test("openCpio() takes the bytes of a file from whichever of its names has them", async () => {
  const linked = { ino: 7, nlink: 3 };
  for (const texts of [["text", "", ""], ["", "", "text"], ["", "text", ""]]) {
    const [a, b, c] = texts;
    const bytes = archive(member("a", a, linked), member("b", b, linked), member("c", c, linked));
    deepStrictEqual(lines(await open(bytes)), ["a = text (3)", "b = text (3)", "c = text (3)"]);
  }
});

Deno.test("openCpio() reads archives one after another, later ones win, numbers are their own", async () => {
  const first = archive(member("d", "", directory), member("d/a", "old", { nlink: 2 }));
  const second = archive(member("d/a", "new", { nlink: 2 }), member("b", "", { nlink: 2 }));
  const reader = await open(joined(first, new Uint8Array(508), second));
  deepStrictEqual(lines(reader), ["b = new (2)", "d/", "d/a = new (2)"]);
  strictEqual(reader.description.details.archives, 2);
});

Deno.test("openCpio() goes on with what is compressed, also behind an archive that is not", async () => {
  const early = archive(member("early", "1"));
  const main = archive(member("main", "2"));
  const names = ["early = 1", "main = 2"];
  for (const compress of [gzipSync, zstdCompressSync]) {
    const reader = await open(joined(early, new Uint8Array(4), compress(main)));
    deepStrictEqual(lines(reader), names);
    reader.close();
  }
  const damaged = gzipSync(main);
  await rejects(open(damaged.subarray(0, damaged.length - 12)), isImageError("CORRUPT"));
  await rejects(open(bytesOf("BZh9 and so on")), isImageError("UNSUPPORTED"));
});

Deno.test("openCpio() follows symbolic links among parents inside the root only", async () => {
  const bytes = archive(
    member("usr", "", directory),
    member("lib", "../../usr/lib", link),
    member("lib/a", "1"),
    member("abs", "/usr", link),
    member("abs/b", "2"),
  );
  deepStrictEqual(lines(await open(bytes)), [
    "abs -> /usr",
    "lib -> ../../usr/lib",
    "usr/",
    "usr/b = 2",
    "usr/lib/",
    "usr/lib/a = 1",
  ]);
  const loop = archive(member("a", "b", link), member("b", "a", link), member("a/x"));
  await rejects(open(loop), isImageError("CORRUPT"));
  await rejects(open(archive(member("a/../../x"))), isImageError("UNSAFE_PATH"));
});

Deno.test("openCpio() says which member it leaves out for a directory with files", async () => {
  const notices: Notice[] = [];
  const bytes = archive(member("d/a", "1"), member("d", "file"));
  deepStrictEqual(lines(await open(bytes, (it) => notices.push(it))), ["d/", "d/a = 1"]);
  deepStrictEqual(notices.map(({ code, where }) => [code, where?.path]), [["ENTRY_SKIPPED", "d"]]);
});

Deno.test("check() finds bytes that do not have their checksum", async () => {
  const crc = { magic: "070702", check: 0x61 + 0x62 };
  for (const [text, expected] of [["ab", 0], ["ac", 1]] as const) {
    const problems: unknown[] = [];
    const reader = await open(archive(member("file", text, crc)));
    reader.check((problem) => problems.push(problem));
    strictEqual(problems.length, expected);
  }
});

Deno.test("openCpio() refuses what cannot be", async () => {
  const good = member("a", "text");
  const cases: Uint8Array[] = [
    new Uint8Array(0),
    new Uint8Array(512),
    good,
    archive(good).subarray(0, 100),
    archive(member("a", "", { fileSize: 0xffff_ffff })),
    archive(member("a", "", { nameSize: 0 })),
    archive(member("a", "", { nameSize: 5000 })),
    archive(member("a", "", { mode: 0o644 })),
    archive(member("l", "", link)),
    archive(member("l", "a\0b", link)),
    archive(member("f"), member("f/x")),
    archive(member(".")),
  ];
  for (const bytes of cases) await rejects(open(bytes), isImageError("CORRUPT"));
});

Deno.test("openCpio() throws nothing but ImageError for mutated archives", async () => {
  const sink = memorySink();
  const output = sink.open();
  const writer = cpio().createWriter(output, {
    identity: () => "",
    createdSeconds: 0,
    expectedBytes: 0,
    onNotice: () => {},
  });
  const tree = emptyTree<SpooledContent>();
  for (const name of ["a", "b", "c"]) {
    const inode = new Inode<SpooledContent>(FileKind.regular, 0o644);
    inode.size = 10;
    const file = writer.beginFile(10);
    file.write(new Uint8Array(10).fill(0x41));
    inode.content = file.end();
    tree.root.children!.set(name, inode).set(`${name} again`, inode);
  }
  const symlink = new Inode<SpooledContent>(FileKind.symlink, 0o777);
  symlink.target = "a";
  tree.root.children!.set("l", symlink).set("d", new Inode(FileKind.directory, 0o755));
  countLinks(tree);
  await writer.finish(tree);
  writer.close!();
  output.commit();
  const original = sink.bytes;
  // The last name of each file, and only that, has its bytes.
  const sizes = byteStringFrom(original).split("070701").slice(1).map((it) => it.slice(48, 56));
  const [none, ten, one] = ["00000000", "0000000A", "00000001"];
  deepStrictEqual(sizes, [none, none, ten, none, ten, none, ten, none, one, none]);
  const mutation = fc.record({
    at: fc.nat({ max: original.length - 1 }),
    value: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0x30, 0x31, 0x46, 0x2f, 0x2e, 0)),
  });
  let opened = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
      const bytes = original.slice();
      for (const { at, value } of mutations) bytes[at] = value;
      try {
        const reader = await open(bytes);
        opened++;
        reader.check(() => {});
        lines(reader);
        reader.close();
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
      }
    }),
    { numRuns: 1500 },
  );
  strictEqual(opened > 50, true, `only ${opened} could be opened`);
});

function isImageError(code: string): (error: unknown) => boolean {
  return (error) => error instanceof ImageError && error.code === code;
}
