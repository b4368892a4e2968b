import { notStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { FileKind, Inode } from "../tree/inode.ts";
import { ContentDigest } from "./content_digest.ts";
import { nodeEntry } from "./layer_entry.ts";

/** A piece of a file: bytes of one value, or a hole. */
interface Piece {
  readonly size: number;
  readonly value: number;
  readonly isHole: boolean;
}

function digestOf(files: readonly (readonly Piece[])[]): string {
  const digest = new ContentDigest();
  files.forEach((pieces, i) => {
    const inode = new Inode(FileKind.regular, 0o644);
    inode.size = pieces.reduce((sum, { size }) => sum + size, 0);
    digest.entry(nodeEntry(`${i}`, 0, inode));
    for (const { size, value, isHole } of pieces) {
      if (isHole) digest.hole(size);
      else digest.bytes(new Uint8Array(size).fill(value));
    }
  });
  return digest.finish();
}

const size = fc.oneof(fc.nat(10), fc.nat(20_000), fc.constantFrom(4095, 4096, 4097, 8192));
const piece = fc.record({ size, value: fc.constantFrom(0, 0, 1, 2), isHole: fc.constant(false) });
const file = fc.array(piece, { maxLength: 6 });

Deno.test("ContentDigest depends neither on holes nor on how bytes come", () => {
  fc.assert(
    fc.property(file, file, fc.infiniteStream(fc.nat(9000)), (first, second, cuts) => {
      const cut = (pieces: readonly Piece[]) =>
        pieces.flatMap(({ size, value }) => {
          const head = Math.min(size, cuts.next().value);
          const isHole = value === 0 && head % 2 === 0;
          return [{ size: head, value, isHole }, {
            size: size - head,
            value,
            isHole: !isHole && value === 0,
          }];
        });
      strictEqual(digestOf([cut(first), cut(second)]), digestOf([first, second]));
    }),
    { numRuns: 300 },
  );
});

Deno.test("ContentDigest tells every other content", () => {
  fc.assert(
    fc.property(file, file, (first, second) => {
      const text = (pieces: readonly Piece[]) =>
        pieces.map(({ size, value }) => `${value}`.repeat(size)).join("");
      const [a, b] = [digestOf([first]), digestOf([second])];
      strictEqual(a === b, text(first) === text(second));
      if (first.length > 0 && text(first) !== "") {
        notStrictEqual(digestOf([first, []]), digestOf([[], first]));
      }
    }),
    { numRuns: 300 },
  );
});
