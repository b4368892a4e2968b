/**
 * The root directory as the tars of layers had it, from the records that engines keep of them.
 *
 * An engine makes the root of an unpacked layer itself, with a mode and a time of its own. Beside
 * each layer it keeps the headers of its tar (tar-split): a JSON object a line, with `type` 2 the
 * bytes around files (`payload`, base64), with `type` 1 a file by its `name`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import * as v from "valibot";
import { ImageError } from "../image_error.ts";
import { openLayerBytes } from "../layer/layer_bytes.ts";
import { quote } from "../oci/quote.ts";
import type { StoredFile } from "./file_store.ts";

const TAR_BLOCK_SIZE = 512;
const PIECE_BYTES = 256 * 1024;
/** Longest line: what is around one file, with all of its attributes. */
const LONGEST_LINE = 16 * 1024 * 1024;

const RECORD_FILE = 1;
const RECORD_BYTES = 2;

const recordSchema = v.object({
  type: v.number(),
  name: v.nullish(v.string()),
  payload: v.nullish(v.string()),
});

/**
 * A tar with nothing but the entry of the root directory that the tar of the record `file` has, as
 * it stands there; `null` where it has none.
 *
 * Throws `ImageError` `CORRUPT`, `LIMIT_EXCEEDED`, `PERMISSION` or `IO`; the signal's reason when
 * cancelled.
 */
export async function rootEntryTar(
  file: StoredFile,
  checkCancelled: () => void,
): Promise<Uint8Array | null> {
  const name = file.location.kind === "file" ? file.location.path : "tar-split";
  let before: string[] = [];
  for await (const line of linesOf(file, name, checkCancelled)) {
    const { type, name: path, payload } = parseRecord(line, name);
    if (type === RECORD_BYTES) before.push(payload ?? "");
    if (type !== RECORD_FILE) continue;
    if (/^(?:\.?\/)*\.?$/.test(path ?? "-")) return entryTar(before);
    before = [];
  }
  return null;
}

/** The headers of an entry, from what stands between it and the body of the one before. */
function entryTar(before: readonly string[]): Uint8Array {
  const bytes = Buffer.concat(before.map((payload) => Buffer.from(payload, "base64")));
  // Headers are whole blocks; the rest in front is the padding of that body.
  const headers = bytes.subarray(bytes.length % TAR_BLOCK_SIZE);
  const tar = new Uint8Array(headers.length + 2 * TAR_BLOCK_SIZE);
  tar.set(headers);
  return tar;
}

/** The lines of a compressed file. */
async function* linesOf(
  { location, size }: StoredFile,
  name: string,
  checkCancelled: () => void,
): AsyncGenerator<string, void> {
  const bytes = await openLayerBytes({
    kind: "tar",
    location,
    size,
    declaredCompression: null,
    digest: null,
    diffId: null,
  });
  try {
    const piece = new Uint8Array(PIECE_BYTES);
    const decoder = new TextDecoder();
    let rest = "";
    for (let count = piece.length; count === piece.length;) {
      checkCancelled();
      count = await bytes.read(piece);
      rest += decoder.decode(piece.subarray(0, count), { stream: true });
      const lines = rest.split("\n");
      rest = lines.pop()!;
      yield* lines;
      if (rest.length > LONGEST_LINE) {
        throw new ImageError(
          "LIMIT_EXCEEDED",
          `Cannot read file ${quote(name)}: a line has more than ${LONGEST_LINE} characters, ` +
            "expected at most that",
        );
      }
    }
    if (rest !== "") yield rest;
  } finally {
    bytes.close();
  }
}

function parseRecord(line: string, name: string): v.InferOutput<typeof recordSchema> {
  let value: unknown = null;
  try {
    value = JSON.parse(line);
  } catch {
    // Said below.
  }
  const result = v.safeParse(recordSchema, value);
  if (result.success) return result.output;
  throw new ImageError(
    "CORRUPT",
    `Cannot read file ${quote(name)}: a line of it is ${quote(line)}, expected a record of a tar`,
  );
}
