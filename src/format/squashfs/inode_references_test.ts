import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { InodeReferences } from "./inode_references.ts";

Deno.test("InodeReferences answers what was noted, for numbers near each other and far", () => {
  const references = new InodeReferences<string>();
  const numbers = [1, 63, 64, 65, 2 ** 32 - 1];
  for (const number of numbers) references.set(number, number === 1 ? 0 : number * 3, `${number}`);
  deepStrictEqual(
    [...references.entries()],
    numbers.map((number) => [number, number === 1 ? 0 : number * 3]),
  );
  strictEqual(references.reference(1), 0);
  strictEqual(references.reference(2), null);
  strictEqual(references.reference(2 ** 31), null);
  strictEqual(references.inode(65), "65");
  references.forgetInodes();
  strictEqual(references.reference(2 ** 32 - 1), 3 * (2 ** 32 - 1));
});
