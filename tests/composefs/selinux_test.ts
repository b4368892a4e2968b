/**
 * Labels of random policies against those that libselinux finds.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { labelTree } from "../../src/composefs/selinux/label_tree.ts";
import { labelOf, policyFiles, policyTree } from "../../src/composefs/selinux/policy_fixture.ts";
import { readPolicy } from "../../src/composefs/selinux/policy_files.ts";
import { ObjectReader } from "../../src/composefs/image/object_reader.ts";
import { eachDirectory, walk } from "../../src/tree/file_tree.ts";
import { FileKind, Inode } from "../../src/tree/inode.ts";
import { withDirectory } from "../e2e/cli_process.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";

/** Kinds of files as `matchpathcon -m` and rules have them. */
const KINDS: readonly (readonly [FileKind, string, string])[] = [
  [FileKind.regular, "file", "--"],
  [FileKind.directory, "dir", "-d"],
  [FileKind.characterDevice, "chr_file", "-c"],
  [FileKind.blockDevice, "blk_file", "-b"],
  [FileKind.fifo, "pipe", "-p"],
  [FileKind.socket, "sock_file", "-s"],
  [FileKind.symlink, "lnk_file", "-l"],
];

// No letter of these is one that stands for a kind: what a pattern asks to follow cannot be it.
const NAMES = ["x", "y", "xy", "yx", "x.", "xyx", "0", "x0", "0y"];

/** What follows the first name of a pattern. */
const arbitraryRest = fc.letrec<{ rest: string; part: string; atom: string }>((tie) => ({
  rest: fc.array(tie("part"), { maxLength: 5 }).map((parts) => parts.join("")),
  // A slash that is repeated would not part names for libselinux, which looks at the first one alone.
  part: fc.oneof(
    fc.constant("/"),
    fc.tuple(tie("atom"), fc.constantFrom("", "", "", "*", "+", "?", "*?", "{2}", "{1,}"))
      .map(([atom, count]) => atom + count),
  ),
  atom: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom("x", "y", "0", "\\.", ".", "\\d", "[xy]", "[^/]", "[^x]", "[0-9.]"),
    fc.constantFrom("[[:alpha:]]", "(/.*)", "(x|y)", "(xy|0|)"),
    fc.tuple(tie("rest"), tie("rest")).map(([a, b]) => `(${a}|${b})`),
    // What is asked for ends in a byte that no letter of a kind is.
    fc.tuple(fc.constantFrom("=", "!"), tie("rest"), fc.constantFrom("x", "y", "0"))
      .map(([sign, rest, last]) => `(?${sign}${rest}${last})`),
  ),
}));

const arbitraryRule = fc.record({
  pattern: fc.tuple(
    fc.constantFrom("/", ...NAMES.map((name) => `/${name}`)),
    arbitraryRest.rest,
    fc.constantFrom("", "", ".*", "(/.*)?", "/[^/]+"),
  ).map(([first, rest, last]) =>
    (first.replaceAll(".", "\\.") + rest + last).replace(/^\/\/+/, "/x/")
      // libselinux takes a first name with a backslash and nothing else that is special as it stands.
      .replace(/^\/[^/]*\//, (start) => start.replaceAll("\\d", "[0-9]"))
  ),
  kind: fc.constantFrom("", "", "", ...KINDS.map(([, , letter]) => letter)),
  isNone: fc.integer({ max: 9, min: 0 }).map((n) => n === 0),
});

/** Whether libselinux takes a pattern for a plain path, which it asks last of all. */
function isPlain(pattern: string): boolean {
  return !/[.^$?*+|[({]/.test(pattern.replace(/\\./g, ""));
}

/** A tree with every path of up to three of the names, `FileKind.directory` above. */
function treeOf(kind: FileKind) {
  const tree = policyTree("", {});
  for (let depth = 0; depth < 3; depth++) {
    const open: Inode[] = [];
    eachDirectory(tree, (directory) => {
      if (directory.children!.size === 0) open.push(directory);
    });
    for (const directory of open) {
      for (const name of depth === 2 ? NAMES.slice(0, 5) : NAMES) {
        const child = new Inode(depth === 2 ? kind : FileKind.directory, 0o644);
        directory.children!.set(name, child);
      }
    }
  }
  return tree;
}

toolTest("labels of random policies are those of libselinux", ["matchpathcon"], async () => {
  let labelled = 0;
  await withDirectory((directory) => {
    fc.assert(
      fc.property(
        fc.array(arbitraryRule, { minLength: 1, maxLength: 30 }),
        fc.constantFrom(...KINDS),
        fc.constantFrom("", "/0 /x\n", "/x/y /y\n"),
        (rules, [kind, type], aliases) => {
          const isLast = rules.map(({ pattern }) => isPlain(pattern));
          const ordered = [false, true].flatMap((last) =>
            rules.filter((_, i) => isLast[i] === last)
          );
          const text = ordered.map(({ pattern, kind, isNone }, i) =>
            `${pattern}\t${kind}\t${isNone ? "<<none>>" : `u:r:rule${i}_t:s0`}\n`
          ).join("");
          const policy = readPolicy(
            policyTree("", policyFiles({ "": text, ".subs": aliases })),
            new ObjectReader(null),
          )!;
          const tree = treeOf(kind);
          labelTree(tree, policy);
          const file = join(directory, "contexts");
          writeFileSync(file, text);
          writeFileSync(`${file}.subs`, aliases);
          const ours: string[] = [];
          for (const { path, inode } of walk(tree)) {
            if (inode.kind !== kind) continue;
            const label = labelOf(inode);
            if (label !== null) labelled++;
            ours.push(`/${path}\t${label ?? "<<none>>"}`);
          }
          const paths = ours.map((line) => line.slice(0, line.indexOf("\t")));
          const theirs = mustRun("matchpathcon", ["-N", "-m", type, "-f", file, ...paths]);
          deepStrictEqual(ours, theirs.trimEnd().split("\n"), text);
        },
      ),
      { numRuns: 100 },
    );
  });
  ok(labelled > 300, `${labelled} labels`);
});
