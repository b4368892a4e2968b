import { deepStrictEqual } from "node:assert/strict";
import { givePiece } from "./piece_holes.ts";

/** What becomes of a piece of a file with data in two ranges, read at `position`. */
function partsAt(position: number, size: number, data: [number, number][]): (string | number)[][] {
  const piece = new Uint8Array(size);
  for (const [start, end] of data) {
    const from = Math.max(0, start - position);
    if (end > position) piece.fill(1, from, Math.max(from, end - position));
  }
  const reader = {
    read: () => 0,
    seekData: (_: null, at: number) => {
      const next = data.find(([, end]) => end > at);
      return next === undefined ? Infinity : Math.max(at, next[0]);
    },
  };
  const parts: (string | number)[][] = [];
  const given = givePiece(reader, null, piece, position, {
    write: (bytes) => void parts.push(["write", bytes.length]),
    skip: (byteCount) => void parts.push(["skip", byteCount]),
  });
  return [...parts, ["given", given]];
}

Deno.test("givePiece() finds the holes in a piece", () => {
  const data: [number, number][] = [[0, 4096], [8192, 9000], [12_288, 20_480]];
  deepStrictEqual(partsAt(0, 16_384, data), [
    ["write", 4096],
    ["skip", 4096],
    ["write", 1024],
    ["skip", 3072],
    ["write", 4096],
    ["given", 16_384],
  ]);
  deepStrictEqual(partsAt(0, 4096, data), [["write", 4096], ["given", 4096]]);
  // The next hole may go on; where it begins counts from the start of the file.
  deepStrictEqual(partsAt(100, 8000, [[0, 1000]]), [["write", 924], ["given", 924]]);
});

Deno.test("givePiece() leaves zeros that are no hole as they are", () => {
  const parts: number[] = [];
  const reader = { read: () => 0, seekData: (_: null, at: number) => at };
  givePiece(reader, null, new Uint8Array(5000), 7, {
    write: (bytes) => void parts.push(bytes.length),
    skip: (byteCount) => void parts.push(-byteCount),
  });
  deepStrictEqual(parts, [5000]);
});
