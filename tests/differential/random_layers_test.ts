import { strictEqual } from "node:assert/strict";
import { rmSync } from "node:fs";
import fc from "fast-check";
import { byteStringFrom } from "../../src/bytes/byte_string.ts";
import { compareTrees, formatDifference } from "../../src/tree/compare.ts";
import { FileKind } from "../../src/tree/inode.ts";
import { walk } from "../../src/tree/file_tree.ts";
import { writeLayout } from "../handmade_layout.ts";
import { MountedTree } from "../mounted_tree.ts";
import { toolTest } from "../tools.ts";
import { type CaseEntry, directory, fifo, file, layerTar, link, symlink } from "./case_entries.ts";
import { convertReference, withOpenedImage } from "./converted_image.ts";
import { UMOCI_UNPACK_NEEDS, withUmociUnpacked } from "./umoci_unpack.ts";

const RUNS = 60;
/** The same layers in every run; other numbers were tried while this was written. */
const SEED = 20260102;

/** What every image starts with. */
const BASE = [
  directory("a"),
  directory("a/a"),
  directory("b"),
  directory("b/b"),
  file("a/b", "1"),
  file("b/a", "2"),
  symlink("c", "a"),
  file("a/a/a", "x"),
  file("b/b/c", "y"),
];
const BASE_FILES = ["a/b", "b/a", "a/a/a", "b/b/c"];

// Few names, so that layers meet often.
const path = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join("/"));
const meta = fc.record({
  mode: fc.constantFrom(0o755, 0o700, 0o1777),
  uid: fc.constantFrom(0, 5),
  mtime: fc.integer({ min: 1, max: 9 }).map((time) => time * 1000),
});
const target = fc.oneof(path, path.map((p) => `/${p}`), path.map((p) => `../${p}`));
const marked = fc.constantFrom("a", "b", "c", "a/c", "b/b", "a/a", ...BASE_FILES);
const entry: fc.Arbitrary<CaseEntry> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(path, fc.nat(99), meta).map(([p, n, m]) => file(p, `${n}`, m)) },
  { weight: 4, arbitrary: fc.tuple(path, meta).map(([p, m]) => directory(p, m)) },
  { weight: 2, arbitrary: fc.tuple(path, target).map(([p, t]) => symlink(p, t)) },
  { weight: 1, arbitrary: path.map((p) => fifo(p)) },
  {
    weight: 2,
    arbitrary: fc.tuple(path, fc.constantFrom("c", ...BASE_FILES)).map(([p, t]) => link(p, t)),
  },
  { weight: 2, arbitrary: marked.map((p) => file(p.replace(/[^/]+$/, ".wh.$&"), "")) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("a", "b", "a/a", "b/b").map((p) => file(`${p}/.wh..wh..opq`, "")),
  },
);
const layers = fc.array(fc.array(entry, { minLength: 1, maxLength: 7 }), {
  minLength: 1,
  maxLength: 4,
}).map((random) => [BASE, ...random.map(arrange)]);

const pathOf = (entry: CaseEntry) => byteStringFrom(entry.path as Uint8Array);
const targetOf = (entry: CaseEntry) => byteStringFrom(entry.target as Uint8Array);
const parentOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf("/")));
const isBelow = (path: string, directory: string) => path.startsWith(`${directory}/`);

/**
 * Makes a layer that tools could write: parents first, nothing below a file, and nothing whose
 * meaning depends on the place of a whiteout in its tar, where umoci goes by that place.
 */
function arrange(entries: readonly CaseEntry[]): CaseEntry[] {
  const isMark = (entry: CaseEntry) => pathOf(entry).includes(".wh.");
  const removed = entries.filter(isMark).map((mark) =>
    pathOf(mark).replace(/\/\.wh\.\.wh\.\.opq$/, "").replace(".wh.", "")
  );
  const isRemoved = (path: string) => removed.some((it) => path === it || isBelow(path, it));
  const files = [
    ...BASE_FILES,
    ...entries.filter((it) => !isMark(it) && it.type !== "5").map(pathOf),
  ];
  const kept: CaseEntry[] = [];
  const order = (a: CaseEntry, b: CaseEntry) => pathOf(a) < pathOf(b) ? -1 : 1;
  for (const entry of entries.toSorted(order)) {
    const path = pathOf(entry);
    if (files.some((it) => isBelow(path, it))) continue;
    const parent = parentOf(path);
    const isListed = kept.some((it) => it.type === "5" && pathOf(it) === parent);
    if (!isMark(entry)) {
      // A directory that is made again inherits from the removed one, as with containerd only.
      if (removed.length > 0 && parent !== "" && !isListed) continue;
      if (entry.type === "1" && isRemoved(targetOf(entry))) continue;
    }
    kept.push(entry);
  }
  return kept;
}

/** Converts and unpacks; answers the differences, or `null` where umoci refuses the layers. */
async function compareWithUmoci(layers: readonly CaseEntry[][]): Promise<string[] | null> {
  const work = Deno.makeTempDirSync({ prefix: "random_layers_" });
  try {
    writeLayout(`${work}/layout`, [{
      tag: "image",
      layers: layers.map((entries) => ({ tar: layerTar(entries) })),
    }]);
    let theirs: MountedTree | null = null;
    const converting = convertReference(`oci:${work}/layout:image`, `${work}/image.ext4`);
    const refusal = await converting.then(() => null, (error) => String(error));
    try {
      return await withUmociUnpacked(`${work}/layout`, "image", (unpacked) => {
        if (refusal !== null) return [`refused, but not by umoci: ${refusal}`];
        theirs = new MountedTree(unpacked);
        return treeDifferences(`${work}/image.ext4`, theirs);
      });
    } catch (error) {
      if (theirs !== null) throw error;
      return null;
    } finally {
      (theirs as MountedTree | null)?.[Symbol.dispose]();
    }
  } finally {
    rmSync(work, { recursive: true });
  }
}

function treeDifferences(image: string, theirs: MountedTree): string[] {
  return withOpenedImage(image, ({ tree, reader }) => {
    const kinds = new Map(Array.from(walk(tree), ({ path, inode }) => [path, inode.kind]));
    const isEmptyDirectory = (path: string) =>
      kinds.get(path) === FileKind.directory &&
      ![...kinds].some(([other, kind]) => isBelow(other, path) && kind !== FileKind.directory);
    const found = compareTrees(
      { tree, reader },
      { tree: theirs.tree, reader: theirs },
      { ignore: ["atime"] },
    );
    return Array.from(found).filter(({ path, what }) => {
      // A whiteout makes the directory it stands in, as with containerd; not so with umoci.
      if (what === "only in a" && isEmptyDirectory(path)) return false;
      // Directories that umoci makes have the time of day.
      const isCount = what === "mtime" || what === "linkCount";
      return !(isCount && kinds.get(path) === FileKind.directory);
    }).map(formatDifference);
  });
}

toolTest("convert() makes of random layers what umoci makes", UMOCI_UNPACK_NEEDS, async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(layers, async (random) => {
      const differences = await compareWithUmoci(random);
      if (differences === null) return;
      compared++;
      const shown = random.map((entries) =>
        entries.map((it) => `${it.type} ${pathOf(it)} ${it.target ? targetOf(it) : ""}`)
      );
      strictEqual(differences.join("\n"), "", JSON.stringify(shown));
    }),
    { numRuns: Number(Deno.env.get("RANDOM_LAYERS_RUNS") ?? RUNS), seed: SEED },
  );
  // Otherwise the test would only see layers that umoci refuses.
  strictEqual(compared > RUNS / 3, true, `only ${compared} could be compared`);
});
