import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import type { ImageWriter } from "../../format/image_format.ts";
import { verityDigest } from "../../fsverity/verity_digest.ts";
import { openErofs } from "../../format/erofs/reader.ts";
import { ImageError } from "../../image_error.ts";
import { memorySink } from "../../io/memory_sink.ts";
import { memorySource } from "../../io/memory_source.ts";
import { countLinks, emptyTree } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import type { ImageContent } from "./content.ts";
import { openDigestStore } from "./digest_store.ts";
import { composefsImage, type ComposefsImageOptions } from "./image_writer.ts";
import { readImage } from "./read_image.ts";

const CONTEXT = {
  identity: () => "",
  createdSeconds: 0,
  expectedBytes: 0,
  onNotice: () => {},
};

function place(writer: ImageWriter<ImageContent>, bytes: Uint8Array): Inode<ImageContent> {
  const inode = new Inode<ImageContent>(FileKind.regular, 0o644);
  const body = writer.beginFile(bytes.length);
  body.write(bytes.subarray(0, 10));
  body.write(bytes.subarray(10));
  inode.size = bytes.length;
  inode.content = body.end();
  return inode;
}

async function make(
  options: ComposefsImageOptions,
  fill: (writer: ImageWriter<ImageContent>, root: Inode<ImageContent>) => void,
) {
  const sink = memorySink();
  const output = sink.open();
  const writer = composefsImage(options).createWriter(output, CONTEXT);
  const tree = emptyTree<ImageContent>();
  fill(writer, tree.root);
  countLinks(tree);
  const report = await writer.finish(tree);
  writer.close!();
  output.commit();
  return { report, bytes: sink.bytes };
}

const SMALL = new Uint8Array(64).fill(7);
const LARGE = new Uint8Array(100_000).fill(8);

Deno.test("composefsImage() keeps small files in the image and names objects by their digest", async () => {
  for (const algorithm of ["sha256", "sha512"] as const) {
    const { report, bytes } = await make({ algorithm }, (writer, root) => {
      root.children!.set("small", place(writer, SMALL));
      root.children!.set("large", place(writer, LARGE));
    });
    const { tree, version } = readImage(memorySource(bytes));
    strictEqual(version, 0);
    strictEqual(report.details.digest, verityDigest(algorithm, bytes).toHex());
    deepStrictEqual(tree.root.children!.get("small")!.content, { bytes: SMALL });
    strictEqual(
      tree.root.children!.get("large")!.content!.digest,
      verityDigest(algorithm, LARGE).toHex(),
    );
  }
});

Deno.test("openErofs() refuses composefs images, whose files would be holes", async () => {
  const { bytes } = await make({}, (writer, root) => {
    root.children!.set("large", place(writer, LARGE));
  });
  throws(
    () => openErofs(memorySource(bytes)),
    (error) => error instanceof ImageError && error.code === "UNSUPPORTED",
  );
});

Deno.test("composefsImage() stores objects, and forgets those of dead files", async () => {
  const path = Deno.makeTempDirSync();
  const { store, close } = openDigestStore(path, "sha256");
  try {
    const dead = new Uint8Array(1000).fill(9);
    await make({ store }, (writer, root) => {
      const kept = place(writer, LARGE);
      const twin = place(writer, LARGE);
      writer.release(twin.content!);
      writer.release(place(writer, dead).content!);
      root.children!.set("large", kept);
    });
    const digest = verityDigest("sha256", LARGE).toHex();
    deepStrictEqual(Deno.readFileSync(`${path}/${digest.slice(0, 2)}/${digest.slice(2)}`), LARGE);
    const deadId = verityDigest("sha256", dead).toHex();
    strictEqual(store.sizeOf(deadId), null);
    // An object that was there before is nobody's to remove.
    store.put(dead);
    await make({ store }, (writer) => writer.release(place(writer, dead).content!));
    strictEqual(store.sizeOf(deadId), 1000);
    close();
    ok(![...Deno.readDirSync(path)].some(({ name }) => name === ".tmp"));
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
});

Deno.test("composefsImage() leaves out what is not wanted, and takes version 1 for whiteouts", async () => {
  const fill = (_: ImageWriter<ImageContent>, root: Inode<ImageContent>) => {
    root.children!.set("w", new Inode(FileKind.characterDevice, 0o600));
    root.mtimeSeconds = 5;
    root.xattrs = [
      { name: "security.x", value: SMALL },
      { name: "user.x", value: SMALL },
    ];
  };
  const read = async (options: ComposefsImageOptions) =>
    readImage(memorySource((await make(options, fill)).bytes));
  strictEqual((await read({})).version, 1);
  strictEqual((await read({ maxVersion: 0 })).version, 0);
  strictEqual((await read({ skipDevices: true })).version, 0);
  strictEqual((await read({ version: 2 })).version, 2);
  const { root } = (await read({ skipDevices: true, useEpoch: true, xattrs: "user" })).tree;
  strictEqual(root.children!.size, 0);
  strictEqual(root.mtimeSeconds, 0);
  deepStrictEqual(root.xattrs.map(({ name }) => name), ["user.x"]);
  deepStrictEqual((await read({ xattrs: "none" })).tree.root.xattrs, []);
  const { bytes } = await make({ isDump: true, skipDevices: true, xattrs: "none" }, fill);
  strictEqual(new TextDecoder().decode(bytes), "/ 0 40755 2 0 0 0 5.0 - - -\n");
});
