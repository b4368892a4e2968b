import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { collectGarbage } from "./gc.ts";
import { Repository } from "./repository.ts";
import { withOpen, withRepositoryPath } from "./repository_fixture.ts";

/** What belongs to somebody else: links, one of them in a further directory. */
function plantElsewhere(directory: string): void {
  Deno.mkdirSync(`${directory}/sub`, { recursive: true });
  Deno.symlinkSync("nowhere", `${directory}/sub/link`);
  Deno.symlinkSync("nowhere", `${directory}/link`);
}

for (const name of ["tmp", "images", "images/refs", "streams", "streams/refs", "objects"]) {
  Deno.test(`nothing is removed behind a symbolic link in place of ${name}`, async () => {
    await withRepositoryPath("sha256", async (path) => {
      const elsewhere = `${path}/../elsewhere`;
      plantElsewhere(elsewhere);
      Deno.removeSync(`${path}/${name}`, { recursive: true });
      Deno.symlinkSync(Deno.realPathSync(elsewhere), `${path}/${name}`);
      for (const access of ["write", "exclusive"] as const) {
        const collect = async () => {
          using repository = await Repository.open(path, { access });
          await collectGarbage(repository);
        };
        await rejects(collect(), { code: "CORRUPT" });
      }
      deepStrictEqual(
        [...Deno.readDirSync(elsewhere)].map((it) => it.name).sort(),
        ["link", "sub"],
      );
      deepStrictEqual([...Deno.readDirSync(`${elsewhere}/sub`)].length, 1);
    });
  });
}

Deno.test("no name is put or removed behind a symbolic link among the names", async () => {
  await withRepositoryPath("sha256", async (path) => {
    const elsewhere = `${path}/../elsewhere`;
    plantElsewhere(elsewhere);
    Deno.symlinkSync(Deno.realPathSync(elsewhere), `${path}/streams/refs/oci`);
    await withOpen(path, "write", ({ streams }) => {
      throws(() => streams.removeRef("oci/link"), { code: "CORRUPT" });
      throws(() => streams.putRef("oci/new", "x"), { code: "CORRUPT" });
      strictEqual(streams.removeRef("none/link"), false);
    });
    // What leads nowhere goes, but not what stands behind it.
    const { refsPruned } = await withOpen(path, "exclusive", (it) => collectGarbage(it));
    strictEqual(refsPruned, 1);
    deepStrictEqual(
      [...Deno.readDirSync(elsewhere)].map((it) => it.name).sort(),
      ["link", "sub"],
    );
  });
});
