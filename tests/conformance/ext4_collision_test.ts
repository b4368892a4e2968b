/**
 * Names of equal hashes that stand in two leaves of an index: the second leaf says so in the
 * lowest bit of its hash, and the kernel looks into both.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { ext4 } from "../../src/format/ext4/format.ts";
import { DirectoryHasher } from "../../src/format/ext4/directory_hash.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { everyKind } from "./ext4_cases.ts";
import { ext4Expectation } from "./ext4_expectation.ts";
import { JUDGES } from "./judges.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

const HASH_SEED = "01234567-89ab-cdef-0123-456789abcdef";
/** Three such names fill a block of 1024 bytes. */
const NAME_LENGTH = 250;

/** Names by their hash, only of hashes that several names have. */
function collidingNames(): string[] {
  const hasher = new DirectoryHasher(Uint8Array.fromHex(HASH_SEED.replaceAll("-", "")));
  const byHash = new Map<number, string>();
  const names = new Set<string>();
  for (let i = 0; i < 250_000; i++) {
    const name = `${i}`.padEnd(NAME_LENGTH, "-");
    const hash = hasher.hash(name);
    const other = byHash.get(hash);
    if (other === undefined) byHash.set(hash, name);
    else names.add(other).add(name);
  }
  return [...names];
}

const NEEDS = ["debugfs", "e2fsck", "mount:ext4"];
toolTest("ext4 finds names of equal hashes in two leaves", NEEDS, async () => {
  const colliding = collidingNames();
  ok(colliding.length >= 6, `${colliding.length} names`);
  const tree = new CaseTree().directory("d");
  for (const name of colliding) tree.file(`d/${name}`);
  for (let i = 0; i < 200; i++) tree.file(`d/${`other ${i}`.padEnd(NAME_LENGTH, "-")}`);
  await withImageFile(async (image) => {
    const format = ext4({ blockSize: 1024, hashSeed: HASH_SEED });
    await writeTree(format, tree.finish(), plainSink(image));
    const index = mustRun("debugfs", ["-R", "htree_dump /d", image]);
    const continued = index.match(/^Entry #\d+: Hash 0x[0-9a-f]*[13579bdf] /gm) ?? [];
    ok(continued.length > 0, index.slice(0, 2000));
    const expected = ext4Expectation({ name: "", build: everyKind }, tree.tree);
    for (const judge of JUDGES) deepStrictEqual(judge.judge(image, expected), [], judge.name);
  });
});
