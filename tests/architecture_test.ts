import { deepStrictEqual, ok } from "node:assert/strict";
import {
  foldersInCycles,
  importsOf,
  lineCount,
  LONG_LINES,
  type SourceFile,
  unusedEntries,
  violationsIn,
} from "./architecture_rules.ts";

const ROOT = new URL("..", import.meta.url);

/** All TypeScript files of the project. */
function* sourceFiles(folder = ""): Generator<SourceFile> {
  for (const entry of Deno.readDirSync(new URL(folder, ROOT))) {
    if (entry.name.startsWith(".") || entry.name === "testdata") continue;
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) yield* sourceFiles(`${path}/`);
    else if (entry.name.endsWith(".ts")) {
      yield { path, text: Deno.readTextFileSync(new URL(path, ROOT)) };
    }
  }
}

Deno.test("the sources follow the architecture", () => {
  const files = [...sourceFiles()];
  ok(files.some((file) => file.path === "src/image_error.ts"), "the sources were not found");
  deepStrictEqual(violationsIn(files), []);
});

Deno.test("the table of dependencies allows nothing that nobody needs", () => {
  const files = [...sourceFiles()];
  deepStrictEqual(unusedEntries(files), []);
  const withoutMerge = files.filter(({ path }) => !path.startsWith("src/merge/"));
  deepStrictEqual(unusedEntries(withoutMerge), [
    "merge -> layer",
    "merge -> tree",
    "merge -> bytes",
  ]);
});

Deno.test("no folder needs itself by way of others", () => {
  const files = [...sourceFiles()];
  deepStrictEqual(foldersInCycles(files), []);
  const back = sample("src/bytes/back.ts", 'import "../source/image.ts";');
  deepStrictEqual(foldersInCycles([...files, back]).slice(0, 3), ["bytes", "disk", "format"]);
});

Deno.test("long files are few and known", () => {
  const long = [...sourceFiles()]
    .map((file) => ({ path: file.path, lines: lineCount(file) }))
    .filter(({ lines }) => lines > LONG_LINES)
    .sort((a, b) => b.lines - a.lines);
  // Not a failure: a list to look at.
  for (const { path, lines } of long) console.log(`long file: ${path} (${lines} lines)`);
});

Deno.test("importsOf() finds every form of import and no comment", () => {
  const text = [
    'import { a } from "./a.ts";',
    "import {",
    "  b,",
    '} from "./b.ts";',
    'import type { C } from "./c.ts";',
    'export * from "./d.ts";',
    'export { e } from "./e.ts";',
    'import "./f.ts";',
    'const g = await import("./g.ts");',
    'const h = new Worker(new URL("./h.ts", import.meta.url));',
    ' * import { no } from "./no.ts";',
    '// import "./no.ts";',
  ].join("\n");
  deepStrictEqual(
    importsOf(text),
    ["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => `./${name}.ts`),
  );
});

/** Each sample breaks one rule; the rule must say so, or it guards nothing. */
const BAD_SAMPLES: readonly [SourceFile, string][] = [
  [sample("src/utils.ts", ""), "src/utils.ts: name says nothing"],
  [sample("src/io/fileSink.ts", ""), "src/io/fileSink.ts: name is not snake_case"],
  [sample("src/io/a.ts", "x;\n".repeat(501)), "src/io/a.ts: has 501 lines, expected 500"],
  [sample("src/io/a.ts", "export const enum A {}"), "src/io/a.ts:1: enum"],
  [sample("src/io/a.ts", "export default 1;"), "src/io/a.ts:1: default export"],
  [sample("src/io/a.ts", "class A {\n  private b = 1;\n}"), "src/io/a.ts:2: private keyword"],
  [sample("src/io/a.ts", "let count = 0;"), "src/io/a.ts:1: module state"],
  [sample("src/io/a.ts", 'import { a } from "jsr:@std/a";'), "src/io/a.ts:1: remote import"],
  [sample("src/io/a.ts", "x(); // @ts-ignore: why"), "src/io/a.ts:1: unchecked types"],
  [sample("src/io/a.ts", "// TODO: later"), "src/io/a.ts:1: unfinished work"],
  [sample("src/io/a.ts", "  console.log(1);"), "src/io/a.ts:1: console outside cli"],
  [sample("src/io/a.ts", "  Deno.exit(1);"), "src/io/a.ts:1: exit outside cli"],
  [sample("src/merge/a.ts", "  Deno.openSync(x);"), "src/merge/a.ts:1: system access"],
  [sample("src/tree/a.ts", 'import fs from "node:fs";'), "src/tree/a.ts:1: system access"],
  [
    sample("src/merge/a.ts", 'name.startsWith(".wh.")'),
    "src/merge/a.ts:1: whiteout name outside layer",
  ],
  [
    sample("src/layer/a.ts", 'name === "trusted.overlay.opaque"'),
    "src/layer/a.ts:1: overlay marker outside its reader",
  ],
  [
    sample("src/io/a.ts", 'import { run } from "@optique/run";'),
    "src/io/a.ts:1: command line library outside cli",
  ],
  [sample("src/io/a.ts", 'import "../tree/inode.ts";'), "src/io/a.ts: imports src/tree/inode.ts"],
  [
    sample("src/format/ext4/a.ts", 'import { b } from "../squashfs/b.ts";'),
    "src/format/ext4/a.ts: imports src/format/squashfs/b.ts",
  ],
  [
    sample("src/format/ext4/a.ts", 'import { b } from "../../layer/b.ts";'),
    "src/format/ext4/a.ts: imports src/layer/b.ts",
  ],
  [
    sample("src/convert/a.ts", 'import { b } from "../format/ext4/plan.ts";'),
    "src/convert/a.ts: imports src/format/ext4/plan.ts",
  ],
  [
    sample("src/merge/a.ts", 'import { b } from "../source/b.ts";'),
    "src/merge/a.ts: imports src/source/b.ts",
  ],
  [
    sample("src/io/a.ts", 'const b = await import("./b_test.ts");'),
    "src/io/a.ts: imports src/io/b_test.ts, which is not part of the program",
  ],
  [sample("src/new/a.ts", ""), "src/new/a.ts: folder new is not in the table of dependencies"],
];

function sample(path: string, text: string): SourceFile {
  return { path, text };
}

Deno.test("every rule of the architecture can fail", async (t) => {
  for (const [file, violation] of BAD_SAMPLES) {
    await t.step(violation, () => deepStrictEqual(violationsIn([file]).slice(0, 1), [violation]));
  }
});

Deno.test("the rules of the architecture let good code pass", () => {
  const good = [
    sample("src/format/ext4/a.ts", 'import { Inode } from "../../tree/inode.ts";'),
    sample("src/format/formats.ts", 'const f = await import("./ext4/format.ts");'),
    sample("src/convert/a.ts", 'import { ext4 } from "../format/ext4/format.ts";'),
    sample("src/layer/tar/a.ts", 'const WHITEOUT = ".wh.";'),
    sample("src/merge/a.ts", " * Deno.openSync() and `.wh.` in a comment"),
    sample("src/merge/a_test.ts", 'import { x } from "../format/ext4/plan.ts";'),
    sample("src/cli/main.ts", "  console.error(1);\n  Deno.exit(1);"),
    sample("src/bytes/a.ts", 'import { ImageError } from "../image_error.ts";'),
  ];
  deepStrictEqual(violationsIn(good), []);
});
