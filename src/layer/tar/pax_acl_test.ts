import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { formatPaxAcl, parsePaxAcl } from "./pax_acl.ts";

const NO_ID = 0xffff_ffff;

/** An attribute of entries `[tag, permissions, id]`. */
function acl(name: string, entries: readonly (readonly [number, number, number])[]) {
  const value = new Uint8Array(4 + 8 * entries.length);
  const view = new DataView(value.buffer);
  view.setUint32(0, 2, true);
  entries.forEach(([tag, permissions, id], i) => {
    view.setUint16(4 + 8 * i, tag, true);
    view.setUint16(6 + 8 * i, permissions, true);
    view.setUint32(8 + 8 * i, id, true);
  });
  return { name, value };
}

const ids = fc.uniqueArray(fc.nat(NO_ID - 1), { maxLength: 4 })
  .map((list) => list.sort((a, b) => a - b));
const bits = fc.nat(7);

Deno.test("parsePaxAcl() reads what formatPaxAcl() makes of a list", () => {
  fc.assert(
    fc.property(ids, ids, fc.array(bits, { minLength: 12, maxLength: 12 }), (users, groups, p) => {
      const attribute = acl("system.posix_acl_default", [
        [0x01, p[0], NO_ID],
        ...users.map((id, i) => [0x02, p[1 + i], id] as const),
        [0x04, p[5], NO_ID],
        ...groups.map((id, i) => [0x08, p[6 + i], id] as const),
        [0x10, p[10], NO_ID],
        [0x20, p[11], NO_ID],
      ]);
      const { keyword, text } = formatPaxAcl(attribute)!;
      strictEqual(keyword, "SCHILY.acl.default");
      deepStrictEqual(parsePaxAcl(keyword, text), attribute);
    }),
    { numRuns: 100 },
  );
});

Deno.test("formatPaxAcl() makes no text of what is no list", () => {
  const name = "system.posix_acl_access";
  const sound = acl(name, [[0x01, 7, NO_ID]]);
  deepStrictEqual(formatPaxAcl(sound), { keyword: "SCHILY.acl.access", text: "user::rwx" });
  strictEqual(formatPaxAcl({ ...sound, name: "user.acl" }), null);
  strictEqual(formatPaxAcl({ name, value: sound.value.subarray(0, 11) }), null);
  strictEqual(formatPaxAcl({ name, value: sound.value.subarray(0, 4) }), null);
  strictEqual(formatPaxAcl({ name, value: new Uint8Array(12) }), null);
  strictEqual(formatPaxAcl(acl(name, [[0x03, 7, NO_ID]])), null);
  strictEqual(formatPaxAcl(acl(name, [[0, 7, NO_ID]])), null);
  strictEqual(formatPaxAcl(acl(name, [[0x01, 8, NO_ID]])), null);
});
