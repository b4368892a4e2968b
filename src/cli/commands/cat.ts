/**
 * `oci2rootfs cat`: prints files of an image.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { FileWriter } from "../../format/image_format.ts";
import { FileKind } from "../../tree/inode.ts";
import { findPath, type FoundFile } from "../../view/find_path.ts";
import type { BytesReceiver, TreeView } from "../../view/tree_view.ts";
import { KIND_NAMES } from "../file_facts.ts";
import type { OutputStream } from "../output_stream.ts";
import { pathIn } from "../path_argument.ts";
import { Session } from "../session.ts";
import { exactText, jsonLine } from "../shown_name.ts";
import type { Terminal } from "../terminal.ts";
import type { CatArguments } from "./view_options.ts";

const ZEROS = new Uint8Array(64 * 1024);
const PIECE_SIZE = 1024 * 1024;
/** Bytes of files that are kept until their turn comes. */
const KEPT_SIZE = 64 * 1024 * 1024;

/** Runs `cat`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runCat(
  args: CatArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const session = new Session(args, terminal, signal);
  await session.withTree(args.image, "none", async (view) => {
    // All are found before the first byte is written.
    const files = args.paths.map((path) => regularFile(view, path));
    const print = args.json ? jsonPrinter(session.output) : plainPrinter(session.output);
    await printAll(files, view, print);
    if (args.json) session.output.write("\n]\n");
  });
  await session.finish();
}

function regularFile({ tree }: TreeView, path: string): FoundFile {
  const found = findPath(tree, pathIn(tree, path), true);
  if (found.inode.kind === FileKind.regular) return found;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot print "${displayByteString(`/${found.path}`)}": it is a ` +
      `${KIND_NAMES[found.inode.kind]}, expected a regular file`,
  );
}

/** Prints one file, whose bytes `copy` gives. */
type Printer = (
  file: FoundFile,
  copy: (receiver: BytesReceiver) => void | Promise<void>,
) => Promise<void>;

/** Prints files in their order, and reads layers as rarely as memory allows. */
async function printAll(
  files: readonly FoundFile[],
  view: TreeView,
  print: Printer,
): Promise<void> {
  for (let next = 0; next < files.length;) {
    const together = view.image === null ? 1 : countTogether(files, next);
    const batch = files.slice(next, next + together);
    next += together;
    if (together === 1) {
      const [{ inode }] = batch;
      await print(
        batch[0],
        (receiver) => inode.size === 0 ? undefined : view.readFile(inode, receiver),
      );
      continue;
    }
    const bodies = new Set(batch.map(({ inode }) => inode).filter(({ size }) => size > 0));
    await view.place(bodies, { beginFile: (size) => new KeptFile(size), release() {} });
    for (const file of batch) {
      await print(file, async (receiver) => {
        const bytes = file.inode.content as Uint8Array | null;
        for (let at = 0; at < file.inode.size; at += PIECE_SIZE) {
          receiver.write(bytes!.subarray(at, at + PIECE_SIZE));
          await receiver.drain?.();
        }
      });
    }
    for (const inode of bodies) inode.content = null;
  }
}

/** How many files from `next` on are read at once: one of any size, or several that fit in memory. */
function countTogether(files: readonly FoundFile[], next: number): number {
  let keptBytes = 0;
  let end = next;
  while (end < files.length && (keptBytes += files[end].inode.size) <= KEPT_SIZE) end++;
  return Math.max(end - next, 1);
}

/** A file whose bytes wait for their turn. */
class KeptFile implements FileWriter<Uint8Array> {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
  }

  write(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#position);
    this.#position += bytes.length;
  }

  skip(byteCount: number): void {
    this.#position += byteCount;
  }

  end(): Uint8Array {
    return this.#bytes;
  }
}

function plainPrinter(output: OutputStream): Printer {
  const receiver: BytesReceiver = {
    write: (bytes) => output.writeBytes(bytes),
    skip: (byteCount) => output.skip(byteCount),
    drain: () => output.drain(),
  };
  return async (_, copy) => await copy(receiver);
}

function jsonPrinter(output: OutputStream): Printer {
  let isFirst = true;
  return async ({ path, inode }, copy) => {
    const head = jsonLine({ path: exactText(`/${path}`), size: inode.size });
    output.write(`${isFirst ? "[" : ","}\n${head.slice(0, -1)},"content":"`);
    isFirst = false;
    const encoder = new Base64Writer(output);
    await copy(encoder);
    encoder.finish();
    output.write(`"}`);
  };
}

/** Writes bytes in base64 as they come: three at a time. */
class Base64Writer implements BytesReceiver {
  readonly #output: OutputStream;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(output: OutputStream) {
    this.#output = output;
  }

  write(bytes: Uint8Array): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const whole = all.length - all.length % 3;
    this.#output.write(Buffer.from(all.subarray(0, whole)).toString("base64"));
    this.#rest = all.slice(whole);
  }

  skip(byteCount: number): void {
    for (let left = byteCount; left > 0; left -= ZEROS.length) {
      this.write(left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS);
    }
  }

  drain(): Promise<void> {
    return this.#output.drain();
  }

  finish(): void {
    this.#output.write(Buffer.from(this.#rest).toString("base64"));
  }
}
