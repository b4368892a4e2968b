import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import type { TreeDifference } from "../tree/compare.ts";
import { EXTRA_FIELDS, FIELD_NAMES, fieldName } from "./difference_fields.ts";
import { DifferenceRules } from "./difference_rules.ts";

function difference(path: string, what: TreeDifference["what"], xattrName = ""): TreeDifference {
  return { path, what, xattrName, a: "", b: "" };
}

Deno.test("DifferenceRules leaves out access times and link counts unless they are asked for", () => {
  deepStrictEqual(new DifferenceRules({}).compareOptions.ignore, ["atime", "linkCount"]);
  deepStrictEqual(new DifferenceRules({ also: ["nlink"] }).compareOptions.ignore, ["atime"]);
  deepStrictEqual(new DifferenceRules({ also: [...EXTRA_FIELDS] }).compareOptions.ignore, []);
  strictEqual(new DifferenceRules({}).compareOptions.ignorePath, undefined);
});

Deno.test("DifferenceRules knows fields by the words of stat", () => {
  const rules = new DifferenceRules({ ignore: ["mode", "rdev", "xattrs:user.a"] });
  deepStrictEqual(rules.compareOptions.ignore, ["atime", "linkCount", "permissions", "device"]);
  strictEqual(rules.counts(difference("x", "xattr", "user.a")), false);
  strictEqual(rules.counts(difference("x", "xattr", "user.ab")), true);
  throws(() => new DifferenceRules({ ignore: ["colour"] }), TypeError);
  for (const [name, field] of Object.entries(FIELD_NAMES)) strictEqual(fieldName(field), name);
});

Deno.test("DifferenceRules passes over paths with all below, and what engines add", () => {
  const { ignorePath } =
    new DifferenceRules({ ignorePath: ["/var/cache", "*.pyc"] }).compareOptions;
  deepStrictEqual(
    ["var/cache", "var/cache/apt", "var", "a/b.pyc", "a/cache"].map((path) => ignorePath!(path)),
    [true, true, false, true, false],
  );
  const engine = new DifferenceRules({ ignorePath: ["@docker-export"] });
  const covers = engine.compareOptions.ignorePath!;
  deepStrictEqual(
    [".dockerenv", "dev/pts", "etc/hosts", "proc", "etc", "opt/dev", "usr/etc/hosts"].map(covers),
    [true, true, true, true, false, false, false],
  );
  strictEqual(engine.counts(difference("etc", "mtime")), false);
  strictEqual(engine.counts(difference("", "mtime")), false);
  strictEqual(engine.counts(difference("etc", "uid")), true);
  strictEqual(engine.counts(difference("opt", "mtime")), true);
  strictEqual(new DifferenceRules({}).counts(difference("etc", "mtime")), true);
  throws(() => new DifferenceRules({ ignorePath: ["/"] }), TypeError);
});
