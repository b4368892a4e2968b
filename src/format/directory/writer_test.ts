import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { ImageError } from "../../image_error.ts";
import { directorySink } from "../../io/directory_sink.ts";
import type { Notice } from "../../notice.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import { directory } from "./format.ts";
import type { DirectoryFormatOptions } from "./options.ts";

/** Makes a directory with one fifo in it and calls `use` with it and what was noted. */
async function withFifo(
  name: string,
  change: (inode: Inode<number>) => void,
  options: DirectoryFormatOptions,
  use: (path: string, notices: readonly Notice[]) => void,
): Promise<void> {
  const home = Deno.makeTempDirSync({ prefix: "directory_writer_" });
  try {
    const root = new Inode<number>(FileKind.directory, 0o755);
    [root.uid, root.gid] = [Deno.uid() ?? 0, Deno.gid() ?? 0];
    const inode = new Inode<number>(FileKind.fifo, 0o644);
    [inode.uid, inode.gid] = [root.uid, root.gid];
    change(inode);
    root.children!.set(name, inode);
    const notices: Notice[] = [];
    const sink = directorySink(`${home}/a/out`);
    Deno.mkdirSync(`${home}/a`);
    const output = sink.open();
    try {
      const writer = directory(options).createWriter(output, {
        identity: () => "1",
        createdSeconds: 0,
        expectedBytes: 0,
        onNotice: (notice) => notices.push(notice),
      });
      await writer.finish({ root });
      output.commit();
    } finally {
      output.abort();
      // Whatever the name says, nothing is made elsewhere.
      for (const { name } of Deno.readDirSync(home)) strictEqual(name, "a");
    }
    use(`${home}/a/out`, notices);
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
}

for (const name of ["..", ".", "", "../../../evil", "a/b", "a\0"]) {
  Deno.test(`DirectoryWriter refuses the name ${JSON.stringify(name)}`, () =>
    rejects(
      withFifo(name, () => {}, {}, () => {}),
      (error: unknown) => error instanceof ImageError && error.code === "UNSAFE_PATH",
    ));
}

Deno.test("DirectoryWriter reports attributes that the file system does not have", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const addXattr = (inode: Inode) => {
    inode.xattrs = [{ name: "nobody.knows", value: new Uint8Array(1) }];
  };
  await withFifo("fifo", addXattr, { onLoss: "report" }, (path, notices) => {
    deepStrictEqual(notices.map(({ code }) => code), ["LOSS"]);
    match(notices[0].message, /attribute nobody\.knows of "fifo": the file system has none$/);
    strictEqual(Deno.lstatSync(`${path}/fifo`).isFifo, true);
  });
  await rejects(
    withFifo("fifo", addXattr, { onLoss: "error" }, () => {}),
    (error: unknown) => error instanceof ImageError && error.code === "UNSUPPORTED",
  );
});

for (const [uid, gid] of [[2 ** 32 - 1, 0], [0, 2 ** 32 - 1]]) {
  Deno.test(`DirectoryWriter tells that no file can belong to ${uid}:${gid}`, {
    ignore: Deno.build.os !== "linux",
  }, async () => {
    const change = (inode: Inode) => void ([inode.uid, inode.gid] = [uid, gid]);
    await withFifo("fifo", change, { onLoss: "report" }, (_path, notices) => {
      deepStrictEqual(notices.map(({ message }) => message), [
        'Left out of directory: owner of "fifo": the system has no such number',
      ]);
    });
    await rejects(
      withFifo("fifo", change, { onLoss: "error" }, () => {}),
      (error: unknown) => error instanceof ImageError && error.code === "UNSUPPORTED",
    );
  });
}

Deno.test("DirectoryWriter tells root what not even root may", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const change = (inode: Inode) => {
    inode.xattrs = [{ name: "user.a", value: new Uint8Array(1) }];
  };
  const reason = Deno.uid() === 0 ? "the system does not permit it" : "only root may";
  await withFifo("fifo", change, { onLoss: "report" }, (_path, notices) => {
    deepStrictEqual(notices.map(({ message }) => message), [
      `Left out of directory: attribute user.a of "fifo": ${reason}`,
    ]);
  });
});
