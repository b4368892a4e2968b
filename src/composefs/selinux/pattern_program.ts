/**
 * All patterns of a policy as one program for a machine that is in many places at once. It reads a
 * path once, byte by byte, whatever the patterns are: nothing is tried again.
 *
 * @module
 */
import { type ByteString, byteStringFrom } from "../../bytes/byte_string.ts";
import { PatternText } from "./pattern_text.ts";
import { BYTE_COUNT, type ByteSet } from "./byte_set.ts";
import { parsePattern, type PatternNode } from "./pattern_parser.ts";

/** What an instruction does; unless it says otherwise the next one follows. */
export const Operation = {
  /** Takes a byte of the set with the number `operand`. */
  byte: 0,
  /** Goes on both here and at `operand`. */
  split: 1,
  /** Goes on at `operand`. */
  jump: 2,
  /** The pattern with the number `operand` ends. */
  match: 3,
  /** Goes on at `operand` if what stands here matches what comes. */
  ahead: 4,
  /** Goes on at `operand` if what stands here does not match what comes. */
  notAhead: 5,
  /** What stands in `ahead` or `notAhead` ends. */
  aheadEnd: 6,
  /** Goes on only before the first byte. */
  start: 7,
  /** Goes on only behind the last byte. */
  end: 8,
} as const;

/** Instructions of one pattern. */
const LARGEST_PATTERN = 20_000;
/** How often a pattern may ask for what follows, repetitions written out. */
const MOST_AHEAD = 100;
/** Instructions of all patterns. */
const LARGEST_PROGRAM = 1_000_000;

/** Sets that are not the same. */
const MOST_SETS = 10_000;

/** Instructions, and where each pattern begins. */
export class PatternProgram {
  /** What each instruction does. */
  readonly operations: number[] = [];
  /** A number for each instruction. */
  readonly operands: number[] = [];
  /** The first instruction of each pattern. */
  readonly starts: number[] = [];
  /** Whether a pattern asks for what follows, by its number. */
  readonly looksAhead: boolean[] = [];
  /** The sets, 256 marks each. */
  sets: ByteSet = new Uint8Array(0);
  readonly #setNumbers = new Map<ByteString, number>();
  #nodesLeft = 0;
  #aheadLeft = 0;

  /**
   * Adds a pattern, whose number is the count of those before. Throws `ImageError` as `parsePattern`
   * does, and `LIMIT_EXCEEDED` where it takes too many instructions.
   */
  add(text: ByteString, line: number): void {
    const node = parsePattern(text, line);
    const start = this.operations.length;
    this.starts.push(start);
    this.looksAhead.push(false);
    this.#nodesLeft = LARGEST_PATTERN;
    this.#aheadLeft = MOST_AHEAD;
    if (!this.#write(node) || this.operations.length > LARGEST_PROGRAM) {
      throw new PatternText(text, line).tooLarge(
        "it takes too many instructions",
        `at most ${LARGEST_PATTERN}, ${MOST_AHEAD} of them (?=…) or (?!…), and with the patterns ` +
          `before it ${LARGEST_PROGRAM} of ${MOST_SETS} sets of bytes`,
      );
    }
    this.#emit(Operation.match, this.starts.length - 1);
  }

  /** Answers whether there was room for it. */
  #write(node: PatternNode): boolean {
    // What writes nothing takes time too when it is repeated.
    if (this.#nodesLeft-- === 0) return false;
    switch (node.kind) {
      case "byte":
        this.#emit(Operation.byte, this.#numberOf(node.set));
        return this.#setNumbers.size <= MOST_SETS;
      case "sequence":
        return node.parts.every((part) => this.#write(part));
      case "choice":
        return this.#writeChoice(node.branches);
      case "repeat":
        return this.#writeRepeat(node.body, node.least, node.most);
      case "ahead": {
        if (this.#aheadLeft-- === 0) return false;
        this.looksAhead[this.looksAhead.length - 1] = true;
        const at = this.#emit(node.isNegative ? Operation.notAhead : Operation.ahead);
        if (!this.#write(node.body)) return false;
        this.#emit(Operation.aheadEnd);
        this.#aimAtNext(at);
        return true;
      }
      default:
        this.#emit(node.kind === "start" ? Operation.start : Operation.end);
        return true;
    }
  }

  #writeChoice(branches: readonly PatternNode[]): boolean {
    const jumps: number[] = [];
    for (const branch of branches.slice(0, -1)) {
      const split = this.#emit(Operation.split);
      if (!this.#write(branch)) return false;
      jumps.push(this.#emit(Operation.jump));
      this.#aimAtNext(split);
    }
    const isWritten = this.#write(branches[branches.length - 1]);
    for (const jump of jumps) this.#aimAtNext(jump);
    return isWritten;
  }

  #writeRepeat(body: PatternNode, least: number, most: number): boolean {
    for (let i = 0; i < least; i++) if (!this.#write(body)) return false;
    if (most === Infinity) {
      const split = this.#emit(Operation.split);
      if (!this.#write(body)) return false;
      this.#emit(Operation.jump, split);
      this.#aimAtNext(split);
      return true;
    }
    const splits: number[] = [];
    for (let i = least; i < most; i++) {
      splits.push(this.#emit(Operation.split));
      if (!this.#write(body)) return false;
    }
    for (const split of splits) this.#aimAtNext(split);
    return true;
  }

  #emit(operation: number, operand = 0): number {
    this.operands.push(operand);
    return this.operations.push(operation) - 1;
  }

  #aimAtNext(at: number): void {
    this.operands[at] = this.operations.length;
  }

  #numberOf(set: ByteSet): number {
    const key = byteStringFrom(set);
    const known = this.#setNumbers.get(key);
    if (known !== undefined) return known;
    const number = this.#setNumbers.size;
    this.#setNumbers.set(key, number);
    if ((number + 1) * BYTE_COUNT > this.sets.length) {
      const larger = new Uint8Array(Math.max(2 * this.sets.length, 64 * BYTE_COUNT));
      larger.set(this.sets);
      this.sets = larger;
    }
    this.sets.set(set, number * BYTE_COUNT);
    return number;
  }
}
