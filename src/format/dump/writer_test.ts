import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { memorySink } from "../../io/memory_sink.ts";
import { countLinks, emptyTree } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import { dump } from "./format.ts";

/** The text of a tree of two files, one of them half a hole, written with `options`. */
async function written(digests: boolean, fileCount = 1): Promise<string> {
  const sink = memorySink();
  const output = sink.open();
  const writer = dump({ digests }).createWriter(output, {
    identity: () => "x",
    createdSeconds: 0,
    expectedBytes: 0,
    onNotice() {},
  });
  const tree = emptyTree<string>();
  for (let i = 0; i < fileCount; i++) {
    const inode = new Inode<string>(FileKind.regular, 0o644);
    inode.size = 100_003;
    const file = writer.beginFile(inode.size);
    file.write(new TextEncoder().encode("abc"));
    file.skip(100_000);
    inode.content = file.end();
    tree.root.children!.set(`file${i}`, inode);
  }
  tree.root.children!.set("empty\xff", new Inode(FileKind.regular, 0o600));
  countLinks(tree);
  const report = await writer.finish(tree);
  writer.close?.();
  output.commit();
  strictEqual(report.imageSize, sink.bytes.length);
  strictEqual(report.details.lines, fileCount + 2);
  return new TextDecoder().decode(sink.bytes);
}

Deno.test("dump() writes a line for each file", async () => {
  deepStrictEqual((await written(false)).split("\n"), [
    "/ 0 40755 2 0 0 0 0.0 - - -",
    "/empty\\xff 0 100600 1 0 0 0 0.0 - - -",
    "/file0 100003 100644 1 0 0 0 0.0 - - -",
    "",
  ]);
});

Deno.test("dump() says digests where they are asked for, holes as zeros", async () => {
  const hash = createHash("sha256").update("abc").update(new Uint8Array(100_000)).digest("hex");
  strictEqual(
    (await written(true)).split("\n")[2],
    `/file0 100003 100644 1 0 0 0 0.0 - - ${hash}`,
  );
});

Deno.test("dump() writes more than one piece", async () => {
  const text = await written(false, 3000);
  strictEqual(text.split("\n").length, 3003);
  strictEqual(new Set(text.split("\n")).size, 3003);
});
