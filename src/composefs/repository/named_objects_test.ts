import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { layerOf, pullFixture } from "../oci/oci_fixture.ts";
import { checkRepository } from "./fsck.ts";
import { imageObjects } from "./image_objects.ts";
import { hasNamedObjects } from "./named_objects.ts";
import { withOpen, withRepository } from "./repository_fixture.ts";

const MIB = 1024 * 1024;

Deno.test("hasNamedObjects() finds names wherever they stand", async () => {
  for (const algorithm of ["sha256", "sha512"] as const) {
    await withRepository(({ objects }) => {
      const there = objects.put(new Uint8Array(1)).id;
      const other = there.replace(/../, (head) => head === "ff" ? "00" : "ff");
      const nameSize = there.length + 2;
      for (
        const position of [0, 5, MIB - nameSize, MIB - 1, MIB, 2 * MIB - 40, 3 * MIB - nameSize]
      ) {
        for (const named of [there, other]) {
          const bytes = new Uint8Array(3 * MIB);
          const text = `/${named.slice(0, 2)}/${named.slice(2)}`;
          bytes.set(new TextEncoder().encode(text), position);
          const { id } = objects.put(bytes);
          strictEqual(hasNamedObjects(objects, id, objects.list()), named === there, `${position}`);
        }
      }
    }, algorithm);
  }
});

Deno.test("a lost object of a file with holes is made again by the next pull", async () => {
  const sparse = {
    path: "GNUSparseFile.0/holes",
    body: "2\n0\n512\n1000000\n0\n".padEnd(512, "\0") + "data".repeat(128),
    pax: [
      ["GNU.sparse.major", "1"],
      ["GNU.sparse.minor", "0"],
      ["GNU.sparse.name", "usr/holes"],
      ["GNU.sparse.realsize", "1000000"],
    ] as [string, string][],
  };
  const image = { layers: [{ tar: layerOf([{ path: "usr/", type: "5" }, sparse]) }] };
  await withRepository(async (repository) => {
    const { objects } = repository;
    const { images } = await pullFixture(repository, image);
    const [id] = imageObjects(objects, [...images.values()][0]);
    Deno.removeSync(objects.pathOf(id));
    await withOpen(repository.path, "write", (again) => pullFixture(again, image));
    strictEqual(objects.measure(id), id);
    deepStrictEqual((await checkRepository(repository)).problems, []);
  });
});
