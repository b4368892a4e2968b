import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { FileKind } from "../../tree/inode.ts";
import { KIND_LETTERS } from "../../tree/kind_letters.ts";
import { LabelLookup } from "./label_lookup.ts";
import type { LabelRule } from "./label_rule.ts";
import { PatternProgram } from "./pattern_program.ts";
import { StepBudget } from "./step_budget.ts";

/** Asks whether patterns match; each is the only rule. */
function matcher(pattern: string): (path: string, kind?: FileKind) => boolean {
  const program = new PatternProgram();
  program.add(pattern, 1);
  const rules: LabelRule[] = [{ pattern, line: 1, kind: null, label: "yes" }];
  const lookup = new LabelLookup(
    { rules, program, aliases: new Map() },
    new StepBudget(10_000_000),
  );
  return (path, kind = FileKind.regular) => lookup.label(lookup.from(path), path, kind) !== null;
}

/** Patterns, what they match and what not. */
const MATCHES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["/a", ["/a"], ["/", "/ab", "x/a", "/a/b", ""]],
  ["/a(/.*)?", ["/a", "/a/", "/a/b/c"], ["/ab"]],
  ["/.", ["/\n", "/\xff"], ["/", "/ab"]],
  ["/(a|bc|)d", ["/ad", "/bcd", "/d"], ["/abcd"]],
  ["/a|/b", ["/a", "/b"], ["/a|/b"]],
  ["/a{2}b{1,2}c{2,}d{0,1}", ["/aabcc", "/aabbcccd"], ["/abcc", "/aabbbcc", "/aabc", "/aabccdd"]],
  ["/a*?b+?c??", ["/b", "/aabbc"], ["/a", "/bcc"]],
  ["/a*+b++c?+", ["/b", "/aabbc"], ["/a", "/bcc"]],
  ["/{a}{%{USERID}{1a}", ["/{a}{%{USERID}{1a}"], ["/a"]],
  ["/[]a]", ["/]", "/a"], ["/[]a]"]],
  ["/[^]/-]", ["/a", "/\n", "/\xe9"], ["/]", "//", "/-"]],
  ["/[a-c-][-x]", ["/a-", "/-x", "/bx"], ["/d-", "/aa"]],
  ["/[\\]\\d\\-.]+", ["/]0-.9"], ["/a", "/\\"]],
  ["/[[:upper:][:^alnum:]]", ["/A", "/-", "/\x80"], ["/a", "/0"]],
  ["/[\\x41-\\x{43}]\\x44\\t", ["/AD\t", "/CD\t"], ["/DD\t", "/AD"]],
  ["/\\d\\D\\w\\W\\s\\S", ["/1a_-\x0bx"], ["/1a_-\xa0x", "/a1_-\tx"]],
  ["/\\.\\+\\/\\(\\)\\[\\]\\~", ["/.+/()[]~"], ["/a+/()[]~"]],
  ["/(?i)aB(?-i)c|/D", ["/abc", "/ABc", "/D"], ["/abC", "/d"]],
  ["/((?i)a|b[c-d]\\w)e", ["/Ae", "/BD0e"], ["/AE", "/be"]],
  ["/(?i:a)b(?-i:c)(?:d)(?<x>e)(?P<y>f)", ["/Abcdef"], ["/ABcdef"]],
  ["^/a\\A*", ["/a"], ["a"]],
  ["/(^a)?b", ["/b"], ["/ab"]],
  ["(^|/x)/a", ["/a", "/x/a"], ["/y/a"]],
  // The letter of the kind follows the path, so nothing ends there.
  ["/a$", [], ["/a", "/a-"]],
  ["/a\\z", [], ["/a"]],
  ["/a(?!$)", ["/a"], []],
  ["/a(?=-$)", ["/a"], []],
  ["/a(?=b)", [], ["/ab", "/a"]],
  ["/(?=b)[ab]+", ["/ba"], ["/ab"]],
  ["/(?!b|.c)[abc]+", ["/ab"], ["/ba", "/ac"]],
  ["/(?:(?!ab).)*", ["/ba", "/"], ["/bab", "/ab"]],
  ["/(?=(?!a)[ab])(?=.b)..", ["/bb"], ["/ab", "/ba"]],
  ["(?=/a)?/.", ["/a", "/b"], []],
  ["/(a*)*(b|c*)*(()*|d)+", ["/", "/aabcbd"], ["/e"]],
  ["/\xc3\xa9[\xc3]", ["/\xc3\xa9\xc3"], ["/\xc3\xa9\xa9"]],
];

Deno.test("patterns match as PCRE2 has it, whole paths only", () => {
  for (const [pattern, matching, others] of MATCHES) {
    const matches = matcher(pattern);
    for (const path of matching) strictEqual(matches(path), true, `${pattern} on ${path}`);
    for (const path of others) strictEqual(matches(path), false, `${pattern} on ${path}`);
  }
});

Deno.test("patterns that are none, or not handled, are refused by name and line", () => {
  const codes: Record<string, readonly string[]> = {
    CORRUPT: [
      ..."( (a a) a(b|c)) [ [a [] [^] * +a ?a (*a) a|* {2} a** a*{2} a{2}{3} a{3,2} a{70000}".split(
        " ",
      ),
      ..."[b-a] [[:alphabet:]] a\\".split(" "),
      "a{1,99999999999}",
    ],
    UNSUPPORTED: [
      ..."(?<=a) (?<!a) (?>a) (?|a) (?#a) (?m)a (?s:a) (?1) (?R) (?('a')) (?'n'a) (a)\\1".split(
        " ",
      ),
      ..."\\b \\B \\G \\K \\R \\X \\C \\h \\v \\V \\N \\Z \\Q \\E \\e \\0 \\p{L} \\pL \\k<a>".split(
        " ",
      ),
      ..."\\< \\> \\u0041 \\x4 \\x{100} \\cA \\g1 a{,2} [[a] [a&&b] [a--b] [a~~b] [\\b]".split(" "),
      ..."[\\d-z] [a-\\d] [a-[:digit:]] \\\xe9 \xe9* \xe9{2}".split(" "),
    ],
    LIMIT_EXCEEDED: [
      "(".repeat(101) + ")".repeat(101),
      "(a{1000}){1000}",
      "((((((){60000}){60000}){60000}){60000}){60000}){60000}",
      "(?=a){101}",
      "a".repeat(20_001),
    ],
  };
  for (const [code, patterns] of Object.entries(codes)) {
    for (const pattern of patterns) {
      throws(
        () => new PatternProgram().add(pattern, 17),
        {
          name: "ImageError",
          code,
          message: /^Cannot read pattern ".*" of line 17: it .*, expected/,
        },
        pattern,
      );
    }
  }
});

Deno.test("all patterns together have a limit", () => {
  const program = new PatternProgram();
  throws(
    () => {
      for (let line = 1;; line++) program.add("a{19000}", line);
    },
    { code: "LIMIT_EXCEEDED", message: /of line 5[23]: it takes too many instructions/ },
  );
  const sets = new PatternProgram();
  throws(
    () => {
      for (let i = 0; i < 0x8000; i++) {
        const bits = Array.from({ length: 15 }, (_, bit) => (i >> bit) & 1);
        const members = bits.map((on, bit) => on === 1 ? "abcdefghijklmno"[bit] : "");
        sets.add(`[/${members.join("")}]`, i + 1);
      }
    },
    { code: "LIMIT_EXCEEDED", message: /of line 10001: .* of 10000 sets of bytes/ },
  );
});

/** Patterns that JavaScript reads in the same way. */
const arbitraryPattern = fc.letrec<{ pattern: string; atom: string; part: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 3, depthIdentifier: "pattern" },
    fc.array(tie("part"), { maxLength: 4 }).map((parts) => parts.join("")),
    fc.array(tie("pattern"), { minLength: 2, maxLength: 3 }).map((parts) => parts.join("|")),
  ),
  part: fc.tuple(
    tie("atom"),
    fc.constantFrom("", "", "", "*", "+", "?", "*?", "{2}", "{1,}", "{0,2}"),
  ).map(([atom, count]) => atom + count),
  atom: fc.oneof(
    { maxDepth: 3, depthIdentifier: "pattern" },
    fc.constantFrom("a", "b", "/", "\\.", ".", "[ab]", "[^/a]", "[a-b.]", "\\w", "\\D", "\xe9"),
    tie("pattern").map((inner) => `(${inner})`),
    tie("pattern").map((inner) => `(?=${inner})`),
    tie("pattern").map((inner) => `(?!${inner})`),
    fc.constantFrom("(?:^)", "(?:$)"),
  ),
}));
const arbitraryPath = fc.array(fc.constantFrom("a", "b", "/", ".", "\n", "\xe9", "-", "d"), {
  maxLength: 7,
}).map((bytes) => bytes.join(""));

Deno.test("patterns match what they match in JavaScript", () => {
  const seen = [0, 0];
  fc.assert(
    fc.property(
      arbitraryPattern.pattern.filter((pattern) => !/\xe9[*+?{]/.test(pattern)),
      fc.array(arbitraryPath, { minLength: 10, maxLength: 10 }),
      (pattern, paths) => {
        const matches = matcher(pattern);
        // V8 loses alternatives beside a "^" that follows others (`^(?:.*?a(?:^)|)$` on nothing).
        const safe = pattern.replaceAll("(?:^)", "(?:(?<![^]))");
        const expected = new RegExp(`^(?:${safe}).$`, "s");
        for (const path of paths) {
          for (const kind of [FileKind.regular, FileKind.directory]) {
            const answer = expected.test(path + KIND_LETTERS[kind]);
            strictEqual(matches(path, kind), answer, `${pattern} on ${JSON.stringify(path)}`);
            seen[Number(answer)]++;
          }
        }
      },
    ),
    { numRuns: 2000 },
  );
  // Both answers come up.
  deepStrictEqual(seen.map((count) => count > 500), [true, true]);
});
