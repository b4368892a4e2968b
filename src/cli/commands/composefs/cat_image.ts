/**
 * `oci2rootfs composefs cat`: files of an image file, from the image or from their objects, which are
 * verified.
 *
 * @module
 */
import { displayByteString } from "../../../bytes/byte_string.ts";
import { ObjectReader } from "../../../composefs/image/object_reader.ts";
import { ImageError } from "../../../image_error.ts";
import { FileKind } from "../../../tree/inode.ts";
import { findPath } from "../../../view/find_path.ts";
import { KIND_NAMES } from "../../file_facts.ts";
import { OutputStream } from "../../output_stream.ts";
import { pathIn } from "../../path_argument.ts";
import type { Terminal } from "../../terminal.ts";
import type { CatImageArguments } from "./image_file_options.ts";
import { readImageFile } from "./opened_image_file.ts";

const PIECE_SIZE = 256 * 1024;

/** Runs the command. Throws `ImageError`, or the reason of `signal`. */
export async function runCatImage(
  args: CatImageArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const tree = readImageFile(args.image);
  // All are found before the first byte is written.
  const files = args.paths.map((given) => {
    const { path, inode } = findPath(tree, pathIn(tree, given), true);
    if (inode.kind === FileKind.regular) return inode;
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot print "${displayByteString(`/${path}`)}": it is a ${KIND_NAMES[inode.kind]}, ` +
        "expected a regular file",
    );
  });
  const output = new OutputStream(terminal, signal);
  const reader = new ObjectReader(args.baseDirectory ?? null);
  try {
    for (const { content, size } of files) {
      const piece = new Uint8Array(Math.min(size, PIECE_SIZE));
      for (let at = 0; at < size; at += piece.length) {
        const wanted = piece.subarray(0, Math.min(piece.length, size - at));
        // A file without content is a hole: the piece stays zero.
        const count = content === null ? wanted.length : reader.read(content, wanted, at);
        if (count < wanted.length) throw shortObject(at + count, size);
        output.writeBytes(wanted);
        await output.turn();
      }
    }
    await output.flush();
  } finally {
    reader.close();
  }
}

function shortObject(observed: number, expected: number): ImageError {
  return new ImageError(
    "CORRUPT",
    `Cannot read object: it has ${observed} bytes, expected ${expected}`,
  );
}
