import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { ImageError } from "../image_error.ts";
import type { Notice } from "../notice.ts";
import { fileSink } from "./file_sink.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const namesIn = (path: string) => [...Deno.readDirSync(path)].map((entry) => entry.name).sort();

/** Runs `fn` with a new directory, which is removed afterwards. */
function inDirectory(fn: (directory: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const directory = Deno.makeTempDirSync({ prefix: "file_sink_" });
    try {
      await fn(directory);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  };
}

function refusal(code: string, message: RegExp) {
  return (error: unknown) => {
    ok(error instanceof ImageError, String(error));
    strictEqual(error.code, code);
    match(error.message, message);
    return true;
  };
}

Deno.test(
  "fileSink() shows the file under its name only at commit",
  inDirectory((directory) => {
    const path = `${directory}/out.ext4`;
    Deno.writeTextFileSync(path, "old content");
    const sink = fileSink(path).open();
    sink.write(bytes("world"), 6);
    sink.write(bytes("hello "), 0);
    sink.write(bytes("!"), 11);
    sink.truncate(14);
    strictEqual(Deno.readTextFileSync(path), "old content");
    strictEqual(namesIn(directory).length, 2);
    sink.commit();
    sink.abort();
    strictEqual(Deno.readTextFileSync(path), "hello world!\0\0");
    deepStrictEqual(namesIn(directory), ["out.ext4"]);
  }),
);

Deno.test(
  "fileSink() leaves nothing behind and the old file as it was when it aborts",
  inDirectory((directory) => {
    const path = `${directory}/out.ext4`;
    Deno.writeTextFileSync(path, "old content");
    const sink = fileSink(path).open();
    sink.write(bytes("new"), 0);
    sink.abort();
    sink.abort();
    deepStrictEqual(namesIn(directory), ["out.ext4"]);
    strictEqual(Deno.readTextFileSync(path), "old content");
  }),
);

Deno.test(
  "fileSink() follows the umask, and keeps the permissions of a file it replaces",
  inDirectory((directory) => {
    Deno.writeTextFileSync(`${directory}/plain`, "");
    fileSink(`${directory}/new`).open().commit();
    strictEqual(Deno.statSync(`${directory}/new`).mode, Deno.statSync(`${directory}/plain`).mode);
    Deno.writeTextFileSync(`${directory}/old`, "");
    Deno.chmodSync(`${directory}/old`, 0o604);
    const sink = fileSink(`${directory}/old`).open();
    const partial = namesIn(directory).find((name) => name.endsWith(".partial"));
    strictEqual(Deno.statSync(`${directory}/${partial}`).mode! % 0o1000, 0o604);
    sink.commit();
    strictEqual(Deno.statSync(`${directory}/old`).mode! % 0o1000, 0o604);
  }),
);

Deno.test(
  "fileSink() removes what a killed run left, but not what a living one is writing",
  inDirectory((directory) => {
    const path = `${directory}/out.ext4`;
    const leftover = `${directory}/.out.ext4.0123456789abcdef.partial`;
    Deno.writeTextFileSync(leftover, "half");
    Deno.writeTextFileSync(`${directory}/.out.ext4.notes.partial`, "foreign");
    Deno.writeTextFileSync(`${directory}/.out.ext4b.0123456789abcdef.partial`, "foreign");
    const notices: Notice[] = [];
    const first = fileSink(path).open((notice) => notices.push(notice));
    deepStrictEqual(notices.map((notice) => [notice.code, notice.where?.source]), [
      ["LEFTOVER_REMOVED", leftover],
    ]);
    const second = fileSink(path).open((notice) => notices.push(notice));
    strictEqual(notices.length, 1);
    first.write(bytes("first"), 0);
    second.write(bytes("second"), 0);
    second.commit();
    first.commit();
    strictEqual(Deno.readTextFileSync(path), "first");
    deepStrictEqual(namesIn(directory), [
      ".out.ext4.notes.partial",
      ".out.ext4b.0123456789abcdef.partial",
      "out.ext4",
    ]);
  }),
);

Deno.test(
  "fileSink() writes the file that a symbolic link names, also through a linked directory",
  inDirectory((directory) => {
    Deno.mkdirSync(`${directory}/deep/real`, { recursive: true });
    Deno.symlinkSync("deep/real", `${directory}/linked`);
    Deno.symlinkSync("../target", `${directory}/deep/real/link`);
    const sink = fileSink(`${directory}/linked/link`).open();
    sink.write(bytes("x"), 0);
    sink.commit();
    strictEqual(Deno.readTextFileSync(`${directory}/deep/target`), "x");
    ok(Deno.lstatSync(`${directory}/deep/real/link`).isSymlink);
  }),
);

Deno.test(
  "fileSink() refuses what is no regular file",
  inDirectory((directory) => {
    throws(() => fileSink(directory).open(), refusal("EXISTS", /: it is a directory, expected /));
    throws(() => fileSink("/dev/null").open(), refusal("EXISTS", /character device/));
    throws(() => fileSink(`${directory}/a/`).open(), refusal("EXISTS", /ends with a slash/));
    throws(
      () => fileSink(`${directory}/no/out`).open(),
      refusal("NOT_FOUND", /there is no directory/),
    );
    Deno.writeTextFileSync(`${directory}/file`, "");
    throws(() => fileSink(`${directory}/file/out`).open(), refusal("NOT_FOUND", /ENOTDIR/));
    Deno.symlinkSync("loop", `${directory}/loop`);
    throws(
      () => fileSink(`${directory}/loop`).open(),
      refusal("EXISTS", /too many symbolic links/),
    );
    throws(() => fileSink(""), TypeError);
  }),
);

Deno.test(
  "fileSink() refuses to replace the input, by whatever name",
  inDirectory((directory) => {
    Deno.writeTextFileSync(`${directory}/image.tar`, "input");
    Deno.linkSync(`${directory}/image.tar`, `${directory}/same.tar`);
    const sink = fileSink(`${directory}/same.tar`, { inputs: [`${directory}/image.tar`] });
    throws(
      () => sink.open(),
      refusal("EXISTS", /it is the input ".*image\.tar", expected another/),
    );
    fileSink(`${directory}/other.tar`, { inputs: [`${directory}/image.tar`] }).open().abort();
  }),
);

Deno.test(
  "fileSink() refuses a place inside a directory that is read, by whatever name",
  inDirectory((directory) => {
    Deno.mkdirSync(`${directory}/root/etc`, { recursive: true });
    Deno.symlinkSync(`${directory}/root/etc`, `${directory}/link`);
    const inputTrees = [{ path: `${directory}/root`, oneFileSystem: true }];
    for (const place of ["root/out", "root/etc/out", "link/out"]) {
      const sink = fileSink(`${directory}/${place}`, { inputTrees });
      throws(() => sink.open(), refusal("EXISTS", /it is inside the input ".*root"/));
    }
    fileSink(`${directory}/root.img`, { inputTrees }).open().abort();
  }),
);

Deno.test(
  "fileSink() takes names of up to 255 bytes",
  inDirectory((directory) => {
    const name = "ä".repeat(127);
    const sink = fileSink(`${directory}/${name}`).open();
    sink.commit();
    deepStrictEqual(namesIn(directory), [name]);
    const tooLong = fileSink(`${directory}/${name}xx`);
    throws(() => tooLong.open(), refusal("LIMIT_EXCEEDED", /ENAMETOOLONG/));
    deepStrictEqual(namesIn(directory), [name]);
  }),
);

Deno.test(
  "fileSink() reads back what was written before it has its name",
  inDirectory((directory) => {
    const output = fileSink(`${directory}/out`).open();
    output.write(bytes("hello"), 3);
    output.truncate(20);
    const into = new Uint8Array(10).fill(9);
    output.read!(into, 1);
    strictEqual(new TextDecoder().decode(into), "\0\0hello\0\0\0");
    output.read!(into, 15);
    deepStrictEqual(into, new Uint8Array(10));
    output.sync!();
    output.abort();
    deepStrictEqual(namesIn(directory), []);
  }),
);
