/**
 * `oci2rootfs tree`: the files of an image as a tree.
 *
 * @module
 */
import { type ByteString, utf8ByteString } from "../../bytes/byte_string.ts";
import { sortedNames } from "../../tree/file_tree.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import { findPath, type FoundFile } from "../../view/find_path.ts";
import { kindWord } from "../file_facts.ts";
import { pathIn } from "../path_argument.ts";
import { Session } from "../session.ts";
import { exactText, jsonLine } from "../shown_name.ts";
import type { Terminal } from "../terminal.ts";
import type { TreeArguments } from "./view_options.ts";

const BRANCH = utf8ByteString("├── ");
const LAST_BRANCH = utf8ByteString("└── ");
const TRUNK = utf8ByteString("│   ");
const NO_TRUNK = "    ";

/** Runs `tree`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runTree(
  args: TreeArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const session = new Session(args, terminal, signal);
  await session.withTree(args.image, "none", async ({ tree }) => {
    const top = findPath(tree, pathIn(tree, args.path ?? "/"), true);
    const write = args.json ? writeJson : writeText;
    await write(top, args.level ?? Infinity, session);
  });
  await session.finish();
}

/** A name on the way down, or the end of a directory on the way up. */
type Step =
  | {
    readonly kind: "file";
    readonly name: ByteString;
    readonly inode: Inode;
    readonly depth: number;
    readonly isFirst: boolean;
    readonly isLast: boolean;
  }
  | { readonly kind: "end" };

/** Everything below `top`, down to `level`; depth is not limited by the stack. */
function* steps(top: Inode, level: number): Generator<Step> {
  const pending = [{ directory: top, names: namesOf(top), next: 0 }];
  while (pending.length > 0) {
    const current = pending[pending.length - 1];
    if (current.next === current.names.length) {
      pending.pop();
      yield { kind: "end" };
      continue;
    }
    const name = current.names[current.next++];
    const inode = current.directory.children!.get(name)!;
    const depth = pending.length;
    const isLast = current.next === current.names.length;
    yield { kind: "file", name, inode, depth, isFirst: current.next === 1, isLast };
    if (inode.kind !== FileKind.directory) continue;
    pending.push({
      directory: inode,
      names: depth < level ? namesOf(inode) : [],
      next: 0,
    });
  }
}

function namesOf(inode: Inode): ByteString[] {
  return inode.kind === FileKind.directory ? sortedNames(inode) : [];
}

async function writeText(top: FoundFile, level: number, session: Session): Promise<void> {
  const { output, style } = session;
  let directories = 0;
  let files = 0;
  const trunks: ByteString[] = [];
  output.write(`${style(`/${top.path}`)}${linkText(top.inode, session)}\n`);
  for (const step of steps(top.inode, level)) {
    if (step.kind === "end") {
      trunks.pop();
      continue;
    }
    const { name, inode, isLast } = step;
    const branch = isLast ? LAST_BRANCH : BRANCH;
    output.write(`${trunks.join("")}${branch}${style(name)}${linkText(inode, session)}\n`);
    if (inode.kind === FileKind.directory) {
      directories++;
      trunks.push(isLast ? NO_TRUNK : TRUNK);
    } else {
      files++;
    }
    await output.turn();
  }
  output.write(`\n${counted(directories, "directory", "directories")}, `);
  output.write(`${counted(files, "file", "files")}\n`);
}

function linkText(inode: Inode, { style }: Session): ByteString {
  return inode.kind === FileKind.symlink ? ` -> ${style(inode.target)}` : "";
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Objects with `name`, `type`, `target` of links, and `contents` of directories. */
async function writeJson(top: FoundFile, level: number, { output }: Session): Promise<void> {
  const open = (name: ByteString, inode: Inode) => {
    const facts = {
      name: exactText(name),
      type: kindWord(inode.kind),
      ...(inode.kind === FileKind.symlink ? { target: exactText(inode.target) } : {}),
    };
    const text = jsonLine(facts);
    return inode.kind === FileKind.directory ? `${text.slice(0, -1)},"contents":[` : text;
  };
  output.write(open(`/${top.path}`, top.inode));
  for (const step of steps(top.inode, level)) {
    if (step.kind === "end") {
      if (top.inode.kind === FileKind.directory) output.write("]}");
      continue;
    }
    output.write(`${step.isFirst ? "" : ","}\n${open(step.name, step.inode)}`);
    await output.turn();
  }
  output.write("\n");
}
