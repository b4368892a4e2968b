import { throws } from "node:assert/strict";
import { assertLayout, type LayoutRow } from "./assert_layout.ts";

interface Pair {
  a: number;
  b: number;
}
const ROWS: LayoutRow<Pair>[] = [["a", 0, 2], ["b", 4, 4]];

function read(view: DataView, at: number): Pair {
  return { a: view.getUint16(at, true), b: view.getUint32(at + 4, true) };
}

Deno.test("assertLayout() accepts a pair that follows the table", () => {
  assertLayout(8, ROWS, (view, at, { a, b }) => {
    view.setUint16(at, a, true);
    view.setUint32(at + 4, b, true);
  }, read);
});

Deno.test("assertLayout() finds a wrong offset, a wrong width and an absolute offset", () => {
  throws(() =>
    assertLayout(8, ROWS, (view, at, { a, b }) => {
      view.setUint16(at + 2, a, true);
      view.setUint32(at + 4, b, true);
    }, read)
  );
  throws(() =>
    assertLayout(8, ROWS, (view, at, { a, b }) => {
      view.setUint16(at, a, true);
      view.setUint16(at + 4, b, true);
    }, read)
  );
  throws(() =>
    assertLayout(8, ROWS, (view, at, { a, b }) => {
      view.setUint16(at, a, true);
      view.setUint32(4, b, true);
    }, read)
  );
});

Deno.test("assertLayout() finds a field without a row", () => {
  throws(() =>
    assertLayout<Pair>(8, [["a", 0, 2]], (view, at, { a, b }) => {
      view.setUint16(at, a, true);
      view.setUint32(at + 4, b, true);
    }, read)
  );
});
