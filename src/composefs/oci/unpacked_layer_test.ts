import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { ImageError } from "../../image_error.ts";
import { openHostFiles } from "../../io/host_files.ts";
import type { RecordLine, SplitTar } from "../../layer/tar_split/tar_split_fixture.ts";
import {
  aroundLine,
  fileLine,
  splitLayer,
  splitTar,
  storedRecord,
} from "../../layer/tar_split/tar_split_fixture.ts";
import { octal, paxHeader, tarArchive, tarEntry } from "../../layer/tar/tar_fixture.ts";
import { digestOf } from "../../oci/digest.ts";
import { withRepository } from "../repository/repository_fixture.ts";
import type { Repository } from "../repository/repository.ts";
import { readWhole } from "../splitstream/read_whole.ts";
import { openStream } from "./document_stream.ts";
import { nameLayers, type TarLayer } from "./import_layer.ts";
import { InlineImporter, type LayerImporter, WorkerImporter } from "./layer_importer.ts";
import { layerStream } from "./stream_names.ts";

const BIG = new Uint8Array(600_000).map((_, i) => (i * i) >> 7);
const ENTRIES = [
  { path: "usr/", type: "5" },
  { path: "usr/small", body: "stays in the stream" },
  { path: "usr/one", body: BIG.subarray(0, 1000) },
  { path: "usr/big", body: BIG },
  { path: "usr/same", body: BIG.subarray(0, 1000) },
  { path: "usr/last", body: BIG.subarray(7, 70_007) },
];

type Importer = (repository: Repository) => LayerImporter;
const IMPORTERS: Record<string, Importer> = {
  "in this thread": (repository) => new InlineImporter(repository),
  "in a worker": (repository) => new WorkerImporter(repository),
};

/** Calls `use` with a repository and an unpacked layer beside it. */
function withLayer(
  use: (repository: Repository, split: SplitTar, diff: string) => Promise<void>,
): Promise<void> {
  return withRepository(async (repository) => {
    const diff = `${repository.path}/../diff`;
    mkdirSync(diff);
    await use(repository, splitTar(ENTRIES, diff), diff);
  });
}

function tarLayer(split: SplitTar, diff: string, lines = split.lines): TarLayer {
  return { ...splitLayer(split, diff, storedRecord(lines)), diffId: split.diffId };
}

/** Names of unfinished files. */
function leftovers(repository: Repository): string[] {
  try {
    return readdirSync(`${repository.path}/tmp`);
  } catch {
    return [];
  }
}

async function tarOf(repository: Repository, diffId: string): Promise<Uint8Array> {
  const stream = await openStream(repository, layerStream(diffId), "ocilayer");
  const pieces: Uint8Array[] = [];
  await readWhole(stream!, repository.objects, (bytes) => {
    pieces.push(bytes.slice());
    return Promise.resolve();
  });
  return Buffer.concat(pieces);
}

/** Files of the repository that are the very ones of the layer. */
function linkedCount(repository: Repository, diff: string): number {
  const inodes = new Set(
    readdirSync(`${diff}/usr`).map((name) => lstatSync(`${diff}/usr/${name}`).ino),
  );
  const objects = readdirSync(repository.objects.directory, { recursive: true, encoding: "utf8" });
  return objects.filter((name) =>
    inodes.has(lstatSync(`${repository.objects.directory}/${name}`).ino)
  )
    .length;
}

/** Whether files there can share blocks: then there is no need for links. */
function canClone(diff: string): boolean {
  const path = `${diff}/clone`;
  writeFileSync(path, "");
  const files = openHostFiles();
  const directory = files.open(`${diff}/usr`);
  const file = directory.file("big");
  const clone = file.cloneTo(path);
  for (const open of [clone, file, directory, files]) open?.close();
  rmSync(path);
  return clone !== null;
}

for (const [where, importer] of Object.entries(IMPORTERS)) {
  for (const localFetch of ["disabled", "auto", "zerocopy"] as const) {
    Deno.test({
      name: `an unpacked layer becomes the stream of its tar, ${where}, by ${localFetch}`,
      ignore: Deno.build.os !== "linux",
      fn: () =>
        withLayer(async (repository, split, diff) => {
          const importing = importer(repository);
          try {
            const { id, sizeBytes, readBytes } = await importing.store(tarLayer(split, diff), {
              localFetch,
            });
            deepStrictEqual([sizeBytes, readBytes], [split.tar.length, split.tar.length]);
            nameLayers(repository, new Map([[split.diffId, id]]));
            ok(Buffer.from(await tarOf(repository, split.diffId)).equals(split.tar));
            const stream = await openStream(repository, layerStream(split.diffId), "ocilayer");
            const objects = [...stream!.objects()];
            strictEqual(objects.length, 3);
            for (const object of objects) strictEqual(repository.objects.measure(object), object);
            // The stream is new too; one file comes twice.
            strictEqual(repository.objects.counts.newObjects, 4);
            strictEqual(repository.objects.counts.knownObjects, 1);
            const isLinked = localFetch === "zerocopy" && !canClone(diff);
            strictEqual(linkedCount(repository, diff), isLinked ? 3 : 0);
            deepStrictEqual(leftovers(repository), []);
            // A second time nothing is new.
            strictEqual((await importing.store(tarLayer(split, diff), { localFetch })).id, id);
            strictEqual(repository.objects.counts.newObjects, 4);
            deepStrictEqual(leftovers(repository), []);
          } finally {
            importing.close();
          }
        }),
    });
  }
}

Deno.test({
  name: "without copies a repository elsewhere is refused, and nothing is left of it",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withLayer(async (repository, _, diff) => {
      const elsewhere = Deno.makeTempDirSync({ dir: "/dev/shm", prefix: "unpacked_" });
      try {
        const split = splitTar(ENTRIES, elsewhere);
        const layer = tarLayer(split, elsewhere);
        const importing = new InlineImporter(repository);
        const stored = importing.store(layer, { localFetch: "zerocopy" });
        await rejects(stored, (error) => {
          ok(error instanceof ImageError, String(error));
          strictEqual(error.code, "UNSUPPORTED");
          match(error.message, /expected a file system with both/);
          strictEqual(error.where.path, "usr/one");
          return true;
        });
        deepStrictEqual(leftovers(repository), []);
        await importing.store(layer, { localFetch: "auto" });
        strictEqual(linkedCount(repository, diff), 0);
      } finally {
        rmSync(elsewhere, { recursive: true });
      }
    }),
});

Deno.test({
  name: "a file that was changed is refused before anything has its name",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withLayer(async (repository, split, diff) => {
      writeFileSync(`${diff}/usr/last`, new Uint8Array(70_000));
      for (const localFetch of ["disabled", "zerocopy"] as const) {
        const importing = new InlineImporter(repository);
        await rejects(importing.store(tarLayer(split, diff), { localFetch }), {
          code: "DIGEST_MISMATCH",
          message: /"usr\/last"/,
        });
        deepStrictEqual(leftovers(repository), []);
        strictEqual(repository.streams.objectOf(layerStream(split.diffId)), null);
      }
    }),
});

/** Tars in which the bytes of a file are not those of an entry. */
const ODD: Record<string, (body: Uint8Array) => { tar: Uint8Array; lines: RecordLine[] }> = {
  "a PAX header": (body) => {
    // Its records are the file.
    const header = paxHeader([["comment", "x".repeat(2000)]]);
    body.set(header.subarray(512, 512 + body.length));
    const tar = tarArchive([header, tarEntry({ path: "a", body: BIG.subarray(0, 100) })]);
    return parts(tar, 512, body);
  },
  "a part of an entry": (body) => {
    const entry = tarEntry({ path: "a", body: new Uint8Array(5000).fill(1) });
    body.fill(1);
    return parts(tarArchive([entry]), 512, body);
  },
  "the end of an entry": (body) => {
    const entry = tarEntry({ path: "a", body: new Uint8Array(body.length + 512).fill(1) });
    body.fill(1);
    return parts(tarArchive([entry]), 1024, body);
  },
  "more than a file with holes": (body) => {
    // An old GNU header: 512 bytes at 0 of as many as the file has, which goes on in the tar.
    const raw = [[386, octal(0, 12)], [398, octal(512, 12)], [
      483,
      octal(body.length, 12),
    ]] as const;
    const entry = tarEntry({
      path: "a",
      type: "S",
      format: "gnu",
      body: new Uint8Array(512).fill(7),
      raw,
    });
    body.fill(7, 0, 512);
    return parts(tarArchive([entry]), 512, body);
  },
};

function parts(tar: Uint8Array, at: number, body: Uint8Array) {
  const lines = [
    aroundLine(tar.subarray(0, at)),
    fileLine("odd", body),
    aroundLine(tar.subarray(at + body.length)),
  ];
  return { tar, lines };
}

for (const [what, make] of Object.entries(ODD)) {
  Deno.test({
    name: `a record in which a file is ${what} gives its tar or an error, and leaves nothing`,
    ignore: Deno.build.os !== "linux",
    fn: () =>
      withLayer(async (repository, _, diff) => {
        const body = new Uint8Array(999);
        const { tar, lines } = make(body);
        writeFileSync(`${diff}/odd`, body);
        const split = { tar, diffId: digestOf(tar), lines };
        const importing = new InlineImporter(repository);
        const stored = importing.store(tarLayer(split, diff), { localFetch: "zerocopy" });
        if (what === "more than a file with holes") {
          await rejects(stored, { code: "CORRUPT", message: /487 zeros follow/ });
        } else {
          nameLayers(repository, new Map([[split.diffId, (await stored).id]]));
          ok(Buffer.from(await tarOf(repository, split.diffId)).equals(tar));
        }
        deepStrictEqual(leftovers(repository), []);
      }),
  });
}
