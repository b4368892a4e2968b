/**
 * Archives that cannot be read in place, compressed ones and those that come through a pipe: written
 * to a temporary file.
 *
 * @module
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByteSource } from "../io/byte_source.ts";
import { systemError } from "../io/system_error.ts";
import { detectCompression } from "../layer/decompress/decompressor.ts";
import { openLayerBytes } from "../layer/layer_bytes.ts";

/** Bytes decompressed and written at once. */
const PIECE_BYTES = 256 * 1024;
/** Bytes at the start of a file that tell how it is compressed. */
const HEAD_BYTES = 512;

/** A temporary file. */
export interface SpooledArchive {
  /** Where it is. */
  readonly path: string;
  /** Deletes it. Calling it again does nothing. */
  remove(): void;
}

/** Whether the bytes of `source` begin like those of a compression that is known. */
export function isCompressed(source: ByteSource): boolean {
  const head = new Uint8Array(HEAD_BYTES);
  return detectCompression(head.subarray(0, source.read(head, 0))) !== "none";
}

/**
 * Decompresses `source`, the file at `path`, to a temporary file in a new directory below `parent`.
 *
 * Throws `ImageError` `CORRUPT`, `UNSUPPORTED`, `OUT_OF_SPACE`, `PERMISSION` or `IO`; the signal's
 * reason when cancelled. Nothing is left behind then.
 */
export async function spoolArchive(
  path: string,
  source: ByteSource,
  signal?: AbortSignal,
  parent: string = tmpdir(),
): Promise<SpooledArchive> {
  return await spool(parent, (output) => decompress(path, source.size, output, signal));
}

/**
 * Writes all that `stream` gives to a temporary file in a new directory below `parent`, as it is.
 *
 * Throws `ImageError` `OUT_OF_SPACE`, `PERMISSION` or `IO`; the signal's reason when cancelled. Nothing
 * is left behind then.
 */
export async function spoolStream(
  stream: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
  parent: string = tmpdir(),
): Promise<SpooledArchive> {
  return await spool(parent, async (output) => {
    const file = openSync(output, "wx", 0o600);
    try {
      await stream.pipeTo(
        new WritableStream({
          write(piece) {
            for (let done = 0; done < piece.length;) {
              done += writeSync(file, piece, done, piece.length - done);
            }
          },
        }),
        { signal },
      );
    } finally {
      closeSync(file);
    }
  });
}

async function spool(
  parent: string,
  fill: (path: string) => Promise<void>,
): Promise<SpooledArchive> {
  const directory = makeDirectory(parent);
  const spooled: SpooledArchive = {
    path: join(directory, "archive.tar"),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
  try {
    await fill(spooled.path);
    return spooled;
  } catch (error) {
    spooled.remove();
    throw systemError(error, "write temporary file", spooled.path);
  }
}

function makeDirectory(parent: string): string {
  try {
    return mkdtempSync(join(parent, "oci2rootfs-"));
  } catch (error) {
    throw systemError(error, "make temporary directory in", parent);
  }
}

async function decompress(
  path: string,
  size: number,
  output: string,
  signal?: AbortSignal,
): Promise<void> {
  const bytes = await openLayerBytes({
    kind: "tar",
    location: { kind: "file", path, offset: 0 },
    size,
    declaredCompression: null,
    digest: null,
    diffId: null,
  });
  try {
    const file = openSync(output, "wx", 0o600);
    try {
      const piece = new Uint8Array(PIECE_BYTES);
      let position = 0;
      for (let count = piece.length; count === piece.length;) {
        signal?.throwIfAborted();
        count = await bytes.read(piece);
        for (let done = 0; done < count;) {
          done += writeSync(file, piece, done, count - done, position + done);
        }
        position += count;
        // Decompressing is synchronous work: let timers and signals have their turn.
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    } finally {
      closeSync(file);
    }
  } finally {
    bytes.close();
  }
}
