import { deepStrictEqual, throws } from "node:assert/strict";
import { Ext4Content } from "./content.ts";
import { Geometry } from "./geometry.ts";
import { eraseBlocks, ReleasedBlocks, trimData } from "./released_blocks.ts";

function content(startBlock: number, blockCount: number): Ext4Content {
  return new Ext4Content({ logicalBlock: 0, startBlock, blockCount });
}

Deno.test("ReleasedBlocks merges what touches and refuses what is released twice", () => {
  const released = new ReleasedBlocks();
  for (const [start, count] of [[50, 5], [10, 10], [20, 3]]) released.add(content(start, count));
  released.add(new Ext4Content(null));
  deepStrictEqual(released.ranges(), [{ start: 10, end: 23 }, { start: 50, end: 55 }]);
  released.add(content(22, 2));
  throws(() => released.ranges(), TypeError);
});

Deno.test("trimData() cuts dead blocks and the gaps in front of them off the end", () => {
  const geometry = new Geometry(1024, 256, 64);
  const trim = (end: number, ...dead: [start: number, end: number][]) =>
    trimData(geometry, 20, end, dead.map(([start, end]) => ({ start, end })));
  // Data starts at 21; group 1 at 8193 has a gap, group 2 at 16385 has none.
  deepStrictEqual(trim(1), { dataEnd: 1, dataBlocks: 0, released: [] });
  deepStrictEqual(trim(100), { dataEnd: 100, dataBlocks: 79, released: [] });
  deepStrictEqual(trim(100, [30, 40]), {
    dataEnd: 100,
    dataBlocks: 69,
    released: [{ start: 30, end: 40 }],
  });
  deepStrictEqual(trim(100, [30, 40], [90, 100]), {
    dataEnd: 90,
    dataBlocks: 59,
    released: [{ start: 30, end: 40 }],
  });
  deepStrictEqual(trim(100, [21, 100]), { dataEnd: 1, dataBlocks: 0, released: [] });
  deepStrictEqual(trim(8300).dataBlocks, 8172 + 87);
  deepStrictEqual(trim(8300, [8213, 8300]), { dataEnd: 8193, dataBlocks: 8172, released: [] });
  deepStrictEqual(trim(8300, [8000, 8193], [8213, 8300]), {
    dataEnd: 8000,
    dataBlocks: 7979,
    released: [],
  });
});

Deno.test("eraseBlocks() writes zeros over dead blocks of the image only", () => {
  const writes: [position: number, size: number][] = [];
  const sink = {
    write: (bytes: Uint8Array, position: number) => {
      deepStrictEqual(bytes.every((byte) => byte === 0), true);
      writes.push([position, bytes.length]);
    },
    truncate: () => {},
  };
  eraseBlocks(sink, [{ start: 2, end: 3 }, { start: 5, end: 900 }], 1024, 400);
  deepStrictEqual(writes, [[2048, 1024], [5120, 262_144], [267_264, 142_336]]);
});
