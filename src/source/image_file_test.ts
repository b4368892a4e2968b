import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { memorySink } from "../io/memory_sink.ts";
import { cpio } from "../format/cpio/format.ts";
import { ext4 } from "../format/ext4/format.ts";
import { openExt4 } from "../format/ext4/reader.ts";
import { ImageError } from "../image_error.ts";
import { memorySource } from "../io/memory_source.ts";
import { compareTrees, formatDifference } from "../tree/compare.ts";
import { convert } from "../convert/convert.ts";
import { CaseTree } from "../../tests/conformance/case_tree.ts";
import { writeTree } from "../../tests/conformance/write_tree.ts";
import { imageFile } from "./image_file.ts";
import { openImage } from "../transport/open_image.ts";

function richTree(): CaseTree {
  return new CaseTree()
    .directory("d", { permissions: 0o1777, mtime: [5, 6] })
    .file("d/file", { size: 100_000, uid: 70_000, xattrs: { "user.a": "b" } })
    .file("d/sparse", { size: 10 * 2 ** 30, data: [[5 * 2 ** 30 + 1, 5 * 2 ** 30 + 5000]] })
    .file("d/empty")
    .file("d/hole", { size: 2 ** 20, data: [] })
    .file(".wh.plain", { size: 3 })
    .symlink("fast", "d/file").symlink("slow", "s".repeat(200))
    .device("device", "blockDevice", 8, 300).special("fifo", "fifo").special("socket", "socket")
    .link("again", "d/file").link("fast again", "fast");
}

async function withImage(
  use: (path: string, bytes: Uint8Array<ArrayBuffer>) => Promise<void>,
): Promise<void> {
  const sink = memorySink();
  await writeTree(ext4({ label: "first" }), richTree().finish(), sink);
  const path = Deno.makeTempFileSync({ prefix: "image_file_" });
  try {
    Deno.writeFileSync(path, sink.bytes);
    await use(path, sink.bytes);
  } finally {
    Deno.removeSync(path);
  }
}

Deno.test("imageFile() of ext4: converting it to ext4 gives the same tree, lost+found included", () =>
  withImage(async (path, bytes) => {
    const image = await imageFile(path);
    const sink = memorySink();
    const { counts, notices } = await convert(image, ext4(), sink);
    await image.close();
    deepStrictEqual(notices, []);
    strictEqual(counts.socket, 1);
    const [a, b] = [bytes, sink.bytes].map((it) => openExt4(memorySource(it)));
    const found = compareTrees({ tree: a.tree, reader: a }, { tree: b.tree, reader: b });
    deepStrictEqual([...found].map(formatDifference), []);
    // Sparse stays sparse.
    strictEqual(b.description.usedBytes, a.description.usedBytes);
    strictEqual(b.description.createdSeconds, a.description.createdSeconds);
  }));

Deno.test("imageFile(): the same file gives the same bytes, and copies do not change any more", () =>
  withImage(async (path) => {
    const copy = async () => {
      const image = await openImage(`ext4:${path}`);
      const sink = memorySink();
      const { digest } = await convert(image, ext4(), sink);
      await image.close();
      return { bytes: sink.bytes, digest };
    };
    const [first, again] = [await copy(), await copy()];
    deepStrictEqual(again, first);
    Deno.writeFileSync(path, first.bytes);
    deepStrictEqual(await copy(), first);
  }));

Deno.test("openImage() finds out that a path is a filesystem image", () =>
  withImage(async (path) => {
    const image = await openImage(path);
    deepStrictEqual(image.layers.map(({ name, job }) => [name, job.kind]), [["0 (ext4)", "tree"]]);
    deepStrictEqual([image.reference, image.config, image.digest], [path, null, null]);
    await image.close();
  }));

Deno.test("imageFile() refuses what is no image, a name that is no format, and a directory", async () => {
  const path = Deno.makeTempFileSync({ prefix: "image_file_" });
  const refused = (format: string | undefined, code: string) =>
    rejects(imageFile(path, { format }), (error) => {
      ok(error instanceof ImageError, `${error}`);
      deepStrictEqual([error.code, error.where.source], [code, path]);
      return true;
    });
  try {
    await refused(undefined, "UNSUPPORTED");
    await refused("ext4", "CORRUPT");
    Deno.writeFileSync(path, new Uint8Array(10_000).fill(7));
    await refused(undefined, "UNSUPPORTED");
    await refused("ext4", "CORRUPT");
    await rejects(imageFile(path, { format: "ntfs" }), TypeError);
    await rejects(imageFile("/tmp"), { code: "UNSUPPORTED" });
    await rejects(openImage(`ext4:${path}/none`), { code: "NOT_FOUND" });
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("openImage() takes a compressed cpio archive by its name", async () => {
  const directory = Deno.makeTempDirSync({ prefix: "image_file_" });
  try {
    for (const compression of ["gzip", "zstd"]) {
      const sink = memorySink();
      const tree = new CaseTree().file("a", { size: 5 }).finish();
      await writeTree(cpio({ compression }), tree, sink);
      const path = `${directory}/initramfs.cpio.${compression === "gzip" ? "gz" : "zst"}`;
      Deno.writeFileSync(path, sink.bytes);
      const image = await openImage(path);
      const { counts } = await convert(image, ext4(), memorySink());
      await image.close();
      deepStrictEqual([counts.regular, counts.directory], [1, 1]);
      // The name says that it is an archive; its bytes must be one.
      Deno.writeFileSync(path, gzipSync(new Uint8Array(1000).fill(1)));
      await rejects(
        openImage(path),
        (error: unknown) => error instanceof ImageError && error.code === "CORRUPT",
      );
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
