/**
 * `oci2rootfs ls`: lists files of an image.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { type FileTree, sortedNames } from "../../tree/file_tree.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import { findPath, type FoundFile } from "../../view/find_path.ts";
import { fileJson, isDevice, modeLetters, timeText } from "../file_facts.ts";
import { JsonArray } from "../json_array.ts";
import { pathIn } from "../path_argument.ts";
import { Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import type { LsArguments } from "./view_options.ts";

/** Runs `ls`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runLs(
  args: LsArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const session = new Session(args, terminal, signal);
  await session.withTree(args.image, "none", async ({ tree }) => {
    const paths = args.paths.length === 0 ? ["/"] : args.paths;
    // As `ls` does: a link to a directory is that directory, where only names are wanted.
    const follow = !args.long && !args.directory;
    // All are found before the first line is written.
    const found = paths.map((argument) => {
      const path = pathIn(tree, argument);
      const file = findPath(tree, path, false);
      const isLink = file.inode.kind === FileKind.symlink;
      return isLink && follow ? directoryBehind(tree, path) ?? file : file;
    });
    const listing = args.json ? new JsonListing(session) : new TextListing(session, args);
    const isShown = (name: ByteString) => args.all || !name.startsWith(".");
    const isListed = ({ inode }: FoundFile) => inode.kind === FileKind.directory && !args.directory;
    await listing.files(found.filter((it) => !isListed(it)));
    const directories = found.filter(isListed);
    const hasHeaders = args.recursive || found.length > 1;
    for (const directory of directories) {
      for (const each of args.recursive ? below(directory, isShown) : [directory]) {
        const names = sortedNames(each.inode).filter(isShown);
        await listing.directory(each, names, hasHeaders);
      }
    }
    listing.finish();
  });
  await session.finish();
}

/** The directory that a link leads to, `null` where it leads to none. */
function directoryBehind(tree: FileTree, path: ByteString): FoundFile | null {
  try {
    const found = findPath(tree, path, true);
    return found.inode.kind === FileKind.directory ? found : null;
  } catch (error) {
    if (error instanceof ImageError) return null;
    throw error;
  }
}

/** A directory and those below it, each before the directories in it. */
function* below(
  top: FoundFile,
  isShown: (name: ByteString) => boolean,
): Generator<FoundFile> {
  const pending = [top];
  for (let each = pending.pop(); each !== undefined; each = pending.pop()) {
    yield each;
    for (const name of sortedNames(each.inode).reverse()) {
      const child = each.inode.children!.get(name)!;
      if (child.kind !== FileKind.directory || !isShown(name)) continue;
      pending.push({ path: joined(each.path, name), inode: child });
    }
  }
}

function joined(directory: ByteString, name: ByteString): ByteString {
  return directory === "" ? name : `${directory}/${name}`;
}

class JsonListing {
  readonly #array: JsonArray;

  constructor(session: Session) {
    this.#array = new JsonArray(session.output);
  }

  async files(found: readonly FoundFile[]): Promise<void> {
    for (const { path, inode } of found) await this.#array.add(fileJson(path, inode, false));
  }

  async directory({ path, inode }: FoundFile, names: readonly ByteString[]): Promise<void> {
    for (const name of names) {
      await this.#array.add(fileJson(joined(path, name), inode.children!.get(name)!, false));
    }
  }

  finish(): void {
    this.#array.finish();
  }
}

class TextListing {
  readonly #session: Session;
  readonly #args: LsArguments;
  #isFirst = true;

  constructor(session: Session, args: LsArguments) {
    this.#session = session;
    this.#args = args;
  }

  async files(found: readonly FoundFile[]): Promise<void> {
    if (found.length === 0) return;
    await this.#lines(found.map(({ path, inode }) => ({ name: `/${path}`, inode })));
    this.#isFirst = false;
  }

  async directory(
    { path, inode }: FoundFile,
    names: readonly ByteString[],
    hasHeader: boolean,
  ): Promise<void> {
    const { output, style } = this.#session;
    if (hasHeader) output.write(`${this.#isFirst ? "" : "\n"}${style(`/${path}`)}:\n`);
    this.#isFirst = false;
    await this.#lines(names.map((name) => ({ name, inode: inode.children!.get(name)! })));
  }

  finish(): void {}

  async #lines(files: readonly { name: ByteString; inode: Inode }[]): Promise<void> {
    const { output, style } = this.#session;
    if (!this.#args.long) {
      for (const { name } of files) {
        output.write(`${style(name)}\n`);
        await output.turn();
      }
      return;
    }
    const widths = { links: 0, uid: 0, gid: 0, size: 0 };
    for (const { inode } of files) {
      widths.links = Math.max(widths.links, `${inode.linkCount}`.length);
      widths.uid = Math.max(widths.uid, `${inode.uid}`.length);
      widths.gid = Math.max(widths.gid, `${inode.gid}`.length);
      widths.size = Math.max(widths.size, sizeText(inode).length);
    }
    for (const { name, inode } of files) {
      const { mtimeSeconds, mtimeNanoseconds } = inode;
      const columns = [
        modeLetters(inode),
        `${inode.linkCount}`.padStart(widths.links),
        `${inode.uid}`.padStart(widths.uid),
        `${inode.gid}`.padStart(widths.gid),
        sizeText(inode).padStart(widths.size),
        timeText(mtimeSeconds, mtimeNanoseconds, this.#args.timeStyle),
        style(name),
      ];
      if (inode.kind === FileKind.symlink) columns.push("->", style(inode.target));
      output.write(`${columns.join(" ")}\n`);
      await output.turn();
    }
  }
}

function sizeText(inode: Inode): string {
  return isDevice(inode) ? `${inode.deviceMajor}, ${inode.deviceMinor}` : `${inode.size}`;
}
