import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { alignUp } from "../../bytes/align.ts";
import { parseSparseList, SparseMap, SparseMapReader } from "./sparse_map.ts";
import {
  concatBytes,
  octal,
  padded,
  tarArchive,
  tarEntry,
  type TarEntryInit,
} from "./tar_fixture.ts";
import { TarParser } from "./tar_parser.ts";
import { TarRecorder } from "./tar_recorder.ts";

type Piece = readonly [offset: number, size: number];

const PIECES: readonly Piece[] = [[0, 3], [1000, 700], [5000, 1], [9000, 0]];
const REAL_SIZE = 9000;
/** The pieces one after another, as the archive stores them. */
const STORED = new Uint8Array(704).map((_, i) => i + 1);

function expectedBody(): Uint8Array {
  const body = new Uint8Array(REAL_SIZE);
  let at = 0;
  for (const [offset, size] of PIECES) {
    body.set(STORED.subarray(at, at + size), offset);
    at += size;
  }
  return body;
}

function parse(...entries: (TarEntryInit | Uint8Array)[]): TarRecorder {
  const recorder = new TarRecorder();
  const parser = new TarParser(recorder);
  parser.push(tarArchive([...entries, { path: "after" }]));
  parser.finish();
  strictEqual(recorder.entries.at(-1)!.entry.path, "after");
  return recorder;
}

/** An old GNU sparse file: four pieces in its header, 21 in each extension block. */
function oldGnu(pieces: readonly Piece[], realSize: number, body: Uint8Array): Uint8Array {
  const slot = ([offset, size]: Piece) => concatBytes([octal(offset, 12), octal(size, 12)]);
  const extensions: Uint8Array[] = [];
  for (let at = 4; at < pieces.length; at += 21) {
    const block = new Uint8Array(512);
    block.set(concatBytes(pieces.slice(at, at + 21).map(slot)));
    if (at + 21 < pieces.length) block[504] = 1;
    extensions.push(block);
  }
  const header = tarEntry({
    path: "s",
    type: "S",
    format: "gnu",
    size: body.length,
    raw: [
      [386, concatBytes(pieces.slice(0, 4).map(slot))],
      [482, Uint8Array.of(pieces.length > 4 ? 1 : 0)],
      [483, octal(realSize, 12)],
    ],
  });
  return concatBytes([header, ...extensions, padded(body)]);
}

function mapText(pieces: readonly Piece[]): string {
  return [pieces.length, ...pieces.flat()].map((number) => `${number}\n`).join("");
}

/** PAX sparse format 1.0. */
function pax10(pieces: readonly Piece[], realSize: number, body: Uint8Array): TarEntryInit {
  return {
    path: "GNUSparseFile.1/s",
    body: concatBytes([padded(mapText(pieces)), body]),
    pax: {
      "GNU.sparse.major": "1",
      "GNU.sparse.minor": "0",
      "GNU.sparse.name": "s",
      "GNU.sparse.realsize": String(realSize),
    },
  };
}

const FORMS: Record<string, TarEntryInit | Uint8Array> = {
  "old GNU": oldGnu(PIECES, REAL_SIZE, STORED),
  "PAX 0.0": {
    path: "s",
    body: STORED,
    pax: [
      ["GNU.sparse.size", String(REAL_SIZE)],
      ["GNU.sparse.numblocks", String(PIECES.length)],
      ...PIECES.flatMap(([offset, size]): [string, string][] => [
        ["GNU.sparse.offset", String(offset)],
        ["GNU.sparse.numbytes", String(size)],
      ]),
    ],
  },
  "PAX 0.1": {
    path: "GNUSparseFile.1/s",
    body: STORED,
    pax: {
      "GNU.sparse.size": String(REAL_SIZE),
      "GNU.sparse.numblocks": String(PIECES.length),
      "GNU.sparse.name": "s",
      "GNU.sparse.map": PIECES.flat().join(","),
    },
  },
  "PAX 1.0": pax10(PIECES, REAL_SIZE, STORED),
};

for (const [form, entry] of Object.entries(FORMS)) {
  Deno.test(`a sparse file of form ${form} has its real size, data and holes`, () => {
    const { body, holes, entry: { inode } } = parse(entry).get("s");
    strictEqual(inode!.size, REAL_SIZE);
    deepStrictEqual(body, expectedBody());
    deepStrictEqual(holes, [[3, 997], [1700, 3300], [5001, 3999]]);
  });
}

Deno.test("an old GNU sparse file may have many extension blocks", () => {
  for (const count of [3, 4, 5, 25, 26, 100]) {
    const pieces = Array.from({ length: count }, (_, i): Piece => [i * 1000, 1]);
    const stored = new Uint8Array(count).map((_, i) => i + 1);
    const { body, holes } = parse(oldGnu(pieces, count * 1000, stored)).get("s");
    strictEqual(holes.length, count);
    pieces.forEach(([offset], i) => strictEqual(body![offset], stored[i]));
  }
});

Deno.test("a PAX 1.0 map may be longer than a block", () => {
  const pieces = Array.from({ length: 300 }, (_, i): Piece => [i * 10000, 2]);
  strictEqual(alignUp(mapText(pieces).length, 512) > 1024, true);
  const { holes } = parse(pax10(pieces, 3_000_000, new Uint8Array(600).fill(1))).get("s");
  strictEqual(holes.length, 300);
});

Deno.test("a sparse file may be one hole of terabytes, or empty", () => {
  const size = 2 ** 33 * 100;
  const none = new Uint8Array(0);
  for (const pieces of [[], [[size, 0]] as Piece[]]) {
    const { holes, isEnded } = parse(pax10(pieces, size, none)).get("s");
    deepStrictEqual([holes, isEnded], [[[0, size]], true]);
    strictEqual(parse(pax10([], 0, none)).get("s").isEnded, false);
  }
});

const WRONG: [string, TarEntryInit | Uint8Array, string][] = [
  ["pieces that overlap", pax10([[0, 400], [399, 304]], 9000, STORED), "CORRUPT"],
  ["pieces out of order", oldGnu([[500, 4], [0, 300]], 9000, new Uint8Array(304)), "CORRUPT"],
  ["a piece beyond the file", pax10([[8999, 2]], 9000, new Uint8Array(2)), "CORRUPT"],
  ["less data than the map lists", pax10([[0, 5]], 9000, new Uint8Array(4)), "CORRUPT"],
  ["more data than the map lists", oldGnu([[0, 5]], 9000, new Uint8Array(6)), "CORRUPT"],
  ["no size", { path: "s", pax: { "GNU.sparse.map": "0,0" } }, "CORRUPT"],
  ["an odd list", { path: "s", pax: { "GNU.sparse.map": "0,0,1" } }, "CORRUPT"],
  ["a size without an offset", { path: "s", pax: { "GNU.sparse.numbytes": "1" } }, "CORRUPT"],
  ["an unknown version", { path: "s", pax: { "GNU.sparse.major": "2" } }, "UNSUPPORTED"],
  ["a map that does not end", { ...pax10([], 9, STORED), body: "3\n1\n" }, "CORRUPT"],
  ["a map that is no text", { ...pax10([], 9, STORED), body: "x\n" }, "CORRUPT"],
  ["too many pieces", { ...pax10([], 9, STORED), body: "1048577\n" }, "LIMIT_EXCEEDED"],
];
for (const [what, entry, code] of WRONG) {
  Deno.test(`a sparse file with ${what} is refused`, () => {
    throws(() => parse(entry), { name: "ImageError", code });
  });
}

Deno.test("SparseMap refuses more pieces than the limit", () => {
  const map = new SparseMap();
  for (let i = 0; i < 2 ** 20; i++) map.add(i, 0);
  throws(() => map.add(2 ** 20, 0), { code: "LIMIT_EXCEEDED" });
});

Deno.test("parseSparseList() and SparseMapReader read the same map", () => {
  const list = parseSparseList("0,3,1000,700");
  const reader = new SparseMapReader();
  const text = new TextEncoder().encode("2\n0\n3\n1000\n700\nrest");
  strictEqual(reader.read(text, 0, 5), 5);
  strictEqual(reader.read(text, 5, text.length), text.length - 4);
  for (const map of [list, reader.map]) {
    deepStrictEqual([map.count, map.offset(1), map.size(1), map.end, map.dataSize], [
      2,
      1000,
      700,
      1700,
      703,
    ]);
  }
});
