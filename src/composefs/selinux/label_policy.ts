/**
 * What a policy of SELinux says of the labels of files.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import type { LabelRule } from "./label_rule.ts";
import type { PatternProgram } from "./pattern_program.ts";

/** The rules of a policy, and the directories that are labelled as others. */
export interface LabelPolicy {
  /** In their order: the last one that matches decides. */
  readonly rules: readonly LabelRule[];
  /** Their patterns, which have the numbers of the rules. */
  readonly program: PatternProgram;
  /** What a directory is labelled as, by its path. */
  readonly aliases: ReadonlyMap<ByteString, ByteString>;
}
