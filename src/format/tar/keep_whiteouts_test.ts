import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { bytesOf, byteStringFrom } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { memorySink } from "../../io/memory_sink.ts";
import type { LayerEntry } from "../../layer/layer_entry.ts";
import { TarParser } from "../../layer/tar/tar_parser.ts";
import { AnyBase } from "../../merge/any_base.ts";
import { mergeLayers } from "../../merge/merge.ts";
import {
  directory,
  file,
  layer,
  lines,
  link,
  opaque,
  symlink,
  whiteout,
} from "../../merge/merge_fixture.ts";
import { TreeBuilder } from "../../merge/tree_builder.ts";
import { countLinks, type FileTree, walk } from "../../tree/file_tree.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import type { SpooledContent } from "../spool.ts";
import { tar } from "./format.ts";

type Layers = LayerEntry<string>[][];

/** The layers as one tree with marks. */
function squashed(layers: Layers): FileTree<string> {
  const builder = new TreeBuilder<string>(
    { symlinkedParents: "follow", keepDirlinks: false, createdSeconds: 0 },
    () => {},
  );
  const base = new AnyBase(builder);
  layers.forEach((entries, i) => base.apply(entries, `${i}`));
  const marks = base.settle();
  countLinks(builder.tree);
  return { root: builder.tree.root, marks };
}

/** A tree as a tar layer; takes the tree over. */
async function archiveOf(tree: FileTree<string>): Promise<Uint8Array> {
  const sink = memorySink();
  const output = sink.open();
  const writer = tar({ keepWhiteouts: true }).createWriter(output, {
    identity: () => "",
    createdSeconds: 0,
    expectedBytes: 0,
    onNotice: () => {},
  });
  const placed = new Set<Inode>();
  for (const { inode } of walk(tree)) {
    if (typeof inode.content !== "string" || placed.has(inode)) continue;
    placed.add(inode);
    const body = writer.beginFile(inode.size);
    body.write(bytesOf(inode.content));
    (inode as unknown as Inode<SpooledContent>).content = body.end();
  }
  await writer.finish(tree as unknown as FileTree<SpooledContent>);
  writer.close!();
  output.commit();
  return sink.bytes;
}

/** The entries of an archive. */
function entriesOf(archive: Uint8Array): LayerEntry<string>[] {
  const entries: LayerEntry<string>[] = [];
  const parser = new TarParser({
    entry(entry) {
      const ours = entry as LayerEntry<string>;
      entries.push(ours);
      if (ours.inode?.kind === FileKind.regular) ours.inode.content = "";
      return true;
    },
    write: (bytes) => void (entries.at(-1)!.inode!.content += byteStringFrom(bytes)),
    skip() {},
    end() {},
  });
  parser.push(archive);
  parser.finish();
  return entries;
}

const merged = (layers: Layers): FileTree<string> =>
  mergeLayers(layers.map((entries, i) => ({ name: `${i}`, entries }))).tree;

function described(tree: FileTree<string>): string[] {
  const permissions = [...walk(tree)].map(({ path, inode }) =>
    `${path} 0${inode.permissions.toString(8)}`
  );
  return [...lines(tree), ...permissions];
}

const names = async (...layers: Layers) =>
  entriesOf(await archiveOf(squashed(layers))).map(({ kind, path }) => `${kind} ${path}`);

Deno.test("keepWhiteouts keeps what layers delete of a base", async () => {
  deepStrictEqual(
    await names(
      layer(directory("etc"), file("etc/a", "1"), whiteout("gone"), opaque("var/cache")),
      layer(whiteout("etc/a"), file("usr/lib/b", "2"), file("etc/.wh", "3")),
    ),
    [
      "whiteout gone",
      "node etc",
      "whiteout etc/a",
      "node etc/.wh",
      "node usr/lib/b",
      "opaque var/cache",
    ],
  );
});

Deno.test("keepWhiteouts hides a base behind what took its place", async () => {
  deepStrictEqual(
    await names(
      layer(file("a", "1"), whiteout("c"), file("c/x", "2")),
      layer(directory("a"), whiteout("b")),
      layer(directory("b")),
    ),
    ["whiteout c", "node a", "opaque a", "node b", "opaque b", "opaque c", "node c/x"],
  );
});

Deno.test("keepWhiteouts follows links of older layers", async () => {
  deepStrictEqual(
    await names(layer(symlink("lib", "usr/lib")), layer(file("lib/x", "1"), whiteout("lib/y"))),
    ["node lib", "whiteout usr/lib/y", "node usr/lib/x"],
  );
});

Deno.test("keepWhiteouts refuses links to the base, and names that mean whiteouts", async () => {
  const isUnsupported = (error: unknown) =>
    error instanceof ImageError && error.code === "UNSUPPORTED";
  await rejects(names(layer(link("b", "a"))), isUnsupported);
  await rejects(names(layer(link("b", "a"), file("a", "1"))), isUnsupported);
  await rejects(names(layer(file("d/.wh.x", "1"))), isUnsupported);
  await rejects(names(layer(directory(".wh..wh.plnk"))), isUnsupported);
});

// Few names, so that layers and base meet often.
const path = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join("/"));
const target = fc.oneof(path.map((it) => `/${it}`), path);
const makers = {
  file: (at: string, n: number) => file(at, `${n}`),
  directory: (at: string, n: number) => directory(at, { permissions: 0o700 + n }),
  whiteout,
  opaque,
  link: (at: string, _: number, to: string) => link(at, to),
  symlink: (at: string, _: number, to: string) => symlink(at, to),
};
interface Recipe {
  op: keyof typeof makers;
  path: string;
  n: number;
  target: string;
}
const recipe = (...ops: (keyof typeof makers)[]): fc.Arbitrary<Recipe> =>
  fc.record({ op: fc.constantFrom(...ops), path, n: fc.integer({ min: 1, max: 60 }), target });
const build = (recipes: Recipe[]) =>
  layer(...recipes.map(({ op, path, n, target }) => makers[op](path, n, target)));

const inLayer = recipe("file", "file", "directory", "directory", "whiteout", "whiteout", "opaque");
const withLinks = fc.oneof({ weight: 8, arbitrary: inLayer }, recipe("link", "symlink"));
// Where links of the base lead nobody knows.
const inBase = recipe("file", "directory", "directory");

const isBelow = (path: string, other: string) => `${path}/`.startsWith(`${other}/`);
const isMark = ({ op }: Recipe) => op === "whiteout" || op === "opaque";

/**
 * What cannot be told without the base: where symbolic links lead past the marks of their own layer,
 * marks behind links, and marks below a file, which make no directory there.
 */
function isBaseDependent(base: Recipe[], layers: Recipe[][]): boolean {
  const isSymlink = ({ op }: Recipe) => op === "symlink";
  const isLink = (it: Recipe) => isSymlink(it) || it.op === "link";
  const files = base.filter(({ op }) => op === "file");
  const links = layers.flat().filter(isLink);
  const isUnder = (others: Recipe[]) => (mark: Recipe) =>
    isMark(mark) && others.some(({ path }) => isBelow(mark.path, path));
  return layers.some((entries) => entries.some(isMark) && entries.some(isSymlink)) ||
    layers.flat().some(isUnder(files)) ||
    layers.flat().some(isUnder(links));
}

for (const [what, entry] of [["", inLayer], [" with links", withLinks]] as const) {
  Deno.test(`layers squashed into one do to any base what they do one by one${what}`, async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(inBase, { maxLength: 8 }),
        fc.array(fc.array(entry, { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
        async (base, layers) => {
          const make = () => [build(base), ...layers.map(build)];
          let expected: string[];
          let archive: Uint8Array;
          try {
            expected = described(merged(make()));
            archive = await archiveOf(squashed(make().slice(1)));
          } catch (error) {
            // Layers that do not fit the base, or that only a base can explain.
            if (error instanceof ImageError) return;
            throw error;
          }
          if (isBaseDependent(base, layers)) return;
          const found = described(merged([build(base), entriesOf(archive)]));
          deepStrictEqual(found, expected);
          compared++;
        },
      ),
      { numRuns: 3000 },
    );
    strictEqual(compared > 200, true, `only ${compared} could be compared`);
  });
}
