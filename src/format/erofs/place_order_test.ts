import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { FileKind, Inode } from "../../tree/inode.ts";
import { inPlaceOrder } from "./place_order.ts";

Deno.test("inPlaceOrder() sorts by number, whatever the order was", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(199), { maxLength: 100 }), (numbers) => {
      const inodes = numbers.map((number) => {
        const inode = new Inode(FileKind.regular, 0o644);
        inode.number = number;
        return inode;
      });
      const ordered = inPlaceOrder(inodes, 200).map(({ number }) => number);
      deepStrictEqual(ordered, numbers.toSorted((a, b) => a - b));
    }),
  );
});
