import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { ImageError } from "../../image_error.ts";
import { memorySource } from "../../io/memory_source.ts";
import { BoltBucket, BoltDatabase } from "./bolt_database.ts";
import { boltDatabase, type BoltTree } from "./bolt_fixture.ts";

/** All that is in a bucket, values as text. */
function contents(bucket: BoltBucket): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const { key, value } of bucket.entries()) {
    found[key] = value instanceof BoltBucket ? contents(value) : new TextDecoder().decode(value);
  }
  return found;
}

function open(bytes: Uint8Array): BoltDatabase {
  return new BoltDatabase(memorySource(bytes, "meta.db"));
}

const MANY = Object.fromEntries(
  Array.from({ length: 1000 }, (_, i) => [`key${String(i).padStart(4, "0")}`, `${i}`]),
);

const TREE: BoltTree = {
  v1: {
    default: { images: { a: { target: { digest: "d", size: "s" } } }, empty: {} },
    version: "3",
  },
  many: MANY,
  large: "x".repeat(20_000),
};

for (const pageSize of [1024, 4096, 65_536]) {
  for (const hasInlineBuckets of [true, false]) {
    const what = `pages of ${pageSize}, ${hasInlineBuckets ? "inline" : "separate"} buckets`;
    Deno.test(`BoltDatabase reads buckets, branches and long values (${what})`, () => {
      const bytes = boltDatabase(TREE, { pageSize, hasInlineBuckets, leafKeys: 20 });
      deepStrictEqual(contents(open(bytes).root), TREE);
    });
  }
}

Deno.test("BoltBucket finds keys and tells values from buckets", () => {
  const { root } = open(boltDatabase(TREE));
  const v1 = root.bucket("v1")!;
  strictEqual(new TextDecoder().decode(v1.value("version")!), "3");
  deepStrictEqual([v1.bucket("version"), v1.value("default"), v1.bucket("x"), v1.value("x")], [
    null,
    null,
    null,
    null,
  ]);
  strictEqual(new TextDecoder().decode(root.bucket("many")!.value("key0999")!), "999");
});

Deno.test("BoltDatabase takes the newer of two states, and the other where that is damaged", () => {
  const bytes = boltDatabase({ a: "1" }, { pageSize: 1024 });
  deepStrictEqual(contents(open(bytes).root), { a: "1" });
  // The older state: its root is behind the end.
  const torn = bytes.slice();
  torn[1024 + 40] ^= 1;
  throws(() => contents(open(torn).root), { code: "CORRUPT", message: /page 1000000 is behind/ });
  // Without the first state the size of pages is found out.
  const second = bytes.slice();
  second[40] ^= 1;
  deepStrictEqual(contents(open(second).root), { a: "1" });
  second[1024 + 40] ^= 1;
  throws(() => open(second), { code: "CORRUPT", message: /neither of its two states/ });
});

Deno.test("BoltDatabase.isCurrent() notices a further transaction", () => {
  const bytes = boltDatabase({ a: "1" });
  const database = open(bytes);
  ok(database.isCurrent());
  bytes.set(boltDatabase({ a: "2" }, { transaction: 9 }));
  ok(!database.isCurrent());
});

/** A database whose page 3 is changed. */
function changed(change: (view: DataView) => void, tree: BoltTree = { a: "1" }): Uint8Array {
  const bytes = boltDatabase(tree, { pageSize: 1024, leafKeys: 20 });
  change(new DataView(bytes.buffer, 3 * 1024));
  return bytes;
}

const DAMAGE: readonly (readonly [string, Uint8Array, string, RegExp])[] = [
  [
    "a page with another number",
    changed((v) => v.setUint8(0, 4)),
    "CORRUPT",
    /page 3 says that it is page 4/,
  ],
  [
    "a page of no known kind",
    changed((v) => v.setUint16(8, 0x10, true)),
    "CORRUPT",
    /has the flags 16/,
  ],
  ["more elements than fit", changed((v) => v.setUint16(10, 9999, true)), "CORRUPT", /page 3 ends/],
  [
    "a key behind the end",
    changed((v) => v.setUint32(20, 0xfffffff0, true)),
    "CORRUPT",
    /page 3 ends/,
  ],
  ["a value behind the end", changed((v) => v.setUint32(28, 2000, true)), "CORRUPT", /page 3 ends/],
  [
    "a huge page",
    changed((v) => v.setUint32(12, 0xffffffff, true)),
    "LIMIT_EXCEEDED",
    /at most 16777216/,
  ],
  [
    "a bucket without header",
    changed((v) => v.setUint32(16, 1, true)),
    "CORRUPT",
    /bucket "a" has 1 bytes/,
  ],
];

for (const [what, bytes, code, message] of DAMAGE) {
  Deno.test(`BoltDatabase refuses ${what}`, () => {
    throws(() => contents(open(bytes).root), { code, message });
  });
}

Deno.test("BoltDatabase refuses a branch page that is below itself", () => {
  const bytes = boltDatabase(MANY, { pageSize: 1024, leafKeys: 20 });
  const view = new DataView(bytes.buffer);
  // The root is the last page, a branch: its first child becomes itself.
  const root = bytes.length / 1024 - 2;
  strictEqual(view.getUint16(root * 1024 + 8, true), 1);
  view.setUint32(root * 1024 + 16 + 8, root, true);
  throws(() => contents(open(bytes).root), { code: "CORRUPT", message: /in circles/ });
});

Deno.test("BoltDatabase gives up on buckets that lead to each other", () => {
  const bytes = boltDatabase({ a: { b: { c: "1" } } }, { pageSize: 1024, hasInlineBuckets: false });
  const view = new DataView(bytes.buffer);
  // Bucket b gets the page of bucket a, which has b in it.
  const pages = [3, 4, 5].map((page) => new DataView(bytes.buffer, page * 1024, 1024));
  const ofA = pages.findIndex((page) => page.getUint8(32) === 0x62);
  ok(ofA >= 0);
  view.setUint32((3 + ofA) * 1024 + 33, 3 + ofA, true);
  throws(() => contents(open(bytes).root), { code: "CORRUPT", message: /in circles/ });
});

Deno.test("BoltDatabase throws only ImageError, whatever bytes are changed", () => {
  const original = boltDatabase(TREE, { pageSize: 1024, leafKeys: 20, hasInlineBuckets: true });
  const change = fc.tuple(fc.nat(original.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
      const bytes = original.slice();
      for (const [at, value] of changes) bytes[at] = value;
      try {
        for (const { value } of open(bytes).root.entries()) {
          if (value instanceof BoltBucket) { for (const _ of value.entries()) { /* all of it */ } }
        }
      } catch (error) {
        ok(error instanceof ImageError, `${error}`);
      }
    }),
    { numRuns: 300 },
  );
});
