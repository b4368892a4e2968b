import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { describeExt4 } from "./description.ts";
import { CompatFeature, IncompatFeature, RoCompatFeature } from "./features.ts";
import { readSuperblock, type Superblock, SUPERBLOCK_SIZE } from "./superblock.ts";

function superblock(fields: Partial<Superblock>): Superblock {
  const zero = readSuperblock(new DataView(new ArrayBuffer(SUPERBLOCK_SIZE)), 0);
  return { ...zero, blocksCount: 100, blocksPerGroup: 8192, state: 1, ...fields };
}

Deno.test("describeExt4() tells ext2, ext3 and ext4 apart by their features", () => {
  const kindOf = (fields: Partial<Superblock>) =>
    describeExt4(superblock(fields), false).details.kind;
  const featureRoCompat = RoCompatFeature.sparseSuper | RoCompatFeature.largeFile;
  const featureIncompat = IncompatFeature.filetype;
  const featureCompat = CompatFeature.hasJournal | CompatFeature.dirIndex;
  deepStrictEqual([
    kindOf({ featureIncompat, featureRoCompat, featureCompat: CompatFeature.dirIndex }),
    kindOf({ featureIncompat, featureRoCompat, featureCompat }),
    kindOf({ featureIncompat: featureIncompat | IncompatFeature.extents, featureCompat }),
    kindOf({ featureRoCompat: RoCompatFeature.hugeFile }),
  ], ["ext2", "ext3", "ext4", "ext4"]);
});

Deno.test("describeExt4() tells state, journal, label, usage and time", () => {
  const encoded = (text: string, size: number) => {
    const bytes = new Uint8Array(size);
    bytes.set(new TextEncoder().encode(text));
    return bytes;
  };
  const stateOf = (state: number, isReplayed: boolean) =>
    describeExt4(superblock({ state }), isReplayed).details.state;
  deepStrictEqual([stateOf(1, false), stateOf(0, false), stateOf(3, true)], [
    "clean",
    "not unmounted",
    "with errors",
  ]);
  strictEqual(stateOf(1, true), "not unmounted, journal replayed in memory");
  const { label, usedBytes, createdSeconds, details } = describeExt4(
    superblock({
      featureCompat: CompatFeature.hasJournal,
      freeBlocksCount: 40,
      lastMounted: encoded("/mnt/\x1b", 64),
      volumeName: encoded("root", 16),
    }),
    false,
  );
  deepStrictEqual([label, usedBytes, createdSeconds], ["root", 60 * 1024, null]);
  deepStrictEqual(details.journal, "on another device");
  deepStrictEqual(details.lastMounted, "/mnt/\\x1b");
});
