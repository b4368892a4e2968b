import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { convert } from "../convert/convert.ts";
import { ext4 } from "../format/ext4/format.ts";
import { fileSink } from "../io/file_sink.ts";
import { ImageError } from "../image_error.ts";
import { openImage } from "../transport/open_image.ts";
import { countLinks, walk } from "../tree/file_tree.ts";
import { FileKind, type Inode } from "../tree/inode.ts";
import { compareTrees, formatDifference } from "../tree/compare.ts";
import { openTree, type TreeView } from "./tree_view.ts";

const TINY = new URL("../../testdata/layouts/tiny", import.meta.url).pathname;

/** All ways to the same files: layers, a filesystem image, a directory that cannot hold owners. */
async function withTiny(use: (references: string[]) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "oci2rootfs_view_" });
  try {
    const image = await openImage(TINY);
    await convert(image, ext4(), fileSink(`${directory}/x.ext4`));
    await image.close();
    await use([TINY, `${directory}/x.ext4`, `ext4:${directory}/x.ext4`]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

async function bytesOf(view: TreeView, inode: Inode): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  await view.readFile(inode, {
    write: (bytes) => pieces.push(bytes.slice()),
    skip: (byteCount) => pieces.push(new Uint8Array(byteCount)),
  });
  return new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
}

Deno.test("openTree() gives the same tree and bytes whatever holds them", async () => {
  await withTiny(async (references) => {
    const views = await Promise.all(references.map((it) => openTree(it, { contents: "digests" })));
    try {
      const [layered] = views;
      for (const view of views) {
        view.tree.root.children!.delete("lost+found");
        countLinks(view.tree);
        const found = compareTrees(
          { tree: layered.tree, reader: layered.reader, digest: layered.digest },
          { tree: view.tree, reader: view.reader, digest: view.digest },
        );
        deepStrictEqual([...found].map(formatDifference), [], view.reference);
        let files = 0;
        for (const { path, inode } of walk(view.tree)) {
          if (inode.kind !== FileKind.regular || inode.size === 0) continue;
          const bytes = await bytesOf(view, inode);
          strictEqual(bytes.length, inode.size, path);
          const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));
          strictEqual(view.digest!(inode.content!, inode.size), hash.toHex(), path);
          files++;
        }
        ok(files > 3);
      }
    } finally {
      for (const view of views) await view.close();
    }
  });
});

Deno.test("TreeView.place() gives just the bytes of the files that are asked for", async () => {
  await withTiny(async (references) => {
    for (const reference of references) {
      const view = await openTree(reference);
      const files = new Set<Inode>();
      for (const { inode } of walk(view.tree)) {
        if (inode.kind === FileKind.regular && inode.size > 0 && files.size < 2) files.add(inode);
      }
      const sizes: number[] = [];
      await view.place(files, {
        beginFile(size) {
          let count = 0;
          return {
            write: (bytes) => count += bytes.length,
            skip: (byteCount) => count += byteCount,
            end() {
              strictEqual(count, size);
              sizes.push(size);
              return `place ${sizes.length}`;
            },
          };
        },
        release() {},
      });
      strictEqual(sizes.length, 2, reference);
      for (const inode of files) ok(String(inode.content).startsWith("place "));
      await view.close();
    }
  });
});

Deno.test("openTree() reads no file of a directory where only its tree is wanted", async () => {
  const directory = Deno.makeTempDirSync({ prefix: "oci2rootfs_view_" });
  try {
    Deno.writeTextFileSync(`${directory}/secret`, "x");
    const { atime: before } = Deno.statSync(`${directory}/secret`);
    const view = await openTree(`dir:${directory}`);
    strictEqual(view.tree.root.children!.get("secret")!.content, null);
    strictEqual(view.digest, undefined);
    deepStrictEqual(Deno.statSync(`${directory}/secret`).atime, before);
    // What changes between the two readings is no silent mixture.
    Deno.removeSync(`${directory}/secret`);
    await rejects(
      bytesOf(view, view.tree.root.children!.get("secret")!),
      (error) => error instanceof ImageError,
    );
    await view.close();
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("openTree() refuses what is no image, and stops when it is told to", async () => {
  await rejects(openTree("ext4:/nonexistent"), (error) => {
    return error instanceof ImageError && error.code === "NOT_FOUND";
  });
  const signal = AbortSignal.abort(new Error("stop"));
  await rejects(openTree(TINY, { signal }), /stop/);
});
