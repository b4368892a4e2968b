import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { ImageError } from "../image_error.ts";
import type { LayerEntry } from "../layer/layer_entry.ts";
import { FileKind, type Inode } from "../tree/inode.ts";
import { mergeLayers } from "./merge.ts";
import {
  directory,
  fifo,
  file,
  layer,
  lines,
  link,
  opaque,
  symlink,
  whiteout,
} from "./merge_fixture.ts";
import type { MergeOptions } from "./merge_options.ts";

type Layers = LayerEntry<string>[][];

function merge(layers: Layers, options: Partial<MergeOptions> = {}) {
  return mergeLayers(layers.map((entries, i) => ({ name: `${i}`, entries })), options);
}

function at(root: Inode<string>, path: string): Inode<string> {
  return path.split("/").reduce((inode, name) => inode.children!.get(name)!, root);
}

const cases: {
  name: string;
  layers: Layers;
  expected: string[];
  options?: Partial<MergeOptions>;
}[] = [
  { name: "no layers are an empty root", layers: [], expected: [] },
  {
    name: "an empty layer changes nothing",
    layers: [layer(file("a", "1")), layer()],
    expected: ["a = 1"],
  },
  {
    name: "a newer file replaces an older one",
    layers: [layer(file("a", "1")), layer(file("a", "2"))],
    expected: ["a = 2"],
  },
  {
    name: "of two entries in one layer the later wins",
    layers: [layer(file("a", "1"), file("a", "2"))],
    expected: ["a = 2"],
  },
  {
    name: "a whiteout removes the name of an older layer",
    layers: [layer(directory("d"), file("d/a", "1"), file("d/b", "2")), layer(whiteout("d/a"))],
    expected: ["d/", "d/b = 2"],
  },
  {
    name: "a whiteout before or after its layer's own entry leaves that entry",
    layers: [
      layer(file("a", "1"), file("b", "1")),
      layer(file("a", "2"), whiteout("a"), whiteout("b"), file("b", "2")),
    ],
    expected: ["a = 2", "b = 2"],
  },
  {
    name: "a whiteout of a directory removes all below it but the layer's own content",
    layers: [
      layer(directory("d"), file("d/x", "1"), directory("d/e"), file("d/e/y", "1")),
      layer(directory("d"), file("d/new", "2"), whiteout("d")),
    ],
    expected: ["d/", "d/new = 2"],
  },
  {
    name: "a whiteout of what is not there is no error",
    layers: [layer(file("a", "1")), layer(whiteout("b"))],
    expected: ["a = 1"],
  },
  {
    name: "a whiteout holds for all older layers, and a later layer can make the name again",
    layers: [
      layer(file("a", "1")),
      layer(whiteout("a")),
      layer(file("a", "3")),
    ],
    expected: ["a = 3"],
  },
  {
    name: "deleted, made and deleted again stays deleted",
    layers: [layer(file("a", "1")), layer(whiteout("a"), file("a", "2")), layer(whiteout("a"))],
    expected: [],
  },
  {
    name: "a deep whiteout works under a directory made opaque by a middle layer",
    layers: [
      layer(directory("d"), file("d/x", "1")),
      layer(directory("d"), opaque("d"), directory("d/b"), file("d/b/c", "2")),
      layer(whiteout("d/b/c")),
    ],
    expected: ["d/", "d/b/"],
  },
  {
    name: "an opaque mark hides older content wherever it stands",
    layers: [
      layer(directory("d"), file("d/old", "1"), directory("d/e"), file("d/e/old", "1")),
      layer(directory("d"), file("d/a", "2"), directory("d/e"), opaque("d"), file("d/b", "2")),
    ],
    expected: ["d/", "d/a = 2", "d/b = 2", "d/e/"],
  },
  {
    name: "an opaque root hides everything older",
    layers: [layer(file("a", "1"), directory("d")), layer(opaque(""), file("b", "2"))],
    expected: ["b = 2"],
  },
  {
    name: "a directory again keeps its children",
    layers: [
      layer(directory("d"), file("d/a", "1")),
      layer(directory("d", { permissions: 0o700 })),
    ],
    expected: ["d/", "d/a = 1"],
  },
  {
    name: "a non-directory over a directory drops the subtree",
    layers: [
      layer(
        directory("a"),
        file("a/x", "1"),
        directory("b"),
        file("b/x", "1"),
        directory("c"),
        file("c/x", "1"),
      ),
      layer(file("a", "2"), symlink("b", "c"), fifo("c")),
    ],
    expected: ["a = 2", "b -> c", "c |"],
  },
  {
    name: "a directory over a non-directory replaces it",
    layers: [
      layer(file("a", "1"), symlink("b", "x")),
      layer(directory("a"), file("a/x", "2"), directory("b")),
    ],
    expected: ["a/", "a/x = 2", "b/"],
  },
  {
    name: "in one layer a directory can become a symbolic link",
    layers: [layer(directory("bin"), file("bin/x", "1"), directory("usr"), symlink("bin", "usr"))],
    expected: ["bin -> usr", "usr/"],
  },
  {
    name: "a parent that is a symbolic link of an older layer is followed",
    layers: [
      layer(directory("usr"), directory("usr/lib"), symlink("lib", "usr/lib")),
      layer(file("lib/x", "2"), file("lib/y/z", "2")),
    ],
    expected: [
      "lib -> usr/lib",
      "usr/",
      "usr/lib/",
      "usr/lib/x = 2",
      "usr/lib/y/",
      "usr/lib/y/z = 2",
    ],
  },
  {
    name: "absolute and climbing links stay inside the root",
    layers: [
      layer(
        directory("d"),
        symlink("d/up", "../../../etc"),
        symlink("abs", "/d/up"),
        directory("etc"),
      ),
      layer(file("abs/x", "2")),
    ],
    expected: ["abs -> /d/up", "d/", "d/up -> ../../../etc", "etc/", "etc/x = 2"],
  },
  {
    name: "a dangling parent link gets its directory made",
    layers: [layer(symlink("a", "b/c")), layer(file("a/x", "2"))],
    expected: ["a -> b/c", "b/", "b/c/", "b/c/x = 2"],
  },
  {
    name: "a parent link is hidden by a real directory on request",
    layers: [
      layer(
        directory("usr"),
        directory("usr/lib"),
        file("usr/lib/old", "1"),
        symlink("lib", "usr/lib"),
      ),
      layer(file("lib/x", "2")),
    ],
    options: { symlinkedParents: "replace" },
    expected: ["lib/", "lib/x = 2", "usr/", "usr/lib/", "usr/lib/old = 1"],
  },
  {
    name: "an explicit directory replaces a link to a directory",
    layers: [
      layer(
        directory("usr"),
        directory("usr/lib"),
        file("usr/lib/old", "1"),
        symlink("lib", "usr/lib"),
      ),
      layer(directory("lib"), file("lib/x", "2")),
    ],
    expected: ["lib/", "lib/x = 2", "usr/", "usr/lib/", "usr/lib/old = 1"],
  },
  {
    name: "an explicit directory keeps a link to a directory on request",
    layers: [
      layer(
        directory("usr"),
        directory("usr/lib"),
        symlink("lib", "usr/lib"),
        symlink("no", "nowhere"),
      ),
      layer(directory("lib"), file("lib/x", "2"), directory("no")),
    ],
    options: { keepDirlinks: true },
    expected: ["lib -> usr/lib", "no/", "usr/", "usr/lib/", "usr/lib/x = 2"],
  },
  {
    name: "a whiteout goes through a symbolic link of the older layers",
    layers: [
      layer(directory("usr"), file("usr/x", "1"), file("usr/y", "1"), symlink("u", "usr")),
      layer(whiteout("u/x")),
    ],
    expected: ["u -> usr", "usr/", "usr/y = 1"],
  },
  {
    name: "marks in a directory that replaces a link do not reach through the link",
    layers: [
      layer(directory("usr"), file("usr/x", "1"), symlink("u", "usr")),
      layer(directory("u"), opaque("u"), whiteout("u/x"), file("u/z", "2")),
    ],
    expected: ["u/", "u/z = 2", "usr/", "usr/x = 1"],
  },
  {
    name: "a hard link names a file of its own layer",
    layers: [layer(file("a", "1"), link("b", "a"), link("c", "b"))],
    expected: ["a = 1", "b = 1 (same as a)", "c = 1 (same as a)"],
  },
  {
    name: "a hard link names a file of an older layer",
    layers: [layer(file("a", "1")), layer(link("b", "a"))],
    expected: ["a = 1", "b = 1 (same as a)"],
  },
  {
    name: "a hard link keeps its inode when the target's name is replaced or removed",
    layers: [
      layer(file("a", "1"), link("b", "a"), file("c", "1"), link("d", "c")),
      layer(file("a", "2"), whiteout("c")),
    ],
    expected: ["a = 2", "b = 1", "d = 1"],
  },
  {
    name: "a hard link to a name that its own layer removes from older layers finds nothing",
    layers: [
      layer(file("a", "1"), file("keep", "k")),
      layer(file("a", "2"), whiteout("a"), link("b", "a")),
    ],
    expected: ["a = 2", "b = 2 (same as a)", "keep = k"],
  },
  {
    name: "a hard link keeps what a later mark of its layer removes from older layers",
    layers: [
      layer(file("a", "1"), directory("d"), file("d/f", "2"), directory("o"), file("o/f", "3")),
      layer(
        link("a2", "a"),
        link("f2", "d/f"),
        link("o2", "o/f"),
        whiteout("a"),
        whiteout("d"),
        opaque("o"),
        file("a", "new"),
      ),
    ],
    expected: ["a = new", "a2 = 1", "f2 = 2", "o/", "o2 = 3"],
  },
  {
    name: "a hard link before its target is resolved at the end of the layer",
    layers: [layer(link("c", "b"), link("b", "a"), file("a", "1"))],
    expected: ["a = 1", "b = 1 (same as a)", "c = 1 (same as a)"],
  },
  {
    name: "a later entry overtakes a waiting link",
    layers: [layer(link("b", "a"), file("b", "own"), file("a", "1"))],
    expected: ["a = 1", "b = own"],
  },
  {
    name: "a hard link to a symbolic link or a fifo does not follow it",
    layers: [layer(symlink("s", "t"), link("s2", "s"), fifo("p"), link("p2", "p"))],
    expected: ["p |", "p2 | (same as p)", "s -> t", "s2 -> t (same as s)"],
  },
  {
    name: "a hard link to itself changes nothing",
    layers: [layer(file("a", "1")), layer(link("a", "a"))],
    expected: ["a = 1"],
  },
  {
    name: "a hard link's target may lie behind a symbolic link",
    layers: [layer(directory("d"), file("d/f", "1"), symlink("s", "d")), layer(link("x", "s/f"))],
    expected: ["d/", "d/f = 1", "s -> d", "x = 1 (same as d/f)"],
  },
  {
    name: "a whiteout or opaque mark below a file of its own layer hides nothing more",
    layers: [
      layer(directory("d"), file("d/a", "1")),
      layer(file("d", "2"), whiteout("d/a"), opaque("d/b")),
    ],
    expected: ["d = 2"],
  },
  {
    name: "a missing parent is made, also for a whiteout",
    layers: [layer(file("a/b/c", "1"), whiteout("x/y/z"))],
    expected: ["a/", "a/b/", "a/b/c = 1", "x/", "x/y/"],
  },
  {
    name: "names are bytes",
    layers: [layer(file("\xff\xfe", "1"), file("\xc3\xa9", "2")), layer(whiteout("\xff\xfe"))],
    expected: ["\xc3\xa9 = 2"],
  },
];

for (const { name, layers, expected, options } of cases) {
  Deno.test(`mergeLayers(): ${name}`, () => {
    deepStrictEqual(lines(merge(layers, options).tree), expected);
  });
}

Deno.test("mergeLayers() replaces a directory's metadata and drops its old attributes", () => {
  const value = Uint8Array.of(1);
  const { tree } = merge([
    layer(directory("d", { uid: 1, mtimeSeconds: 5, xattrs: [{ name: "user.old", value }] })),
    layer(directory("d", {
      permissions: 0o700,
      uid: 2,
      mtimeSeconds: 9,
      xattrs: [{ name: "user.new", value }],
    })),
  ]);
  const d = at(tree.root, "d");
  deepStrictEqual([d.permissions, d.uid, d.mtimeSeconds, d.xattrs.map((x) => x.name)], [
    0o700,
    2,
    9,
    ["user.new"],
  ]);
});

Deno.test("mergeLayers() never takes a directory's time from its children", () => {
  const { tree } = merge([
    layer(directory("d", { mtimeSeconds: 5 })),
    layer(file("d/x", "1", { mtimeSeconds: 100 })),
  ]);
  strictEqual(at(tree.root, "d").mtimeSeconds, 5);
});

Deno.test("mergeLayers() applies the root's own entry", () => {
  const { tree } = merge([layer(directory("", { permissions: 0o1777, uid: 7, mtimeSeconds: 3 }))]);
  deepStrictEqual([tree.root.permissions, tree.root.uid, tree.root.mtimeSeconds], [0o1777, 7, 3]);
});

Deno.test("mergeLayers() gives a missing parent the metadata of the directory the layer removed", () => {
  const { tree } = merge([
    layer(
      directory("d", { permissions: 0o700, uid: 3 }),
      directory("d/e", { permissions: 0o711 }),
      directory("o", { permissions: 0o750 }),
      directory("o/p", { permissions: 0o710 }),
      directory("o/p/q", { permissions: 0o701 }),
    ),
    layer(file("d/e/x", "2"), whiteout("d"), opaque("o"), directory("o/p"), file("o/p/q/x", "2")),
  ], { createdSeconds: 77 });
  strictEqual(at(tree.root, "d").permissions, 0o700);
  strictEqual(at(tree.root, "d").uid, 3);
  strictEqual(at(tree.root, "d/e").permissions, 0o711);
  strictEqual(at(tree.root, "o/p").permissions, 0o755);
  strictEqual(at(tree.root, "o/p/q").permissions, 0o701);
});

Deno.test("mergeLayers() makes other missing parents 0755 root:root at the image's time", () => {
  const { tree } = merge([
    layer(directory("d", { permissions: 0o700 })),
    layer(whiteout("d")),
    layer(file("d/x", "3")),
  ], { createdSeconds: 77 });
  const d = at(tree.root, "d");
  deepStrictEqual([d.permissions, d.uid, d.mtimeSeconds], [0o755, 0, 77]);
});

Deno.test("mergeLayers() keeps metadata of a directory listed only by an opaque mark", () => {
  const { tree } = merge([
    layer(directory("d", { permissions: 0o700 }), file("d/x", "1")),
    layer(opaque("d"), file("d/y", "2")),
  ]);
  strictEqual(at(tree.root, "d").permissions, 0o700);
  deepStrictEqual(lines(tree), ["d/", "d/y = 2"]);
});

Deno.test("mergeLayers() counts links", () => {
  const { tree } = merge([
    layer(file("a", "1"), link("b", "a"), directory("d"), directory("d/e")),
    layer(link("c", "a"), whiteout("b")),
  ]);
  strictEqual(at(tree.root, "a").linkCount, 2);
  strictEqual(tree.root.linkCount, 3);
  strictEqual(at(tree.root, "d").linkCount, 3);
});

Deno.test("mergeLayers() reports each symbolic link among the parents once for each layer", () => {
  const layers: Layers = [
    layer(directory("usr"), symlink("lib", "usr"), symlink("bin", "usr")),
    layer(file("lib/x", "1"), file("lib/y", "1"), directory("bin")),
  ];
  deepStrictEqual(merge(layers).notices.map((n) => [n.code, n.where?.layer, n.where?.path]), [
    ["SYMLINKED_PARENT", "1", "lib"],
    ["DIRECTORY_REPLACED_SYMLINK", "1", "bin"],
  ]);
});

const failures: { name: string; layers: Layers; path: string; message: RegExp }[] = [
  {
    name: "a hard link to nothing",
    layers: [layer(file("a", "1")), layer(file("x", "1"), link("b", "gone"))],
    path: "b",
    message: /Cannot link to "gone": there is no such file/,
  },
  {
    name: "a hard link to a name that the layer has removed before",
    layers: [layer(file("a", "1")), layer(whiteout("a"), link("b", "a"))],
    path: "b",
    message: /no such file/,
  },
  {
    name: "a hard link to a directory",
    layers: [layer(), layer(directory("d"), link("b", "d"))],
    path: "b",
    message: /is a directory/,
  },
  {
    name: "a loop of forward hard links",
    layers: [layer(), layer(directory("x"), link("a", "b"), link("b", "a"))],
    path: "a",
    message: /no such file/,
  },
  {
    name: "a parent that is a file",
    layers: [layer(file("a", "1")), layer(directory("x"), file("a/b", "2"))],
    path: "a/b",
    message: /non-directory "a"/,
  },
  {
    name: "a loop of symbolic links among the parents",
    layers: [layer(symlink("a", "b"), symlink("b", "a")), layer(directory("x"), file("a/x", "2"))],
    path: "a/x",
    message: /more than 255/,
  },
  {
    name: "a root that is no directory",
    layers: [layer(), layer(directory("x"), file("", "1"))],
    path: "",
    message: /its path is the root/,
  },
];

for (const { name, layers, path, message } of failures) {
  Deno.test(`mergeLayers() refuses ${name}, with layer, path and offset`, () => {
    throws(() => merge(layers), (error) => {
      strictEqual(error instanceof ImageError && error.code, "CORRUPT");
      const { where, message: text } = error as ImageError;
      strictEqual(message.test(text), true, text);
      deepStrictEqual(where, { layer: `${layers.length - 1}`, path, offset: 512 });
      return true;
    });
  });
}

Deno.test("mergeLayers() handles a path of 2,000 components", () => {
  const path = Array.from({ length: 2000 }, () => "d").join("/");
  const { tree } = merge([layer(file(`${path}/x`, "1")), layer(whiteout(`${path}/x`))]);
  strictEqual(tree.root.children!.get("d")!.kind, FileKind.directory);
});
