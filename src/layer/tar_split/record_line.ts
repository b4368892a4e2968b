/**
 * One line of a record of a tar (tar-split): a JSON object with `type` 2 for the bytes around files
 * (`payload`, base64), with `type` 1 for a file by its `name` (`name_raw` in base64, where that is
 * not UTF-8), with its `size` and, where that is not 0, its CRC-64 as `payload`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type ByteString, byteStringFrom, utf8ByteString } from "../../bytes/byte_string.ts";

/** What a line says. */
export type TarPart =
  | {
    /** Bytes of the tar as they are. */
    readonly kind: "bytes";
    /** The bytes. */
    readonly bytes: Uint8Array;
  }
  | {
    /** Bytes of the tar that are those of a file. */
    readonly kind: "file";
    /** Its name as it stands in the tar. */
    readonly name: ByteString;
    /** How many bytes. */
    readonly size: number;
    /** Their CRC-64; empty where there are none. */
    readonly checksum: Uint8Array;
  };

const FILE = 1;
const BYTES = 2;
const CHECKSUM_SIZE = 8;
const NO_BYTES = new Uint8Array(0);

/** Reads a line; `null` where it is none of a record. */
export function parseRecordLine(line: Uint8Array): TarPart | null {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { type, name, name_raw, size, payload } = value as Record<string, unknown>;
  const bytes = parseBase64(payload);
  if (bytes === null) return null;
  if (type === BYTES) return { kind: "bytes", bytes };
  if (type !== FILE) return null;
  const path = parseName(name, name_raw);
  const count = size ?? 0;
  if (path === null || !isSize(count)) return null;
  if (count > 0 && bytes.length !== CHECKSUM_SIZE) return null;
  return { kind: "file", name: path, size: count, checksum: bytes };
}

function parseName(name: unknown, raw: unknown): ByteString | null {
  const bytes = parseBase64(raw);
  if (bytes === null) return null;
  if (bytes.length > 0) return byteStringFrom(bytes);
  if (name === undefined || name === null) return "";
  return typeof name === "string" ? utf8ByteString(name) : null;
}

/** The bytes of a field, none where it is not there; `null` where it is no base64. */
function parseBase64(field: unknown): Uint8Array | null {
  if (field === undefined || field === null) return NO_BYTES;
  if (typeof field !== "string" || field.length % 4 !== 0) return null;
  const bytes = Buffer.from(field, "base64");
  // What is no base64 is left out in silence: then there are too few.
  const padding = field.endsWith("==") ? 2 : field.endsWith("=") ? 1 : 0;
  return bytes.length === field.length / 4 * 3 - padding ? bytes : null;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
