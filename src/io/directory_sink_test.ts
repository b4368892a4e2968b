import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { ImageError } from "../image_error.ts";
import type { Notice } from "../notice.ts";
import { directorySink } from "./directory_sink.ts";
import { ROOT_NAME } from "./tree_maker.ts";

function withHome(use: (home: string) => void): void {
  const home = Deno.makeTempDirSync({ prefix: "directory_sink_" });
  try {
    use(home);
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
}

const namesIn = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();

/** Makes a directory with one file, `new`. */
function make(path: string, options: Parameters<typeof directorySink>[1] = {}): void {
  const output = directorySink(path, options).open();
  try {
    const { tree } = output;
    tree!.makeDirectory(ROOT_NAME);
    tree!.enter(ROOT_NAME);
    const body = tree!.createBody();
    body.write(new TextEncoder().encode("text"), 0);
    body.end(4);
    tree!.placeBody(body.id, "new");
    tree!.leave();
    output.commit();
  } finally {
    output.abort();
  }
}

const refusal = (pattern: RegExp) => (error: unknown) =>
  error instanceof ImageError && error.code === "EXISTS" && pattern.test(error.message);

Deno.test("directorySink() makes a directory where nothing is, or an empty one", () => {
  withHome((home) => {
    make(`${home}/a`);
    Deno.mkdirSync(`${home}/b`);
    make(`${home}/b/`);
    deepStrictEqual([namesIn(`${home}/a`), namesIn(`${home}/b`)], [["new"], ["new"]]);
    deepStrictEqual(namesIn(home), ["a", "b"]);
  });
});

Deno.test("directorySink() replaces what is in a directory only with force, and all of it", () => {
  withHome((home) => {
    const outside = `${home}/outside`;
    Deno.mkdirSync(outside);
    Deno.mkdirSync(`${home}/a`);
    // A link in the place of a file that comes, and one that leads to another directory.
    Deno.writeTextFileSync(`${outside}/victim`, "untouched");
    Deno.symlinkSync(`${outside}/victim`, `${home}/a/new`);
    Deno.symlinkSync(outside, `${home}/a/etc`);
    throws(() => make(`${home}/a`), refusal(/something in it/));
    deepStrictEqual(namesIn(`${home}/a`), ["etc", "new"]);
    make(`${home}/a`, { force: true });
    deepStrictEqual(namesIn(`${home}/a`), ["new"]);
    strictEqual(Deno.lstatSync(`${home}/a/new`).isFile, true);
    strictEqual(Deno.readTextFileSync(`${outside}/victim`), "untouched");
    deepStrictEqual(namesIn(home), ["a", "outside"]);
  });
});

Deno.test("directorySink() refuses files, inputs and places in inputs", () => {
  withHome((home) => {
    Deno.writeTextFileSync(`${home}/file`, "");
    throws(() => make(`${home}/file`, { force: true }), refusal(/no directory/));
    throws(() => make("/", { force: true }), refusal(/root of this machine/));
    Deno.mkdirSync(`${home}/a/b`, { recursive: true });
    Deno.writeTextFileSync(`${home}/a/b/image.tar`, "");
    const inputs = [`${home}/a/b/image.tar`];
    throws(() => make(`${home}/a`, { force: true, inputs }), refusal(/is in it/));
    const inputTrees = [{ path: `${home}/a`, oneFileSystem: false }];
    throws(() => make(`${home}/a/c`, { inputTrees }), refusal(/inside the input/));
    throws(
      () => make(`${home}/missing/c`),
      (error: unknown) => error instanceof ImageError && error.code === "NOT_FOUND",
    );
  });
});

Deno.test("directorySink() follows a link at its own name", () => {
  withHome((home) => {
    Deno.mkdirSync(`${home}/real`);
    Deno.symlinkSync("real", `${home}/link`);
    make(`${home}/link`);
    deepStrictEqual(namesIn(`${home}/real`), ["new"]);
    strictEqual(Deno.lstatSync(`${home}/link`).isSymlink, true);
  });
});

Deno.test("directorySink() leaves nothing behind when aborted, also where none may write", () => {
  withHome((home) => {
    const output = directorySink(`${home}/a`).open();
    output.tree!.makeDirectory(ROOT_NAME);
    output.tree!.enter(ROOT_NAME);
    output.tree!.makeDirectory("x");
    output.tree!.setPermissions("x", 0);
    output.abort();
    deepStrictEqual(namesIn(home), []);
  });
});

Deno.test("directorySink() removes what a killed run left, but not what is being made", () => {
  withHome((home) => {
    const leftover = `${home}/.a.0123456789abcdef.partial`;
    Deno.mkdirSync(`${leftover}/tree/etc`, { recursive: true });
    const other = directorySink(`${home}/a`).open();
    strictEqual(namesIn(home).length, 1);
    const notices: Notice[] = [];
    Deno.mkdirSync(leftover);
    directorySink(`${home}/a`).open((notice) => notices.push(notice)).abort();
    deepStrictEqual(notices.map(({ code, where }) => [code, where?.source]), [
      ["LEFTOVER_REMOVED", leftover],
    ]);
    strictEqual(namesIn(home).length, 1);
    other.abort();
    deepStrictEqual(namesIn(home), []);
  });
});

Deno.test("a directory under way takes no bytes", () => {
  withHome((home) => {
    const output = directorySink(`${home}/a`).open();
    throws(() => output.write(new Uint8Array(1), 0), TypeError);
    output.abort();
  });
});
