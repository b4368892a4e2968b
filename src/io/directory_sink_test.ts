import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { ImageError } from "../image_error.ts";
import type { Notice } from "../notice.ts";
import { unmount } from "../../tests/loop_mount.ts";
import { mustRun } from "../../tests/run_tool.ts";
import { toolTest } from "../../tests/tools.ts";
import { directorySink } from "./directory_sink.ts";
import { removeTree } from "./remove_tree.ts";
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

toolTest("directorySink() leaves directories of others that are called like leftovers", [
  "root",
], () => {
  withHome((home) => {
    const trap = `${home}/.a.0123456789abcdef.partial`;
    Deno.mkdirSync(`${trap}/tree`, { recursive: true });
    Deno.chownSync(trap, 65534, 65534);
    make(`${home}/a`);
    deepStrictEqual(namesIn(home), [".a.0123456789abcdef.partial", "a"]);
  });
});

toolTest("directorySink() refuses directories in which something is mounted", [
  "mount:overlay",
], () => {
  withHome((home) => {
    const inside = `${home}/a b/bound`;
    Deno.mkdirSync(inside, { recursive: true });
    Deno.mkdirSync(`${home}/other`);
    Deno.writeTextFileSync(`${home}/other/file`, "");
    mustRun("mount", ["--bind", `${home}/other`, inside]);
    try {
      throws(() => make(`${home}/a b`, { force: true }), refusal(/is mounted at ".*bound"/));
      throws(() => make(inside, { force: true }), refusal(/a mount point/));
      make(`${home}/a`);
    } finally {
      unmount(inside);
    }
    // Mounted while the new directory was made: the mount stays with its directory.
    const output = directorySink(`${home}/a b`, { force: true }).open();
    output.tree!.makeDirectory(ROOT_NAME);
    mustRun("mount", ["--bind", `${home}/other`, inside]);
    try {
      throws(() => output.commit(), refusal(/is mounted at/));
    } finally {
      output.abort();
      unmount(inside);
    }
    deepStrictEqual(namesIn(`${home}/other`), ["file"]);
    deepStrictEqual(namesIn(home), ["a", "a b", "other"]);
  });
});

toolTest("directorySink() inherits no access control list from the directory around", [
  "setfacl",
  "getfacl",
], () => {
  withHome((home) => {
    mustRun("setfacl", ["-d", "-m", "u:1234:rwx", home]);
    make(`${home}/a`);
    for (const path of [`${home}/a`, `${home}/a/new`]) {
      strictEqual(mustRun("getfacl", ["--skip-base", "--absolute-names", path]), "");
    }
  });
});

toolTest("directorySink() tells what it could not remove", ["mount:overlay"], () => {
  withHome((home) => {
    const notices: Notice[] = [];
    const output = directorySink(`${home}/a`).open((notice) => notices.push(notice));
    const [hidden] = namesIn(home);
    const mountPoint = `${home}/${hidden}/spare`;
    mustRun("mount", ["--bind", mountPoint, mountPoint]);
    output.abort();
    unmount(mountPoint);
    deepStrictEqual(notices.map(({ code, where }) => [code, where?.source]), [
      ["LEFTOVER_KEPT", `${home}/${hidden}`],
    ]);
  });
});

toolTest("removeTree() leaves everything where something is mounted in it", [
  "mount:overlay",
], () => {
  withHome((home) => {
    Deno.mkdirSync(`${home}/a/bound`, { recursive: true });
    Deno.mkdirSync(`${home}/other`);
    Deno.writeTextFileSync(`${home}/other/file`, "");
    mustRun("mount", ["--bind", `${home}/other`, `${home}/a/bound`]);
    try {
      strictEqual(removeTree(`${home}/a`), false);
      deepStrictEqual(namesIn(`${home}/a/bound`), ["file"]);
    } finally {
      unmount(`${home}/a/bound`);
    }
    strictEqual(removeTree(`${home}/a`), true);
    deepStrictEqual(namesIn(home), ["other"]);
  });
});

toolTest("removeTree() removes what is deeper than files may be open", ["sh"], () => {
  withHome((home) => {
    Deno.mkdirSync(`${home}/a/x${"/d".repeat(500)}`, { recursive: true });
    Deno.writeTextFileSync(`${home}/a/x/d/file`, "");
    const module = new URL("./remove_tree.ts", import.meta.url).href;
    const program = `import { removeTree } from "${module}";
      console.log(removeTree("${home}/a"));`;
    const command = 'ulimit -n 200 && exec deno eval --no-check "$0"';
    strictEqual(mustRun("sh", ["-c", command, program]), "true\n");
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
