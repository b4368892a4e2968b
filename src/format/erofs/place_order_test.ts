import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { inPlaceOrder } from "./place_order.ts";

Deno.test("inPlaceOrder() sorts by place, whatever the order was", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(199), { maxLength: 100 }), (places) => {
      const ordered = inPlaceOrder(places.map((place) => `${place}`), places, 200);
      deepStrictEqual(ordered.map(Number), places.toSorted((a, b) => a - b));
    }),
  );
});
