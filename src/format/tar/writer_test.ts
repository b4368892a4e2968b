import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { ImageError } from "../../image_error.ts";
import { memorySink } from "../../io/memory_sink.ts";
import type { Notice } from "../../notice.ts";
import { countLinks, emptyTree, type FileTree } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import { HeaderField } from "../../layer/tar/tar_header.ts";
import type { SpooledContent, TarOptions } from "./format.ts";
import { tar } from "./format.ts";
import { EMPTY_HEADER, writeTarHeader } from "./header.ts";

/** Writes files of these texts, in their order, and answers the archive. */
async function write(
  options: TarOptions,
  fill: (tree: FileTree<SpooledContent>, file: (text: string) => Inode<SpooledContent>) => void,
  notices: Notice[] = [],
): Promise<Uint8Array> {
  const sink = memorySink();
  const output = sink.open();
  const writer = tar(options).createWriter(output, {
    identity: () => "",
    createdSeconds: 0,
    expectedBytes: 0,
    onNotice: (notice) => notices.push(notice),
  });
  try {
    const tree = emptyTree<SpooledContent>();
    fill(tree, (text) => {
      const inode = new Inode<SpooledContent>(FileKind.regular, 0o644);
      const bytes = new TextEncoder().encode(text);
      inode.size = bytes.length;
      const file = writer.beginFile(inode.size);
      file.write(bytes);
      inode.content = file.end();
      return inode;
    });
    countLinks(tree);
    await writer.finish(tree);
    output.commit();
    return sink.bytes;
  } finally {
    writer.close!();
  }
}

const twoFiles: Parameters<typeof write>[1] = ({ root }, file) => {
  root.children!.set("b", file("second in the tree"));
  root.children!.set("a", file("first in the tree"));
};

const text = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);

Deno.test("tar() puts members in the order of the tree, however their bytes came", async () => {
  const archive = text(await write({}, twoFiles));
  strictEqual(archive.length, 512 + 4 * 512 + 1024);
  deepStrictEqual([archive.slice(0, 3), archive[512], archive[1536]], ["./\0", "a", "b"]);
  strictEqual(archive.slice(1024, 1041), "first in the tree");
});

Deno.test("tar() gives the same bytes compressed, and the same compressed bytes again", async () => {
  const plain = await write({}, twoFiles);
  const gzip = await write({ compression: "gzip:9" }, twoFiles);
  const zstd = await write({ compression: "zstd" }, twoFiles);
  deepStrictEqual(new Uint8Array(gunzipSync(gzip)), new Uint8Array(plain));
  deepStrictEqual(new Uint8Array(zstdDecompressSync(zstd)), new Uint8Array(plain));
  deepStrictEqual(await write({ compression: "zstd:3" }, twoFiles), zstd);
});

Deno.test("tar() refuses sockets, or leaves them out and says so", async () => {
  const withSocket: Parameters<typeof write>[1] = ({ root }) => {
    root.children!.set("s", new Inode(FileKind.socket, 0o600));
  };
  await rejects(
    write({}, withSocket),
    (error) =>
      error instanceof ImageError && error.code === "UNSUPPORTED" &&
      error.message ===
        'Cannot write file type (socket) of "s" to tar: the format has none',
  );
  const notices: Notice[] = [];
  strictEqual((await write({ onLoss: "report" }, withSocket, notices)).length, 1536);
  deepStrictEqual(notices.map(({ code, where }) => [code, where?.path]), [["LOSS", "s"]]);
});

Deno.test("tar() refuses a compression that is not known", () => {
  for (const compression of ["lzma", "gzip:10", "gzip:", "zstd:1.5", "none:1", "constructor"]) {
    throws(() => tar({ compression }), RangeError, compression);
  }
});

Deno.test("writeTarHeader() puts every field where POSIX has it", () => {
  const block = new Uint8Array(512);
  writeTarHeader(block, {
    ...EMPTY_HEADER,
    name: "n".repeat(100),
    prefix: "p".repeat(155),
    permissions: 0o7777,
    uid: 0o1234567,
    gid: 0o7654321,
    size: 0o77777777777,
    mtimeSeconds: 0o12345670123,
    typeFlag: "3",
    linkName: "l".repeat(100),
    deviceMajor: 5,
    deviceMinor: 0o7777777,
  });
  const field = ([at, width]: readonly [number, number]) => text(block.subarray(at, at + width));
  strictEqual(field(HeaderField.name), "n".repeat(100));
  strictEqual(field(HeaderField.mode), "0007777\0");
  strictEqual(field(HeaderField.uid), "1234567\0");
  strictEqual(field(HeaderField.gid), "7654321\0");
  strictEqual(field(HeaderField.size), "77777777777\0");
  strictEqual(field(HeaderField.mtime), "12345670123\0");
  strictEqual(field(HeaderField.typeFlag), "3");
  strictEqual(field(HeaderField.linkName), "l".repeat(100));
  strictEqual(field(HeaderField.magic), "ustar\x0000");
  strictEqual(field(HeaderField.deviceMajor), "0000005\0");
  strictEqual(field(HeaderField.deviceMinor), "7777777\0");
  strictEqual(field(HeaderField.prefix), "p".repeat(155));
  const sum = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  strictEqual(field(HeaderField.checksum), `${sum.toString(8).padStart(6, "0")}\0 `);
});

Deno.test("tar() says where records are not UTF-8, and only there", async () => {
  const isMarked = async (name: string, target: string) => {
    const archive = await write({}, ({ root }) => {
      const link = new Inode<SpooledContent>(FileKind.symlink, 0o777);
      link.target = target;
      root.children!.set(name, link);
    });
    return text(archive).includes("21 hdrcharset=BINARY\n");
  };
  // Longer than the fields of a header, in which bytes are bytes.
  strictEqual(await isMarked("\xff".repeat(101), "target"), true);
  strictEqual(await isMarked("name", "\xff".repeat(101)), true);
  strictEqual(await isMarked("\xff".repeat(100), "\xff".repeat(100)), false);
  strictEqual(await isMarked("\xc3\xa9".repeat(101), "\xc3\xa9".repeat(101)), false);
});
