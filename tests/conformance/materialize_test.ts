import { deepStrictEqual } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { compareTrees, formatDifference } from "../../src/tree/compare.ts";
import { MountedTree } from "../mounted_tree.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { everyKind } from "./ext4_cases.ts";
import { CAPABILITY_V2, SOME_ACL } from "./ext4_metadata_cases.ts";
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

toolTest("the cases' ACL and capability are what setfacl and setcap make", [
  "root",
  "setfacl",
  "setcap",
], () => {
  const directory = Deno.makeTempDirSync({ prefix: "setfacl_" });
  try {
    writeFileSync(`${directory}/acl`, "", { mode: 0o644 });
    const entries = "u::rw-,u:1000:rwx,u:70000:r--,g::r--,g:50:r-x,m::rwx,o::r--";
    mustRun("setfacl", ["-m", entries, `${directory}/acl`]);
    writeFileSync(`${directory}/capability`, "");
    mustRun("setcap", ["cap_net_raw=ep", `${directory}/capability`]);
    using mounted = new MountedTree(directory);
    const { children } = mounted.tree.root;
    deepStrictEqual(children!.get("acl")!.xattrs, [
      { name: "system.posix_acl_access", value: SOME_ACL },
    ]);
    deepStrictEqual(children!.get("capability")!.xattrs, [
      { name: "security.capability", value: CAPABILITY_V2 },
    ]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
