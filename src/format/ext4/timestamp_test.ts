import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  MAX_SECONDS,
  MIN_SECONDS,
  timestampExtra,
  timestampLow,
  timestampNanoseconds,
  timestampSeconds,
} from "./timestamp.ts";

// The table of the kernel's ext4 documentation: seconds, low word, epoch.
const KERNEL_TABLE: [number, number, number][] = [
  [-1, 0xffffffff, 0],
  [-0x80000000, 0x80000000, 0],
  [0, 0, 0],
  [0x7fffffff, 0x7fffffff, 0],
  [0x80000000, 0x80000000, 1],
  [0xffffffff, 0xffffffff, 1],
  [0x100000000, 0, 1],
  [0x17fffffff, 0x7fffffff, 1],
  [0x180000000, 0x80000000, 2],
  [0x27fffffff, 0x7fffffff, 2],
  [0x280000000, 0x80000000, 3],
  [0x37fffffff, 0x7fffffff, 3],
];

Deno.test("timestampLow() and timestampExtra() follow the kernel's table", () => {
  for (const [seconds, low, epoch] of KERNEL_TABLE) {
    deepStrictEqual([timestampLow(seconds), timestampExtra(seconds, 0)], [low, epoch]);
    const extra = timestampExtra(seconds, 999_999_999);
    strictEqual(timestampSeconds(low, extra), seconds);
    strictEqual(timestampNanoseconds(extra), 999_999_999);
  }
  deepStrictEqual([MIN_SECONDS, MAX_SECONDS], [-0x80000000, 0x37fffffff]);
});
