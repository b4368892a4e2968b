import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { piecesOf, Spool, type SpooledContent } from "./spool.ts";

/** All bytes of a file, zeros for holes. */
function read(spool: Spool, content: SpooledContent, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of piecesOf(content, size)) {
    if (piece.position !== null) spool.read(bytes.subarray(at, at + piece.size), piece.position);
    at += piece.size;
  }
  strictEqual(at, size);
  return bytes;
}

Deno.test("a Spool gives back what it was given, whatever the sizes", () => {
  const step = fc.record({
    isHole: fc.boolean(),
    size: fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 600_000 })),
  });
  fc.assert(
    fc.property(
      fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { maxLength: 6 }),
      (files) => {
        const spool = new Spool();
        try {
          const written = files.map((steps, n) => {
            const size = steps.reduce((sum, it) => sum + it.size, 0);
            const bytes = new Uint8Array(size);
            const file = spool.beginFile(size);
            let at = 0;
            for (const { isHole, size } of steps) {
              if (!isHole) bytes.fill(n + 1, at, at + size);
              if (isHole) file.skip(size);
              else file.write(bytes.subarray(at, at + size));
              at += size;
            }
            return { bytes, content: file.end() };
          });
          for (const { bytes, content } of written.toReversed()) {
            deepStrictEqual(read(spool, content, bytes.length), bytes);
          }
        } finally {
          spool.close();
        }
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("a Spool refuses more or fewer bytes than were said, and two files at once", () => {
  const spool = new Spool();
  const file = spool.beginFile(2);
  throws(() => spool.beginFile(1), RangeError);
  file.write(new Uint8Array(1));
  throws(() => file.end(), RangeError);
  throws(() => file.write(new Uint8Array(2)), RangeError);
  throws(() => file.skip(2), RangeError);
  spool.close();
});

Deno.test("piecesOf() of a file without bytes is a hole", () => {
  deepStrictEqual([...piecesOf(null, 5)], [{ position: null, size: 5 }]);
  deepStrictEqual([...piecesOf(null, 0)], []);
});
