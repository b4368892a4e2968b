import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { dirname } from "node:path";
import { ObjectListing } from "./object_listing.ts";
import { withRepository } from "./repository_fixture.ts";

Deno.test("ObjectListing finds objects among few names and beyond those that it keeps", async () => {
  await withRepository(({ objects }) => {
    const ids = Array.from({ length: 20 }, (_, i) => objects.put(new Uint8Array(i)).id);
    const other = ids[0].slice(0, 2) + ids[1].slice(2);
    const named = "f".repeat(other.length);
    Deno.mkdirSync(objects.pathOf(named), { recursive: true });
    for (const mostNames of [0, 1, 10, 1000]) {
      const listing = new ObjectListing(objects.directory, mostNames);
      deepStrictEqual(ids.filter((id) => !listing.has(id)), [], `${mostNames}`);
      strictEqual(listing.has(other), false);
      // A directory is no object, whatever its name.
      strictEqual(listing.has(named), false);
    }
  });
});

Deno.test("ObjectListing keeps no more directories than it has room for", async () => {
  await withRepository(({ objects }) => {
    const ids = Array.from({ length: 20 }, (_, i) => objects.put(new Uint8Array(i)).id);
    const few = new ObjectListing(objects.directory, 1);
    const many = new ObjectListing(objects.directory);
    for (const id of ids) ok(few.has(id) && many.has(id));
    const last = ids.findLast((id) => id.slice(0, 2) !== ids[0].slice(0, 2))!;
    Deno.removeSync(dirname(objects.pathOf(last)), { recursive: true });
    // What was listed stays as it was; what was not is asked for.
    strictEqual(many.has(last), true);
    strictEqual(few.has(last), false);
  });
});
