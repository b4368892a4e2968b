/**
 * The reader against any division into pieces and against broken bytes.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { ImageError } from "../../image_error.ts";
import { concatBytes, gnuLongName, octal, padded, tarArchive } from "./tar_fixture.ts";
import { TarParser } from "./tar_parser.ts";
import { TarRecorder } from "./tar_recorder.ts";

const LONG = "d/".repeat(80) + "file";

function parse(archive: Uint8Array): TarRecorder {
  const recorder = new TarRecorder();
  const parser = new TarParser(recorder);
  parser.push(archive);
  parser.finish();
  return recorder;
}

const MIXED = tarArchive([
  { path: "d/", type: "5" },
  { path: LONG, body: "abc".repeat(300), xattrs: { "user.x": "\0\n" } },
  { path: "empty" },
  { path: "h", type: "1", target: LONG, size: 3 },
  gnuLongName("n".repeat(150)),
  { path: "cut", body: "z".repeat(512) },
  { path: "h2", type: "1", target: LONG, size: 3, body: "123" },
  { path: "s", type: "S", format: "gnu", size: 3, body: "abc", raw: sparseRaw([[1000, 3]], 2000) },
  {
    path: "GNUSparseFile.0/s1",
    body: concatBytes([padded("2\n0\n2\n9000\n3\n"), "abcde"]),
    pax: { "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9009" },
  },
  { path: "d/.wh.x" },
]);

Deno.test("push() gives the same for any division of the archive into pieces", () => {
  const whole = parse(MIXED).lines();
  strictEqual(whole.length, 9);
  const piece = fc.integer({ min: 1, max: 1500 });
  fc.assert(fc.property(fc.array(piece, { minLength: 1, maxLength: 20 }), (sizes) => {
    const recorder = new TarRecorder();
    const parser = new TarParser(recorder);
    for (let at = 0, i = 0; at < MIXED.length; i++) {
      // The memory is not the parser's: it is overwritten after each call.
      const chunk = MIXED.slice(at, at + sizes[i % sizes.length]);
      at += chunk.length;
      parser.push(chunk);
      chunk.fill(0xaa);
    }
    parser.finish();
    deepStrictEqual(recorder.lines(), whole);
  }));
});

Deno.test("push() answers broken bytes by an ImageError or entries, never otherwise", () => {
  const change = fc.tuple(fc.nat(MIXED.length - 1), fc.nat(255));
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.nat(MIXED.length),
      (changes, size) => {
        const broken = MIXED.slice(0, size % 3 === 0 ? size : MIXED.length);
        for (const [at, byte] of changes) if (at < broken.length) broken[at] = byte;
        // A changed header is only looked into when its checksum is right.
        for (let at = 0; at + 512 <= broken.length; at += 512) fixChecksum(broken, at);
        try {
          parse(broken);
        } catch (error) {
          if (!(error instanceof ImageError)) throw error;
        }
      },
    ),
    { numRuns: 3000 },
  );
});

/** Makes the checksum right where the block looks like a header. */
function fixChecksum(bytes: Uint8Array, at: number): void {
  if (bytes[at + 257] !== 0x75) return;
  bytes.fill(0x20, at + 148, at + 156);
  let sum = 0;
  for (let i = at; i < at + 512; i++) sum += bytes[i];
  bytes.set(new TextEncoder().encode(sum.toString(8).padStart(6, "0") + "\0 "), at + 148);
}

/** The fields of an old GNU sparse header. */
function sparseRaw(
  pieces: readonly (readonly [number, number])[],
  realSize: number,
  isExtended = false,
): [number, Uint8Array][] {
  const raw: [number, Uint8Array][] = [];
  pieces.forEach(([offset, size], i) => {
    raw.push([386 + 24 * i, octal(offset, 12)], [398 + 24 * i, octal(size, 12)]);
  });
  raw.push([482, Uint8Array.of(isExtended ? 1 : 0)], [483, octal(realSize, 12)]);
  return raw;
}
