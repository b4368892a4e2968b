import { deepStrictEqual, rejects } from "node:assert/strict";
import { existsSync } from "node:fs";
import { layerOf } from "../oci/oci_fixture.ts";
import type { Repository } from "../repository/repository.ts";
import { withRepository } from "../repository/repository_fixture.ts";
import { LayerSplitter } from "./layer_splitter.ts";
import { readLayerEntries } from "./layer_stream.ts";
import { Splitstream } from "./splitstream_reader.ts";
import { SplitstreamWriter } from "./splitstream_writer.ts";

/** From now on no new object gets its name, as on a full disk. */
function breakObjects({ objects }: Repository): void {
  for (let i = 0; i < 256; i++) {
    const head = `${objects.directory}/${i.toString(16).padStart(2, "0")}`;
    if (!existsSync(head)) Deno.writeTextFileSync(head, "");
  }
}

function leftovers({ path }: Repository): string[] {
  return [...Deno.readDirSync(`${path}/tmp`)].map(({ name }) => name);
}

Deno.test("nothing is left of a layer whose object cannot be stored", async () => {
  await withRepository(async (repository) => {
    breakObjects(repository);
    const splitter = new LayerSplitter(repository.objects);
    await rejects(splitter.push(layerOf([{ path: "file", body: "x".repeat(1000) }])));
    splitter.abort();
    deepStrictEqual(leftovers(repository), []);
  });
});

Deno.test("nothing is left of the object of a file with holes that cannot be stored", async () => {
  await withRepository(async (repository) => {
    const { objects } = repository;
    const splitter = new LayerSplitter(objects);
    await splitter.push(layerOf([{
      path: "GNUSparseFile.0/holes",
      body: "1\n0\n512\n".padEnd(512, "\0") + "data".repeat(128),
      pax: { "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "1000000" },
    }]));
    const { id } = await splitter.end();
    const stream = await Splitstream.open(objects, id);
    for (const { name } of [...Deno.readDirSync(objects.directory)]) {
      if (!id.startsWith(name)) {
        Deno.removeSync(`${objects.directory}/${name}`, { recursive: true });
      }
    }
    breakObjects(repository);
    await rejects(readLayerEntries(stream, objects));
    deepStrictEqual(leftovers(repository), []);
  });
});

Deno.test("nothing is left of bytes between objects that cannot be compressed", async () => {
  await withRepository(async (repository) => {
    const writer = new SplitstreamWriter(repository.objects, "ocilayer");
    writer.writeInline(new Uint8Array(5 * 1024 * 1024));
    writer.writeInline(new Uint8Array(5 * 1024 * 1024));
    writer.writeObject("ab".repeat(32), 100);
    for (const name of leftovers(repository)) Deno.truncateSync(`${repository.path}/tmp/${name}`);
    await rejects(writer.flush());
    writer.abort();
    deepStrictEqual(leftovers(repository), []);
  });
});
