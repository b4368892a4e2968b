import { strictEqual, throws } from "node:assert/strict";
import { NameCount } from "../tree/name_count.ts";
import { directory, file, layer } from "./merge_fixture.ts";
import { TreeBuilder } from "./tree_builder.ts";

const OPTIONS = { symlinkedParents: "follow", keepDirlinks: false, createdSeconds: 0 } as const;

Deno.test("TreeBuilder refuses more names than a tree may have, and names the layer", () => {
  const build = (max: number) => {
    const builder = new TreeBuilder<string>(OPTIONS, () => {}, new NameCount(max));
    builder.apply(layer(directory("a"), file("a/b", "1"), file("a/b", "2")), "first");
    // "d" is made without an entry of its own.
    builder.apply(layer(file("a/b", "3"), file("d/e", "4")), "second");
    return builder.tree;
  };
  strictEqual(build(4).root.children!.size, 2);
  throws(() => build(3), (error: { code: string; where: { layer: string; path: string } }) => {
    strictEqual(error.code, "LIMIT_EXCEEDED");
    strictEqual(error.where.layer, "second");
    strictEqual(error.where.path, "d/e");
    return true;
  });
});
