import { deepStrictEqual, notStrictEqual, strictEqual, throws } from "node:assert/strict";
import type { FileTree } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import type { ImageContent } from "../image/content.ts";
import { ObjectReader } from "../image/object_reader.ts";
import { labelTree } from "./label_tree.ts";
import { labelsOf, policyFiles, policyTree } from "./policy_fixture.ts";
import { readPolicy } from "./policy_files.ts";

/** A tree with this policy, labelled by it. */
function labelled(
  contexts: Readonly<Record<string, string>>,
  lines: string,
): FileTree<ImageContent> {
  const tree = policyTree(lines, policyFiles(contexts));
  labelTree(tree, readPolicy(tree, new ObjectReader(null))!);
  return tree;
}

Deno.test("labelTree() labels the root, directories and files by their paths", () => {
  const tree = labelled(
    { "": "/ root_t\n/usr\tusr_t\n  /usr/bin(/.*)?\t\tbin_t\n# /usr/.* no_t\n\n" },
    "/usr 0 40755 2 0 0 0 0.0 - - -\n" +
      "/usr/bin 0 40755 2 0 0 0 0.0 - - -\n" +
      "/usr/bin/hello 2 100755 1 0 0 0 0.0 - hi -\n" +
      "/usr/lib 0 40755 2 0 0 0 0.0 - - -\n",
  );
  deepStrictEqual(labelsOf(tree), {
    "/": "root_t",
    "/usr": "usr_t",
    "/usr/bin": "bin_t",
    "/usr/bin/hello": "bin_t",
    "/usr/lib": null,
  });
});

Deno.test("labelTree() takes the last rule for the kind of a file", () => {
  const tree = labelled(
    {
      "": "/.* any_t\n/v(/.*)? v_t\n" +
        ["-- file_t", "-d dir_t", "-l link_t", "-c char_t", "-b block_t", "-p fifo_t", "-s sock_t"]
          .map((rest) => `/v/.* ${rest}\n`).join("") +
        "/v/early before_t\n/v/e.* after_t\n",
    },
    "/v 0 40755 2 0 0 0 0.0 - - -\n" +
      "/v/block 0 60660 1 0 0 2049 0.0 - - -\n" +
      "/v/char 0 20666 1 0 0 1024 0.0 - - -\n" +
      "/v/dir 0 40755 2 0 0 0 0.0 - - -\n" +
      "/v/early 1 100644 1 0 0 0 0.0 - x -\n" +
      "/v/fifo 0 10644 1 0 0 0 0.0 - - -\n" +
      "/v/file 1 100644 1 0 0 0 0.0 - x -\n" +
      "/v/link 1 120777 1 0 0 0 0.0 x - -\n" +
      "/v/sock 0 140755 1 0 0 0 0.0 - - -\n" +
      "/w 0 140755 1 0 0 0 0.0 - - -\n",
  );
  deepStrictEqual(labelsOf(tree), {
    "/": "any_t",
    "/v": "v_t",
    "/v/block": "block_t",
    "/v/char": "char_t",
    "/v/dir": "dir_t",
    "/v/early": "after_t",
    "/v/fifo": "fifo_t",
    "/v/file": "file_t",
    "/v/link": "link_t",
    "/v/sock": "sock_t",
    "/w": "any_t",
  });
});

Deno.test("labelTree() replaces labels from before and takes them where there is none", () => {
  const tree = labelled(
    { "": "/tmp(/.*)? tmp_t\n/tmp/own(/.*)? <<none>>\n" },
    "/other 0 40755 2 0 0 0 0.0 - - - security.selinux=old user.kept=1\n" +
      "/tmp 0 40755 2 0 0 0 0.0 - - - security.selinux=old user.kept=1 security.capability=2\n" +
      "/tmp/own 0 40755 2 0 0 0 0.0 - - - security.selinux=old\n" +
      "/tmp/own/file 1 100644 1 0 0 0 0.0 - x -\n",
  );
  deepStrictEqual(labelsOf(tree), {
    "/": null,
    "/other": null,
    "/tmp": "tmp_t",
    "/tmp/own": null,
    "/tmp/own/file": null,
  });
  const names = (name: string) => tree.root.children!.get(name)!.xattrs.map(({ name }) => name);
  deepStrictEqual(names("other"), ["user.kept"]);
  deepStrictEqual(names("tmp"), ["security.capability", "security.selinux", "user.kept"]);
});

Deno.test("labelTree() takes rules of file_contexts, then .local, then .homedirs", () => {
  const tree = labelled(
    {
      ".homedirs": "/c home_t\n",
      ".local": "/b local_t\n/c local_t\n",
      "": "/a base_t\n/b base_t\n/c base_t\n",
    },
    ["a", "b", "c"].map((name) => `/${name} 1 100644 1 0 0 0 0.0 - x -\n`).join(""),
  );
  deepStrictEqual(labelsOf(tree), { "/": null, "/a": "base_t", "/b": "local_t", "/c": "home_t" });
});

Deno.test("labelTree() labels a directory and what is in it as what it is an alias of", () => {
  const tree = labelled(
    {
      "": "/home(/.*)? home_t\n/srv/home(/.*)? srv_t\n/home/keep(/.*)? keep_t\n/top top_t\n",
      ".subs": "# comment\n/srv/home /wrong\n/srv/all /\n/home/chain /top\n",
      ".subs_dist": "/srv/home /home\n",
    },
    "/srv 0 40755 2 0 0 0 0.0 - - -\n" +
      "/srv/all 0 40755 2 0 0 0 0.0 - - -\n" +
      "/srv/all/top 1 100644 1 0 0 0 0.0 - x -\n" +
      "/srv/home 0 40755 2 0 0 0 0.0 - - -\n" +
      "/srv/home/chain 1 100644 1 0 0 0 0.0 - x -\n" +
      "/srv/home/file 1 100644 1 0 0 0 0.0 - x -\n" +
      "/srv/home/keep 0 40755 2 0 0 0 0.0 - - -\n" +
      "/srv/homework 0 40755 2 0 0 0 0.0 - - -\n",
  );
  deepStrictEqual(labelsOf(tree), {
    "/": null,
    "/srv": null,
    "/srv/all": null,
    "/srv/all/top": "top_t",
    "/srv/home": "home_t",
    "/srv/home/chain": "top_t",
    "/srv/home/file": "home_t",
    "/srv/home/keep": "keep_t",
    "/srv/homework": null,
  });
});

Deno.test("labelTree() splits files whose names deserve different labels, and no others", () => {
  const tree = labelled(
    { "": "/usr/.* usr_t\n/opt/.* opt_t\n/none/.* <<none>>\n" },
    "/none 0 40755 2 0 0 0 0.0 - - -\n" +
      "/none/f 5 100644 5 1 2 0 3.4 - hello - user.a=b security.selinux=old\n" +
      "/none/g 0 @120000 - - - - 0.0 /none/f - -\n" +
      "/opt 0 40755 2 0 0 0 0.0 - - -\n" +
      "/opt/f 0 @120000 - - - - 0.0 /none/f - -\n" +
      "/opt/g 0 @120000 - - - - 0.0 /none/f - -\n" +
      "/usr 0 40755 2 0 0 0 0.0 - - -\n" +
      "/usr/f 0 @120000 - - - - 0.0 /none/f - -\n" +
      "/usr/n 0 100644 2 0 0 0 0.0 - - -\n" +
      "/usr/o 0 @120000 - - - - 0.0 /usr/n - -\n",
  );
  const inodeOf = (directory: string, name: string) =>
    tree.root.children!.get(directory)!.children!.get(name)!;
  const { "/none/f": first, "/none/g": second, "/opt/f": opt, "/opt/g": other, "/usr/f": usr } =
    labelsOf(tree);
  deepStrictEqual([first, second, opt, other, usr], [null, null, "opt_t", "opt_t", "usr_t"]);
  strictEqual(inodeOf("none", "g"), inodeOf("none", "f"));
  strictEqual(inodeOf("usr", "n"), inodeOf("usr", "o"));
  // Only the first label keeps the link, as in composefs-rs.
  notStrictEqual(inodeOf("opt", "g"), inodeOf("opt", "f"));
  const copy = inodeOf("usr", "f");
  deepStrictEqual(
    [copy.size, copy.uid, copy.mtimeSeconds, copy.mtimeNanoseconds, copy.content],
    [5, 1, 3, 4, inodeOf("none", "f").content],
  );
  deepStrictEqual(copy.xattrs.map(({ name }) => name), ["security.selinux", "user.a"]);
});

Deno.test("labelTree() asks for what must and must not follow", () => {
  const tree = labelled(
    {
      "": "/.* any_t\n/s/(?=protected).* protected_t\n/s/way-(?!lxc).* way_t\n" +
        "/s/(?=.*[0-9])(?!.*\\.so)[^/]+ -- number_t\n",
    },
    ["lib1", "lib1.so", "other", "protected_data", "way-lxc", "way-x"].map((name) =>
      `/s/${name} 1 100644 1 0 0 0 0.0 - x -\n`
    ).reduce((lines, line) => lines + line, "/s 0 40755 2 0 0 0 0.0 - - -\n"),
  );
  deepStrictEqual(labelsOf(tree), {
    "/": "any_t",
    "/s": "any_t",
    "/s/lib1": "number_t",
    "/s/lib1.so": "any_t",
    "/s/other": "any_t",
    "/s/protected_data": "protected_t",
    "/s/way-lxc": "any_t",
    "/s/way-x": "way_t",
  });
});

Deno.test("labelTree() labels names that are not UTF-8, and with line breaks", () => {
  const tree = labelled(
    { "": "/[^/]{3} three_t\n/.\\n. break_t\n" },
    "/a\\nb 1 100644 1 0 0 0 0.0 - x -\n/\\xff\\xfe\\x80 1 100644 1 0 0 0 0.0 - x -\n",
  );
  deepStrictEqual([...tree.root.children!.keys()].filter((name) => name !== "etc").sort(), [
    "a\nb",
    "\xff\xfe\x80",
  ]);
  deepStrictEqual(Object.values(labelsOf(tree)), [null, "break_t", "three_t"]);
});

Deno.test("labelTree() bounds the work of hostile policies", () => {
  const name = `/${"a".repeat(255)}`;
  const lines = Array.from(
    { length: 16 },
    (_, i) => `${name.repeat(i + 1)} 0 40755 2 0 0 0 0.0 - - -\n`,
  );
  const tree = (rules: string) => policyTree(lines.join(""), policyFiles({ "": rules }));
  const label = (rules: string, steps: number) => {
    const made = tree(rules);
    labelTree(made, readPolicy(made, new ObjectReader(null))!, steps);
  };
  // What takes a machine that tries again longer than the world is old takes nothing here.
  label("((((a|/)+)+)+)+b x\n/(.*.*.*.*.*.*.*.*.*.*)*b x\n(a?|/?){500}(a|/){500} x\n", 20_000_000);
  const limit = { code: "LIMIT_EXCEEDED", message: /took 1000000 steps/ };
  throws(() => label("((.*a){50}x|(a|/)*) x\n".repeat(100), 1_000_000), limit);
  throws(() => label("(.(?=(.(?=.*b)|.)*b)|.)* x\n", 1_000_000), limit);
});

Deno.test("labelTree() refuses to remember too much of open directories", () => {
  const root = new Inode<ImageContent>(FileKind.directory, 0o755);
  let directory = root;
  for (let i = 0; i < 1000; i++) {
    const child = new Inode<ImageContent>(FileKind.directory, 0o755);
    directory.children!.set("d", child);
    directory = child;
  }
  const policy = policyTree(
    "",
    policyFiles({ "": "(?:[/d]?){4000} x\n".repeat(40) }),
  );
  throws(
    () => labelTree({ root }, readPolicy(policy, new ObjectReader(null))!),
    { code: "LIMIT_EXCEEDED", message: /too many directories/ },
  );
});

Deno.test("labelTree() asks for what follows only in paths that Linux takes", () => {
  const name = "a".repeat(255);
  const lines = Array.from(
    { length: 16 },
    (_, i) => `${`/${name}`.repeat(i + 1)} 0 40755 2 0 0 0 0.0 - - -\n`,
  );
  const tree = policyTree(lines.join(""), policyFiles({ "": "/.*(?!b).* x\n" }));
  let deepest = tree.root;
  while (deepest.children!.has(name)) deepest = deepest.children!.get(name)!;
  deepest.children!.set("b", new Inode<ImageContent>(FileKind.directory, 0o755));
  throws(
    () => labelTree(tree, readPolicy(tree, new ObjectReader(null))!),
    { code: "LIMIT_EXCEEDED", message: /its path has 4098 bytes/ },
  );
});
