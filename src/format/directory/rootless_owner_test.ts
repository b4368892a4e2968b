import { deepStrictEqual } from "node:assert/strict";
import { rootlessOwner } from "./rootless_owner.ts";

Deno.test("rootlessOwner() writes what protobuf has for two numbers", () => {
  deepStrictEqual([...rootlessOwner(0, 0)], []);
  deepStrictEqual([...rootlessOwner(1000, 100)], [0x08, 0xe8, 0x07, 0x10, 0x64]);
  deepStrictEqual([...rootlessOwner(0, 2 ** 32 - 2)], [0x10, 0xfe, 0xff, 0xff, 0xff, 0x0f]);
});
