import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { chooseFeatures, featureBits } from "./feature_choice.ts";

Deno.test("chooseFeatures() starts from the defaults of mke2fs 1.47", () => {
  const { names, onDemand } = chooseFeatures(undefined, false, undefined);
  // The words of `mke2fs -t ext4 -O ^has_journal`, from dumpe2fs.
  deepStrictEqual(featureBits(names), { compat: 0x38, incompat: 0x2c2, roCompat: 0x46b });
  deepStrictEqual(onDemand, ["ea_inode", "large_dir"]);
});

Deno.test("chooseFeatures() leaves out what an old kernel cannot read", () => {
  const has = (compat: string, name: string) => {
    const { names, onDemand } = chooseFeatures(compat, false, undefined);
    return names.includes(name) || onDemand.includes(name);
  };
  deepStrictEqual(
    ["3.10", "3.18", "4.12.3", "4.13", "5.4", "6.1"].map((
      compat,
    ) => [has(compat, "metadata_csum"), has(compat, "uninit_bg"), has(compat, "ea_inode")]),
    [
      [false, true, false],
      [true, false, false],
      [true, false, false],
      [true, false, true],
      [true, false, true],
      [true, false, true],
    ],
  );
  for (const compat of ["", "4", "new", "2.4", "-1.0"]) {
    throws(() => chooseFeatures(compat, false, undefined), RangeError);
  }
});

Deno.test("chooseFeatures() follows the user's changes in order", () => {
  const has = (changes: string, name: string) =>
    chooseFeatures(undefined, false, changes).names.includes(name);
  strictEqual(has("-64bit", "64bit"), false);
  strictEqual(has("^64bit,+64bit", "64bit"), true);
  strictEqual(has("read-only", "read-only"), true);
  strictEqual(has("uninit_bg", "metadata_csum"), false);
  strictEqual(has("+ea_inode", "ea_inode"), true);
  deepStrictEqual(chooseFeatures(undefined, false, "-ea_inode").onDemand, ["large_dir"]);
  for (const changes of ["flex_bg", "-extent", "nonsense", "-metadata_csum,metadata_csum_seed"]) {
    throws(() => chooseFeatures(undefined, false, changes), RangeError, changes);
  }
});
