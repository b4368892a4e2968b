import { deepStrictEqual } from "node:assert/strict";
import { compareTrees, formatDifference } from "../../src/tree/compare.ts";
import { MountedTree } from "../mounted_tree.ts";
import { toolTest } from "../tools.ts";
import { everyKind } from "./ext4_cases.ts";
import { generatedReader } from "./generated_content.ts";
import { materialize } from "./materialize.ts";

toolTest("materialize() makes exactly the tree", ["root"], () => {
  const directory = Deno.makeTempDirSync({ prefix: "materialize_" });
  try {
    const tree = everyKind();
    materialize(tree, directory);
    using mounted = new MountedTree(directory);
    const differences = compareTrees(
      { tree, reader: generatedReader },
      { tree: mounted.tree, reader: mounted },
      { ignore: ["atime"] },
    );
    deepStrictEqual([...differences].map(formatDifference), []);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
