import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { ImageError } from "../image_error.ts";
import type { LayerEntry } from "../layer/layer_entry.ts";
import { walk } from "../tree/file_tree.ts";
import { FileKind } from "../tree/inode.ts";
import { mergeLayers } from "./merge.ts";
import { directory, file, layer, link, opaque, symlink, whiteout } from "./merge_fixture.ts";
import { naiveMerge } from "./naive_model.ts";
import { Shadow } from "./shadow.ts";

// Few names, so that layers meet often.
const path = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join("/"));
const permissions = fc.constantFrom(0o700, 0o750, 0o711);
const target = fc.oneof(path, path.map((p) => `/${p}`), path.map((p) => `../${p}`));
const content = fc.nat(99).map(String);
const RUNS = 10_000;

// Plain data: a merge takes the inodes of its entries over, so they are made anew for each use.
interface Recipe {
  op: keyof typeof makers;
  path: string;
  argument: string | number;
}
const makers = {
  file: ({ path, argument }: Recipe) => file(path, `${argument}`),
  directory: ({ path, argument }: Recipe) => directory(path, { permissions: argument as number }),
  whiteout: ({ path }: Recipe) => whiteout(path),
  opaque: ({ path }: Recipe) => opaque(path),
  link: ({ path, argument }: Recipe) => link(path, `${argument}`),
  symlink: ({ path, argument }: Recipe) => symlink(path, `${argument}`),
};
const recipe = (
  op: Recipe["op"],
  argument: fc.Arbitrary<string | number>,
  weight: number,
) => ({ weight, arbitrary: fc.record({ op: fc.constant(op), path, argument }) });
const plainRecipe = fc.oneof(
  recipe("file", content, 4),
  recipe("directory", permissions, 6),
  recipe("whiteout", fc.constant(0), 2),
  recipe("opaque", fc.constant(0), 1),
  recipe("link", path, 1),
);
const anyRecipe = fc.oneof({ weight: 6, arbitrary: plainRecipe }, recipe("symlink", target, 1));
const layersOf = (entry: fc.Arbitrary<Recipe>) =>
  fc.array(fc.array(entry, { maxLength: 7 }), { maxLength: 4 });
const build = (recipes: Recipe[][]) =>
  recipes.map((entries) => layer(...entries.map((entry) => makers[entry.op](entry))));

interface Line {
  path: string;
  kind: FileKind;
  text: string;
  permissions: number;
  sameAs: string;
}

function describe(
  files: Iterable<[string, { id: object; kind: FileKind; text: string; permissions: number }]>,
): Line[] {
  const first = new Map<object, string>();
  return [...files].sort(([a], [b]) => a < b ? -1 : 1).map(([path, f]) => {
    if (f.kind !== FileKind.directory && !first.has(f.id)) first.set(f.id, path);
    const { kind, text, permissions } = f;
    return { path, kind, text, permissions, sameAs: first.get(f.id) ?? path };
  });
}

function real(layers: LayerEntry<string>[][]): Line[] | "error" {
  try {
    const { tree } = mergeLayers(layers.map((entries, i) => ({ name: `${i}`, entries })));
    const files = [...walk(tree)].filter((entry) => entry.path !== "").map((
      { path, inode },
    ): [string, { id: object; kind: FileKind; text: string; permissions: number }] => [path, {
      id: inode,
      kind: inode.kind,
      text: inode.content ?? inode.target,
      permissions: inode.permissions,
    }]);
    return describe(files);
  } catch (error) {
    if (!(error instanceof ImageError) || error.where.layer === undefined) throw error;
    return "error";
  }
}

function model(layers: LayerEntry<string>[][]): Line[] | "error" {
  try {
    return describe(naiveMerge(layers));
  } catch {
    return "error";
  }
}

Deno.test("mergeLayers() equals a naive model on random layers", () => {
  let merged = 0;
  fc.assert(
    fc.property(layersOf(plainRecipe), (recipe) => {
      const result = real(build(recipe));
      if (result !== "error") merged++;
      deepStrictEqual(result, model(build(recipe)));
    }),
    { numRuns: RUNS },
  );
  // Otherwise the test would only compare errors.
  strictEqual(merged > RUNS / 4, true, `only ${merged} of ${RUNS} could be merged`);
});

Deno.test("mergeLayers() equals a naive model on random layers with symbolic links", () => {
  fc.assert(
    fc.property(layersOf(anyRecipe), (recipe) => {
      deepStrictEqual(real(build(recipe)), model(build(recipe)));
    }),
    { numRuns: RUNS },
  );
});

Deno.test("Shadow.hides() never hides a living file where no symbolic links are", () => {
  let hidden = 0;
  fc.assert(
    fc.property(layersOf(plainRecipe), (recipe) => {
      const layers = build(recipe);
      const shadow = new Shadow();
      const dead = new Set<object>();
      for (const [i, entries] of layers.toReversed().entries()) {
        const layerShadow = shadow.layer(layers.length - 1 - i);
        for (const entry of entries) {
          layerShadow.add(entry);
          if (entry.inode?.kind === FileKind.regular && layerShadow.hides(entry.path)) {
            dead.add(entry.inode);
          }
        }
      }
      hidden += dead.size;
      const named = new Set(
        layers.flat().filter((e) => e.kind === "hardlink").map((e) => e.target),
      );
      try {
        const { tree } = mergeLayers(layers.map((entries, i) => ({ name: `${i}`, entries })));
        for (const { path, inode } of walk(tree)) {
          // A link to a link of a file is found by reading its layer again; see convert.
          if (!dead.has(inode)) continue;
          strictEqual(named.size > 0, true, `${path} is alive`);
        }
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
      }
    }),
    { numRuns: RUNS },
  );
  strictEqual(hidden > RUNS / 20, true, `only ${hidden} files were hidden`);
});
