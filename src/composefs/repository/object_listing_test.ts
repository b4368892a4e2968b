import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { dirname } from "node:path";
import { openHostFiles } from "../../io/host_files.ts";
import { portableDirectory } from "../../io/portable_files.ts";
import { ObjectListing } from "./object_listing.ts";
import { withRepository } from "./repository_fixture.ts";

Deno.test("ObjectListing finds objects among few names and beyond those that it keeps", async () => {
  await withRepository(({ objects }) => {
    const ids = Array.from({ length: 20 }, (_, i) => objects.put(new Uint8Array(i)).id);
    const other = ids[0].slice(0, 2) + ids[1].slice(2);
    const named = "f".repeat(other.length);
    Deno.mkdirSync(objects.pathOf(named), { recursive: true });
    const files = openHostFiles();
    for (const open of [portableDirectory, files.open]) {
      for (const mostNames of [0, 1, 10, 1000]) {
        const listing = new ObjectListing(objects.directory, open, mostNames);
        deepStrictEqual(ids.filter((id) => !listing.has(id)), [], `${mostNames}`);
        strictEqual(listing.has(other), false);
        // A directory is no object, whatever its name.
        strictEqual(listing.has(named), false);
        for (let i = 0; i < 256; i++) {
          const missing = i.toString(16).padStart(2, "0") + "0".repeat(other.length - 2);
          strictEqual(listing.has(missing), false);
        }
      }
    }
    files.close();
  });
});

Deno.test("ObjectListing keeps no more directories than it has room for", async () => {
  await withRepository(({ objects }) => {
    const ids = Array.from({ length: 20 }, (_, i) => objects.put(new Uint8Array(i)).id);
    const few = new ObjectListing(objects.directory, portableDirectory, 1);
    const many = objects.list();
    for (const id of ids) ok(few.has(id) && many.has(id));
    const last = ids.findLast((id) => id.slice(0, 2) !== ids[0].slice(0, 2))!;
    Deno.removeSync(dirname(objects.pathOf(last)), { recursive: true });
    // What was listed stays as it was; what was not is asked for.
    strictEqual(many.has(last), true);
    strictEqual(few.has(last), false);
  });
});
