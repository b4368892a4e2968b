import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { ImageError } from "../image_error.ts";
import type { LayerEntry } from "../layer/layer_entry.ts";
import { directory, file, layer, lines, link, symlink } from "./merge_fixture.ts";
import { TreeBuilder } from "./tree_builder.ts";

/** A tree with a merged `/usr`, and something added on top. */
function added(...entries: LayerEntry<string>[]): TreeBuilder<string> {
  const builder = new TreeBuilder<string>({
    symlinkedParents: "replace",
    keepDirlinks: false,
    createdSeconds: 9,
  }, () => {});
  builder.apply(
    layer(
      directory("usr"),
      directory("usr/lib", { uid: 5, permissions: 0o700, mtimeSeconds: 3 }),
      file("usr/lib/old", "old"),
      symlink("lib", "usr/lib"),
      symlink("gone", "nowhere"),
    ),
    "image",
  );
  builder.add(layer(...entries), "added");
  return builder;
}

const IMAGE = ["gone -> nowhere", "lib -> usr/lib", "usr/", "usr/lib/"];

Deno.test("TreeBuilder.add() follows links to directories and keeps directories as they are", () => {
  const { tree } = added(directory(""), directory("lib", { uid: 1 }), file("lib/new", "new"));
  deepStrictEqual(lines(tree), [...IMAGE, "usr/lib/new = new", "usr/lib/old = old"]);
  const lib = tree.root.children!.get("usr")!.children!.get("lib")!;
  deepStrictEqual([lib.uid, lib.permissions, lib.mtimeSeconds], [5, 0o700, 3]);
  strictEqual(tree.root.mtimeSeconds, 9);
});

Deno.test("TreeBuilder.add() replaces files and links, and describes new directories", () => {
  const { tree } = added(
    file("lib/old", "newer"),
    file("gone", "here"),
    file("opt/app", "app"),
    directory("opt", { permissions: 0o711 }),
    link("opt/again", "opt/app"),
    symlink("lib", "/usr/lib"),
  );
  deepStrictEqual(lines(tree), [
    "gone = here",
    "lib -> /usr/lib",
    "opt/",
    "opt/again = app",
    "opt/app = app (same as opt/again)",
    "usr/",
    "usr/lib/",
    "usr/lib/old = newer",
  ]);
  strictEqual(tree.root.children!.get("opt")!.permissions, 0o711);
});

Deno.test("TreeBuilder.add() refuses a file in the place of a directory", () => {
  const wrong = [file("usr", "x"), file("lib", "x"), symlink("usr/lib", "/"), file("", "x")];
  for (const entry of [...wrong, link("usr", "usr/lib/old")]) {
    throws(
      () => added(entry),
      (error) =>
        error instanceof ImageError && error.code === "EXISTS" && error.where.layer === "added",
      entry.path,
    );
  }
});
