import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { assertLayout } from "../../bytes/assert_layout.ts";
import { byteStringFrom, utf8ByteString } from "../../bytes/byte_string.ts";
import {
  concatBytes,
  gnuLongName,
  padded,
  paxHeader,
  tarArchive,
  tarEntry,
  type TarEntryInit,
  tarHeader,
} from "../../layer/tar/tar_fixture.ts";
import { ImageError } from "../../image_error.ts";
import { objectContent } from "../image/content.ts";
import { withRepository } from "../repository/repository_fixture.ts";
import type { Repository } from "../repository/repository.ts";
import { LayerSplitter } from "./layer_splitter.ts";
import { readLayerEntries } from "./layer_stream.ts";
import { readWhole } from "./read_whole.ts";
import {
  readOldSplitstreamHeader,
  readSplitstreamHeader,
  readSplitstreamInfo,
  SPLITSTREAM_HEADER_SIZE,
  SPLITSTREAM_INFO_SIZE,
  writeOldSplitstreamHeader,
  writeSplitstreamHeader,
  writeSplitstreamInfo,
} from "./splitstream_header.ts";
import { Splitstream } from "./splitstream_reader.ts";
import { SplitstreamWriter } from "./splitstream_writer.ts";

/** Stores a tar as a layer, pushed in pieces of `pieceSize`. */
async function split(
  repository: Repository,
  tar: Uint8Array,
  pieceSize = 4096,
): Promise<string> {
  const splitter = new LayerSplitter(repository.objects);
  try {
    // One buffer for all pieces, as the layers' reader has.
    const piece = new Uint8Array(pieceSize);
    for (let at = 0; at < tar.length; at += pieceSize) {
      const count = Math.min(pieceSize, tar.length - at);
      piece.set(tar.subarray(at, at + count));
      await splitter.push(piece.subarray(0, count));
    }
    return (await splitter.end()).id;
  } finally {
    splitter.abort();
  }
}

async function wholeOf(repository: Repository, id: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const stream = await Splitstream.open(repository.objects, id);
  await readWhole(stream, repository.objects, (bytes) => void pieces.push(bytes.slice()));
  return concatBytes(pieces);
}

Deno.test("splitstream headers follow the table of their two forms", () => {
  assertLayout(
    SPLITSTREAM_HEADER_SIZE,
    [
      ["magic", 0, 11],
      ["version", 11, 1],
      ["flags", 12, 2],
      ["algorithm", 14, 1],
      ["logBlockSize", 15, 1],
      ["infoStart", 16, 8],
      ["infoEnd", 24, 8],
    ],
    writeSplitstreamHeader,
    readSplitstreamHeader,
  );
  assertLayout(
    SPLITSTREAM_HEADER_SIZE,
    [
      ["infoStart", 0, 8],
      ["infoEnd", 8, 8],
      ["flags", 16, 2],
      ["magic", 18, 11],
      ["version", 29, 1],
      ["algorithm", 30, 1],
      ["logBlockSize", 31, 1],
    ],
    writeOldSplitstreamHeader,
    readOldSplitstreamHeader,
  );
  assertLayout(
    SPLITSTREAM_INFO_SIZE,
    [
      ["streamRefsStart", 0, 8],
      ["streamRefsEnd", 8, 8],
      ["objectRefsStart", 16, 8],
      ["objectRefsEnd", 24, 8],
      ["streamStart", 32, 8],
      ["streamEnd", 40, 8],
      ["namedRefsStart", 48, 8],
      ["namedRefsEnd", 56, 8],
      ["contentType", 64, 8],
      ["sizeBytes", 72, 8],
    ],
    writeSplitstreamInfo,
    readSplitstreamInfo,
  );
});

Deno.test("the config stream of three layers has the pinned object id", async () => {
  await withRepository(async (repository) => {
    const names = [["alpha", 1000], ["beta", 2000], ["gamma", 3000]] as const;
    const layers: { diffId: string; id: string }[] = [];
    for (const [path, size] of names) {
      const tar = tarArchive([tarEntry({ path, body: new Uint8Array(size), mode: 0o700 })]);
      // The writer of the pinned archives leaves the device numbers out and ends its sums otherwise.
      tar.fill(0, 329, 345).fill(0x20, 148, 156);
      const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
      tar.set(new TextEncoder().encode(`${sum.toString(8).padStart(7, "0")}\0`), 148);
      const diffId = `sha256:${createHash("sha256").update(tar).digest("hex")}`;
      layers.push({ diffId, id: await split(repository, tar) });
    }
    const config = JSON.stringify({
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    });
    const writer = new SplitstreamWriter(repository.objects, "ociconfg");
    const object = repository.objects.put(new TextEncoder().encode(config));
    writer.writeObject(object.id, object.sizeBytes);
    for (const { diffId, id } of layers) writer.addNamedRef(diffId, id);
    const { id } = await writer.end();
    strictEqual(id, "4839518dea22749f8ff233e7f7baec65f23dd5336462f46ad6884769af84bf95");
  });
});

Deno.test("a layer keeps contents up to 64 bytes in the stream and larger ones as objects", async () => {
  await withRepository(async (repository) => {
    const tar = tarArchive([
      tarEntry({ path: "a", body: new Uint8Array(64).fill(1) }),
      tarEntry({ path: "b", body: new Uint8Array(65).fill(2) }),
      tarEntry({ path: "c", body: new Uint8Array(65).fill(2) }),
      tarEntry({ path: "e", body: new Uint8Array(0) }),
    ]);
    const stream = await Splitstream.open(repository.objects, await split(repository, tar));
    strictEqual(stream.contentType, "ocilayer");
    strictEqual(stream.sizeBytes, tar.length);
    strictEqual(stream.objectCount, 1);
    const entries = await readLayerEntries(stream, repository.objects);
    deepStrictEqual(entries.map(({ path, inode }) => [path, inode!.content]), [
      ["a", { bytes: new Uint8Array(64).fill(1) }],
      ["b", objectContent([...stream.objects()][0])],
      ["c", objectContent([...stream.objects()][0])],
      ["e", null],
    ]);
  });
});

Deno.test("a second import of a layer stores nothing", async () => {
  await withRepository(async (repository) => {
    const tar = tarArchive(
      [0, 4095, 4096, 4097].map((size) =>
        tarEntry({ path: `file${size}`, body: new Uint8Array(size) })
      ),
    );
    const first = await split(repository, tar);
    strictEqual(repository.objects.counts.newObjects, 4); // Three contents and the stream.
    strictEqual(await split(repository, tar), first);
    strictEqual(repository.objects.counts.newObjects, 4);
    strictEqual(repository.objects.counts.knownObjects, 4);
  });
});

/** A sparse file as PAX 1.0 has it: its map stands in front of the data. */
function sparseEntry(pieces: readonly [number, Uint8Array][], realSize: number): Uint8Array {
  const map = `${pieces.length}\n${
    pieces.map(([offset, data]) => `${offset}\n${data.length}\n`).join("")
  }`;
  const body = concatBytes([padded(map), ...pieces.map(([, data]) => data)]);
  return concatBytes([
    paxHeader([
      ["GNU.sparse.major", "1"],
      ["GNU.sparse.minor", "0"],
      ["GNU.sparse.name", "sparse"],
      ["GNU.sparse.realsize", String(realSize)],
    ]),
    tarHeader({ path: "GNUSparseFile.0/sparse", size: body.length }),
    padded(body),
  ]);
}

Deno.test("sparse files come back bit by bit, and as objects with their holes", async () => {
  const data = (size: number, fill: number) => new Uint8Array(size).fill(fill);
  for (
    const pieces of [
      [[0, data(1000, 1)], [5000, data(700, 2)]],
      [[512, data(512, 3)]],
      [[0, data(6000, 4)]],
      [],
    ] as [number, Uint8Array][][]
  ) {
    await withRepository(async (repository) => {
      const tar = tarArchive([
        tarEntry({ path: "before", body: data(100, 9) }),
        sparseEntry(pieces, 6000),
        tarEntry({ path: "behind", body: data(100, 8) }),
      ]);
      for (const pieceSize of [512, 700, 1 << 20]) {
        const id = await split(repository, tar, pieceSize);
        deepStrictEqual(await wholeOf(repository, id), tar);
        const stream = await Splitstream.open(repository.objects, id);
        const entries = await readLayerEntries(stream, repository.objects);
        const content = entries[1].inode!.content!;
        const expected = data(6000, 0);
        for (const [offset, bytes] of pieces) expected.set(bytes, offset);
        deepStrictEqual(repository.objects.read(content.digest!, 10_000), expected);
      }
    });
  }
});

const bodySize = fc.oneof(
  fc.constantFrom(0, 1, 63, 64, 65, 511, 512, 513, 4096),
  fc.nat(3000),
);
const entry: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.record({
    name: fc.string({ minLength: 1, maxLength: 90 }).map((text) => text.replace(/[/\0]|^\./g, "x")),
    size: bodySize,
    fill: fc.nat(255),
    mtime: fc.nat(),
    format: fc.constantFrom<TarEntryInit["format"]>("ustar", "gnu"),
  }).map(({ name, size, fill, mtime, format }) =>
    tarEntry({ path: utf8Name(name), body: new Uint8Array(size).fill(fill), mtime, format })
  ),
  fc.nat(240).map((length) =>
    concatBytes([
      gnuLongName(`${"d".repeat(length + 1)}`),
      tarEntry({ path: "short", body: "x".repeat(length) }),
    ])
  ),
  fc.nat(240).map((length) =>
    concatBytes([
      paxHeader([["path", `p${"q".repeat(length)}`], ["mtime", "1.5"], ["comment", "any"]]),
      tarEntry({ path: "short", body: "y".repeat(3 * length) }),
    ])
  ),
  fc.constant(tarEntry({ path: "dir/", type: "5" })),
  fc.constant(tarEntry({ path: "link", type: "2", target: "else\0where" })),
  fc.constant(sparseEntry([[100, new Uint8Array(200).fill(7)]], 900)),
);

function utf8Name(name: string): Uint8Array {
  return Uint8Array.from(utf8ByteString(name), (unit) => unit.charCodeAt(0)).subarray(0, 99);
}

Deno.test("any tar comes back from its stream bit by bit", async () => {
  await withRepository(async (repository) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 6 }),
        fc.nat(4),
        fc.uint8Array({ maxLength: 700 }),
        fc.constantFrom(512, 777, 10_240),
        async (entries, endBlocks, trailing, pieceSize) => {
          const tar = concatBytes([
            ...entries,
            new Uint8Array((endBlocks + 2) * 512),
            trailing,
          ]);
          const id = await split(repository, tar, pieceSize);
          deepStrictEqual(await wholeOf(repository, id), tar);
        },
      ),
      { numRuns: 60 },
    );
  });
});

Deno.test("a run of bytes that memory does not hold comes back", async () => {
  await withRepository(async (repository) => {
    const writer = new SplitstreamWriter(repository.objects, "oci_blob");
    const piece = new Uint8Array(1 << 20);
    const hash = createHash("sha256");
    for (let i = 0; i < 11; i++) {
      for (let k = 0; k < piece.length; k++) piece[k] = (k * (i + 3)) >> 3;
      hash.update(piece);
      writer.writeInline(piece);
      await writer.flush();
    }
    const { id } = await writer.end();
    const observed = createHash("sha256");
    const stream = await Splitstream.open(repository.objects, id);
    await readWhole(stream, repository.objects, (bytes) => void observed.update(bytes));
    strictEqual(observed.digest("hex"), hash.digest("hex"));
  });
});

Deno.test("named references lead to streams and survive both forms of the header", async () => {
  await withRepository(async (repository) => {
    const writer = new SplitstreamWriter(repository.objects, "ocimanif");
    const object = repository.objects.put(new Uint8Array(100));
    const other = repository.objects.put(new Uint8Array(101));
    writer.writeObject(object.id, object.sizeBytes);
    writer.addNamedRef("zwei:ä", other.id);
    writer.addNamedRef("eins", other.id);
    const { id } = await writer.end();
    const stream = await Splitstream.open(repository.objects, id);
    deepStrictEqual([...stream.namedRefs], [["eins", other.id], ["zwei:ä", other.id]]);
    deepStrictEqual([...stream.references()], [other.id]);

    const bytes = repository.objects.read(id, 10_000);
    const view = new DataView(bytes.buffer);
    writeOldSplitstreamHeader(view, 0, readSplitstreamHeader(view, 0));
    const old = await Splitstream.open(repository.objects, repository.objects.put(bytes).id);
    deepStrictEqual([...old.namedRefs], [...stream.namedRefs]);
    deepStrictEqual([...old.objects()], [object.id]);
  });
});

Deno.test("a mutated stream gives an ImageError or bytes, and nothing else", async () => {
  await withRepository(async (repository) => {
    const tar = tarArchive([
      tarEntry({ path: "a", body: "inline" }),
      tarEntry({ path: "b", body: new Uint8Array(1000).fill(5) }),
    ]);
    const bytes = repository.objects.read(await split(repository, tar), 100_000);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, flip, cuts) => {
          const mutated = cuts ? bytes.slice(0, at) : bytes.slice();
          if (!cuts) mutated[at] ^= flip;
          const { id } = repository.objects.put(mutated);
          try {
            const stream = await Splitstream.open(repository.objects, id);
            await readWhole(stream, repository.objects, () => {});
            await readLayerEntries(stream, repository.objects);
          } catch (error) {
            if (!(error instanceof ImageError)) throw error;
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

Deno.test("a stream whose bytes are not those of its name is refused", async () => {
  await withRepository(async (repository) => {
    const id = await split(repository, tarArchive([tarEntry({ path: "a", body: "b" })]));
    const path = repository.objects.pathOf(id);
    const bytes = Deno.readFileSync(path);
    bytes[bytes.length - 1] ^= 1;
    Deno.writeFileSync(path, bytes);
    await rejects(Splitstream.open(repository.objects, id), { code: "DIGEST_MISMATCH" });
    strictEqual(byteStringFrom(bytes, 0, 11), "SplitStream");
    strictEqual(bytes.subarray(14, 16).toHex(), "010c");
  });
});
