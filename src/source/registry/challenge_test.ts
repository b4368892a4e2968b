import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { parseChallenges } from "./challenge.ts";

/** Challenges as plain values, to be compared. */
function read(field: string | null): [string, Record<string, string>][] {
  return parseChallenges(field).map(({ scheme, parameters }) => [
    scheme,
    Object.fromEntries(parameters),
  ]);
}

Deno.test("parseChallenges() reads every form that registries send", () => {
  const cases: [string, [string, Record<string, string>][]][] = [
    ['Basic realm="a b"', [["basic", { realm: "a b" }]]],
    ["Basic", [["basic", {}]]],
    ["BASIC Realm=x", [["basic", { realm: "x" }]]],
    [
      'Bearer realm="https://t.test/token",service="r.test",scope="repository:a/b:pull,push"',
      [["bearer", {
        realm: "https://t.test/token",
        service: "r.test",
        scope: "repository:a/b:pull,push",
      }]],
    ],
    [
      "Bearer realm=https://t.test/token?x=1&y=2,service=r.test",
      [["bearer", { realm: "https://t.test/token?x=1&y=2", service: "r.test" }]],
    ],
    [
      "Bearer scope=repository:a:pull,push,realm=x",
      [["bearer", { scope: "repository:a:pull,push", realm: "x" }]],
    ],
    ['Bearer realm = "x" , service = "y"', [["bearer", { realm: "x", service: "y" }]]],
    [
      'Basic realm="a, Bearer b", Bearer realm="t",scope="x"',
      [["basic", { realm: "a, Bearer b" }], ["bearer", { realm: "t", scope: "x" }]],
    ],
    [
      'Negotiate, Bearer realm="t", Basic realm=x',
      [["negotiate", {}], ["bearer", { realm: "t" }], ["basic", { realm: "x" }]],
    ],
    ['Negotiate YWJj==, Basic realm="x"', [["negotiate", { ywjj: "=" }], ["basic", {
      realm: "x",
    }]]],
    ['Basic realm="a \\"b\\" \\\\ c"', [["basic", { realm: 'a "b" \\ c' }]]],
    ['Bearer realm="unterminated', [["bearer", { realm: "unterminated" }]]],
    ["Bearer realm=,scope=", [["bearer", { realm: "", scope: "" }]]],
    ["Bearer realm=a,realm=b", [["bearer", { realm: "a" }]]],
    [",, ,", []],
    ["realm=x", []],
    ["", []],
  ];
  for (const [field, expected] of cases) deepStrictEqual(read(field), expected, field);
  deepStrictEqual(read(null), []);
  deepStrictEqual(read(`Bearer realm="${"x".repeat(20_000)}"`), []);
});

Deno.test("parseChallenges() ends on any text", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.array(fc.constantFrom(...'Bearer realm="\\, \t:/x'), { maxLength: 40 }).map((it) =>
      it.join("")
    ),
  );
  fc.assert(fc.property(text, (field) => {
    strictEqual(Array.isArray(parseChallenges(field)), true);
  }));
});

Deno.test("parseChallenges() reads quoted values of any content", () => {
  const value = fc.stringMatching(/^[\x20-\x7e]{0,30}$/);
  fc.assert(fc.property(value, value, (realm, scope) => {
    const quoted = (it: string) => `"${it.replace(/["\\]/g, "\\$&")}"`;
    const field = `Bearer realm=${quoted(realm)},scope=${quoted(scope)}, Basic realm=x`;
    deepStrictEqual(read(field), [["bearer", { realm, scope }], ["basic", { realm: "x" }]]);
  }));
});
