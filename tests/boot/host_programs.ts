/**
 * Programs of this machine, copied with the libraries that they need.
 *
 * @module
 */
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { runTool } from "../run_tool.ts";
import { findTool } from "../tools.ts";

/** Copies programs (names, or absolute paths) and their libraries into a tree, to where they are here. */
export function copyPrograms(tree: string, programs: readonly string[]): void {
  for (const program of programs) {
    const path = program.startsWith("/") ? program : findTool(program);
    if (path === null) throw new Error(`Cannot copy program "${program}": it is not installed`);
    copyInto(tree, path);
    // It refuses static programs, which need nothing.
    const { stdout } = runTool("ldd", [path]);
    for (const [library] of stdout.matchAll(/\/\S+/g)) {
      if (library !== `${path}:`) copyInto(tree, library);
    }
  }
}

function copyInto(tree: string, path: string): void {
  const target = join(tree, path);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(path, target);
}
