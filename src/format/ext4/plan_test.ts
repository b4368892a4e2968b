import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { backupGroups, Geometry } from "./geometry.ts";
import { blocksForSize, type Plan, planForFree, type PlanInput, plansForSize } from "./plan.ts";

function input(geometry: Geometry, changes: Partial<PlanInput> = {}): PlanInput {
  return {
    geometry,
    gapBlocks: 256,
    hasResizeInode: true,
    dataEnd: geometry.groupStart(0),
    dataBlocks: 0,
    metadataBlocks: 5,
    lastInode: 11,
    inodes: { least: 0, ratio: 16384 },
    reservedPercent: 0,
    ...changes,
  };
}

function lastGroupBlocks(geometry: Geometry, plan: Plan): number {
  return plan.blocksCount - geometry.groupStart(plan.groups - 1);
}

const geometries = [1024, 2048, 4096].flatMap((blockSize) =>
  [128, 256, 512].flatMap((inodeSize) =>
    [32, 64].map((descriptorSize) => new Geometry(blockSize, inodeSize, descriptorSize))
  )
);

Deno.test("planForFree() gives a filesystem that holds all, and no smaller one does", () => {
  const property = fc.property(
    fc.constantFrom(...geometries),
    fc.integer({ min: 0, max: 2_000_000 }),
    fc.integer({ min: 1, max: 100_000 }),
    fc.integer({ min: 11, max: 3_000_000 }),
    fc.integer({ min: 0, max: 5_000_000 }),
    fc.constantFrom(0, 5, 50),
    (geometry, dataBlocks, metadataBlocks, lastInode, free, reservedPercent) => {
      const dataEnd = geometry.groupStart(0) + dataBlocks;
      const wish = input(geometry, {
        dataBlocks,
        dataEnd,
        metadataBlocks,
        lastInode,
        reservedPercent,
      });
      const plan = planForFree(wish, free);
      const used = dataBlocks + metadataBlocks + plan.overheadBlocks + geometry.firstDataBlock;
      const reserved = Math.floor(plan.blocksCount * reservedPercent / 100);
      strictEqual(plan.blocksCount - used >= free + reserved, true);
      strictEqual(plan.blocksCount >= dataEnd, true);
      strictEqual(plan.groups, geometry.groupCount(plan.blocksCount));
      strictEqual(plan.groups * plan.inodesPerGroup >= lastInode, true);
      strictEqual(plan.inodesPerGroup % 8, 0);
      strictEqual(plan.inodesPerGroup % geometry.inodesPerBlock, 0);
      strictEqual(plan.inodesPerGroup <= 8 * geometry.blockSize, true);
      strictEqual(
        plan.overheadBlocks,
        plan.groups * (2 + plan.tableBlocks) + backupGroups(plan.groups).length * plan.baseBlocks,
      );
      if (plan.groups > 1) {
        strictEqual(lastGroupBlocks(geometry, plan) >= plan.tableBlocks + 52, true);
      }
      // What was planned with room fits as a fixed size without.
      strictEqual(plansForSize({ ...wish, reservedPercent: 0 }, plan.blocksCount).length > 0, true);
    },
  );
  fc.assert(property, { numRuns: 300 });
});

Deno.test("planForFree() adds groups where one has too few inodes", () => {
  const geometry = new Geometry(4096, 256, 64);
  const plan = planForFree(input(geometry, { lastInode: 1_000_000 }), 0);
  deepStrictEqual([plan.groups, plan.inodesPerGroup], [31, 32_272]);
});

Deno.test("plansForSize() has spare inodes for what is free, and none where there is no room", () => {
  const geometry = new Geometry(4096, 256, 64);
  const plans = plansForSize(input(geometry, { lastInode: 20_000 }), 262_144);
  deepStrictEqual(
    plans.map(({ groups, inodesPerGroup }) => groups * inodesPerGroup),
    [85_632, 65_536, 20_096],
  );
  deepStrictEqual(plansForSize(input(geometry, { dataEnd: 300, dataBlocks: 300 }), 299), []);
  deepStrictEqual(plansForSize(input(geometry), 0), []);
});

Deno.test("blocksForSize() leaves out a last group that has no room for its own metadata", () => {
  const geometry = new Geometry(4096, 256, 64);
  const wish = { least: 0, ratio: 16384 };
  const blocks = (count: number) => blocksForSize(geometry, count * 4096 + 7, true, wish);
  // Tables of 257 blocks, two bitmaps and 50 blocks; group 1 also has its copy of the descriptors.
  deepStrictEqual([blocks(32_768), blocks(32_768 + 10)], [32_768, 32_768]);
  const least = Array.from({ length: 1000 }, (_, i) => blocks(32_768 + i)).findIndex((count) =>
    count > 32_768
  );
  strictEqual(least > 300 && least < 400, true, `${least}`);
  strictEqual(blocks(100), 100);
});
