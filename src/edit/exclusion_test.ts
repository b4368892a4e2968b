import { deepStrictEqual, throws } from "node:assert/strict";
import { directory, file, layer, lines, link } from "../merge/merge_fixture.ts";
import { mergeLayers } from "../merge/merge.ts";
import { Exclusion } from "./exclusion.ts";

const ENTRIES = layer(
  directory("a"),
  file("a/x.pyc", "1"),
  file("a/.hidden", "2"),
  directory("a/cache"),
  file("a/cache/one", "3"),
  directory("a/cache/two"),
  file("a/cache/two/x.pyc", "4"),
  file("cache", "5"),
  file("b\xe9", "6"),
  file("caf\xc3\xa9", "7"),
  link("linked", "a/x.pyc"),
);

/** What is left of the tree. */
function left(...patterns: string[]): string[] {
  const { tree } = mergeLayers([{ name: "0", entries: ENTRIES }]);
  new Exclusion(patterns).apply(tree);
  return lines(tree).map((line) => line.split(" ")[0]);
}

const ALL = left();
const without = (...names: string[]) => ALL.filter((it) => !names.includes(it));

Deno.test("Exclusion takes out what a name matches, anywhere", () => {
  deepStrictEqual(left("*.pyc"), without("a/x.pyc", "a/cache/two/x.pyc"));
  deepStrictEqual(left(".*"), without("a/.hidden"));
  const below = ["a/cache/", "a/cache/one", "a/cache/two/", "a/cache/two/x.pyc"];
  deepStrictEqual(left("cache"), without("cache", ...below));
  deepStrictEqual(left("cache/"), without(...below));
});

Deno.test("Exclusion takes out what a path matches, from the root", () => {
  deepStrictEqual(left("/cache"), without("cache"));
  deepStrictEqual(left("a/*.pyc"), without("a/x.pyc"));
  deepStrictEqual(
    left("a/cache/**"),
    without("a/cache/one", "a/cache/two/", "a/cache/two/x.pyc"),
  );
  deepStrictEqual(left("**/two/x.pyc"), without("a/cache/two/x.pyc"));
  deepStrictEqual(
    left("/a/{.hidden,cache}/"),
    without(
      "a/cache/",
      "a/cache/one",
      "a/cache/two/",
      "a/cache/two/x.pyc",
    ),
  );
  deepStrictEqual(left("a/*"), ALL.filter((it) => !/^a\/./.test(it)));
  deepStrictEqual(left("nothing/*", "!a"), ALL);
});

Deno.test("Exclusion counts characters where a name is UTF-8, and knows bytes that are not", () => {
  deepStrictEqual(left("caf?"), without("caf\xc3\xa9"));
  deepStrictEqual(left("café"), without("caf\xc3\xa9"));
  deepStrictEqual(left("bé"), ALL);
  deepStrictEqual(left("b?"), without("b\xe9"));
});

Deno.test("Exclusion.covers() says by the path alone what will be taken out", () => {
  const exclusion = new Exclusion(["cache/", "*.pyc"]);
  const paths = ["a/x.pyc", "a/cache/one", "cache", "a/one", "a/cache"];
  deepStrictEqual(paths.map((path) => exclusion.covers(path)), [true, true, false, false, false]);
});

Deno.test("Exclusion refuses a pattern that names the root", () => {
  for (const pattern of ["", "/", "//"]) throws(() => new Exclusion([pattern]), TypeError);
});
