/**
 * The letters that stand for kinds of files: in lists of files, and in SELinux policies.
 *
 * @module
 */
import { FileKind } from "./inode.ts";

/** The letter of each kind, the first of a mode as `ls` shows it. */
export const KIND_LETTERS: Readonly<Record<FileKind, string>> = {
  [FileKind.regular]: "-",
  [FileKind.directory]: "d",
  [FileKind.characterDevice]: "c",
  [FileKind.blockDevice]: "b",
  [FileKind.fifo]: "p",
  [FileKind.socket]: "s",
  [FileKind.symlink]: "l",
};
