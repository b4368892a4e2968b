import { deepStrictEqual, throws } from "node:assert/strict";
import { mergeNames } from "./merged_names.ts";

/** The names that are left, with where they are looked for. */
function rangesOf(...listed: string[][]) {
  const { names, rangeOf } = mergeNames(listed);
  return names.map((name) => {
    const { start, end } = rangeOf(name);
    return [name, start, end];
  });
}

Deno.test("mergeNames() sorts, and says where a name is first", () => {
  deepStrictEqual(rangesOf(["b", "a"], ["c", "b"], ["\xff", "A"]), [
    ["A", 2, 3],
    ["a", 0, 3],
    ["b", 0, 3],
    ["c", 1, 3],
    ["\xff", 2, 3],
  ]);
});

Deno.test("mergeNames() takes whiteouts that are names for older directories alone", () => {
  deepStrictEqual(rangesOf(["x"], [".wh.x", ".wh.y", "y"], ["x", "y", "z"]), [
    ["x", 0, 2],
    ["y", 1, 2],
    ["z", 2, 3],
  ]);
  // The newest whiteout counts.
  deepStrictEqual(rangesOf([".wh.x"], ["x"], [".wh.x"], ["x"]), [["x", 1, 1]]);
});

Deno.test("mergeNames() stops below a directory that is opaque by a name", () => {
  deepStrictEqual(rangesOf(["a"], ["b", ".wh..wh..opq", "c"], ["d", "a"]), [
    ["a", 0, 2],
    ["b", 1, 2],
    ["c", 1, 2],
  ]);
});

Deno.test("mergeNames() ignores what aufs keeps for itself, and refuses a whiteout of nothing", () => {
  deepStrictEqual(rangesOf([".wh..wh.plnk", "a"]), [["a", 0, 1]]);
  throws(() => mergeNames([[".wh."]]), { code: "CORRUPT" });
});
