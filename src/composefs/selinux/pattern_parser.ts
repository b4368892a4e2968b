/**
 * Patterns of paths: the part of the regular expressions of PCRE2 that policies use.
 *
 * Taken are bytes, `.`, bracket expressions, groups, alternatives, repetitions, `^` and `$`, escapes,
 * `(?i)`, and what must or must not follow, `(?=…)` and `(?!…)`. What a machine without memory cannot
 * match (references to groups, atomic groups), what looks back, and what tools read differently is
 * refused.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import { addOtherCase, type ByteSet, invertedSet, rangesSet } from "./byte_set.ts";
import { readClass } from "./pattern_class.ts";
import { escapedSet, readEscape } from "./pattern_escape.ts";
import { PatternText } from "./pattern_text.ts";

/** A part of a pattern. */
export type PatternNode =
  | { readonly kind: "byte"; readonly set: ByteSet }
  | { readonly kind: "sequence"; readonly parts: readonly PatternNode[] }
  | { readonly kind: "choice"; readonly branches: readonly PatternNode[] }
  | {
    readonly kind: "repeat";
    readonly body: PatternNode;
    readonly least: number;
    /** `Infinity` for any number. */
    readonly most: number;
  }
  | { readonly kind: "ahead"; readonly body: PatternNode; readonly isNegative: boolean }
  | { readonly kind: "start" }
  | { readonly kind: "end" };

/** Groups in groups. */
const DEEPEST = 100;
/** As PCRE2 has it. */
const LARGEST_COUNT = 65_535;

/**
 * Reads the pattern of a line. Throws `ImageError` `CORRUPT` where it is none, `UNSUPPORTED` where it
 * has what is not handled, `LIMIT_EXCEEDED` where groups are too deep.
 */
export function parsePattern(text: ByteString, line: number): PatternNode {
  const input = new PatternText(text, line);
  const parser = new PatternParser(input);
  const node = parser.readChoice();
  if (!input.isAtEnd) throw input.corrupt("it closes a group that is not open", "a ( before )");
  return node;
}

/**
 * How often, and whether few or many are preferred, which is no matter where the whole has to match.
 * A `+` after it, which takes back nothing, is read in the same way.
 */
function repetition(): RegExp {
  return /([*+?])[?+]?|\{([0-9]+)(?:(,)([0-9]*))?\}[?+]?/y;
}

class PatternParser {
  readonly #input: PatternText;
  #depth = 0;
  #ignoresCase = false;

  constructor(input: PatternText) {
    this.#input = input;
  }

  /** Reads alternatives up to the end of their group. */
  readChoice(): PatternNode {
    const branches: PatternNode[] = [];
    // What `(?i)` says holds to the end of the group.
    const ignoredCase = this.#ignoresCase;
    do branches.push(this.#readSequence()); while (this.#input.take("|"));
    this.#ignoresCase = ignoredCase;
    return branches.length === 1 ? branches[0] : { kind: "choice", branches };
  }

  #readSequence(): PatternNode {
    const input = this.#input;
    const parts: PatternNode[] = [];
    while (!input.isAtEnd && input.next !== "|" && input.next !== ")") {
      if (this.#readFlags()) continue;
      parts.push(this.#readRepeated());
    }
    return parts.length === 1 ? parts[0] : { kind: "sequence", parts };
  }

  #readFlags(): boolean {
    const flags = this.#input.takeMatch(/\(\?(-?)i\)/y);
    if (flags !== null) this.#ignoresCase = flags[1] === "";
    return flags !== null;
  }

  #readRepeated(): PatternNode {
    const input = this.#input;
    const isWide = input.next >= "\x80";
    const body = this.#readAtom();
    const match = input.takeMatch(repetition());
    if (match === null) return body;
    // To some tools it repeats the character, to others its last byte.
    if (isWide) throw input.unsupported("it repeats a byte above 127", "ASCII, or a group");
    if (input.takeMatch(repetition()) !== null) {
      throw input.corrupt("it repeats a repetition", "a group");
    }
    const [, sign, least, comma, most] = match;
    if (sign !== undefined) {
      return {
        kind: "repeat",
        body,
        least: sign === "+" ? 1 : 0,
        most: sign === "?" ? 1 : Infinity,
      };
    }
    const node = {
      kind: "repeat",
      body,
      least: Number(least),
      most: comma === undefined ? Number(least) : most === "" ? Infinity : Number(most),
    } as const;
    const largest = node.most === Infinity ? node.least : node.most;
    if (largest < node.least || largest > LARGEST_COUNT) {
      throw input.corrupt(`it repeats ${match[0]}`, `at most ${LARGEST_COUNT}, in order`);
    }
    return node;
  }

  #readAtom(): PatternNode {
    const input = this.#input;
    if (input.take("(")) return this.#readGroup();
    if (input.take("[")) return { kind: "byte", set: readClass(input, this.#ignoresCase) };
    if (input.take(".")) return { kind: "byte", set: invertedSet(rangesSet()) };
    if (input.take("^") || input.take("\\A")) return { kind: "start" };
    if (input.take("$") || input.take("\\z")) return { kind: "end" };
    if (input.take("\\")) return this.#byteOf(escapedSet(readEscape(input)));
    if (input.takeMatch(repetition()) !== null) {
      throw input.corrupt("it repeats nothing", "something to repeat");
    }
    if (input.takeMatch(/\{,[0-9]+\}/y) !== null) {
      throw input.unsupported("it has a repetition without a least number", "{0,N}");
    }
    const byte = input.text.charCodeAt(input.at++);
    return this.#byteOf(rangesSet(byte, byte));
  }

  #byteOf(set: ByteSet): PatternNode {
    if (this.#ignoresCase) addOtherCase(set);
    return { kind: "byte", set };
  }

  #readGroup(): PatternNode {
    const input = this.#input;
    if (++this.#depth > DEEPEST) {
      throw input.tooLarge("it has too many groups in groups", `at most ${DEEPEST}`);
    }
    const ignoredCase = this.#ignoresCase;
    const ahead = input.takeMatch(/\?([=!])/y);
    if (ahead === null && input.next === "?") this.#readGroupKind();
    const body = this.readChoice();
    this.#ignoresCase = ignoredCase;
    if (!input.take(")")) throw input.corrupt("it has a group that is not closed", "a )");
    this.#depth--;
    return ahead === null ? body : { kind: "ahead", body, isNegative: ahead[1] === "!" };
  }

  /** Reads the kind of a group whose matches are of no interest. */
  #readGroupKind(): void {
    const input = this.#input;
    if (input.takeMatch(/\?:|\?P?<[A-Za-z_][A-Za-z_0-9]*>/y) !== null) return;
    const flags = input.takeMatch(/\?(-?)i:/y);
    if (flags === null) {
      const shown = input.text.slice(input.at - 1, input.at + 3);
      throw input.unsupported(`it has a group "${shown}"`, "(…), (?:…), (?i:…), (?=…) or (?!…)");
    }
    this.#ignoresCase = flags[1] === "";
  }
}
