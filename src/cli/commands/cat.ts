/**
 * `oci2rootfs cat`: prints files of an image.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import { findPath, type FoundFile } from "../../view/find_path.ts";
import type { BytesReceiver, TreeView } from "../../view/tree_view.ts";
import { KIND_NAMES } from "../file_facts.ts";
import type { OutputStream } from "../output_stream.ts";
import { Session } from "../session.ts";
import { exactText, jsonLine } from "../shown_name.ts";
import type { Terminal } from "../terminal.ts";
import type { CatArguments } from "./view_options.ts";

const ZEROS = new Uint8Array(64 * 1024);

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
    if (args.json) await writeJson(files, view, session.output);
    else for (const { inode } of files) await copy(view, inode, writerTo(session.output));
  });
  session.finish();
}

function regularFile({ tree }: TreeView, path: string): FoundFile {
  const found = findPath(tree, path, true);
  if (found.inode.kind === FileKind.regular) return found;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot print "${displayByteString(`/${found.path}`)}": it is a ` +
      `${KIND_NAMES[found.inode.kind]}, expected a regular file`,
  );
}

async function copy(view: TreeView, inode: Inode, receiver: BytesReceiver): Promise<void> {
  if (inode.size > 0) await view.readFile(inode, receiver);
}

function writerTo(output: OutputStream): BytesReceiver {
  return {
    write: (bytes) => output.writeBytes(bytes),
    skip: (byteCount) => {
      for (let left = byteCount; left > 0; left -= ZEROS.length) {
        output.writeBytes(left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS);
      }
    },
  };
}

async function writeJson(
  files: readonly FoundFile[],
  view: TreeView,
  output: OutputStream,
): Promise<void> {
  for (const [i, { path, inode }] of files.entries()) {
    const head = jsonLine({ path: exactText(`/${path}`), size: inode.size });
    output.write(`${i === 0 ? "[" : ","}\n${head.slice(0, -1)},"content":"`);
    const encoder = new Base64Writer(output);
    await copy(view, inode, encoder);
    encoder.finish();
    output.write(`"}`);
  }
  output.write("\n]\n");
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

  finish(): void {
    this.#output.write(Buffer.from(this.#rest).toString("base64"));
  }
}
