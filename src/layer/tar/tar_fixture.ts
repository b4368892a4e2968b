/**
 * Tar archives made by hand, byte for byte, for tests: right ones, odd ones and broken ones.
 *
 * @module
 */

/** A piece of an archive: text stands for its UTF-8 bytes. */
export type Bytes = string | Uint8Array;

/** A tar entry; what is left out has the plainest value. */
export interface TarEntryInit {
  /** Name. Above 100 bytes it is written as a PAX record too. */
  path: Bytes;
  /** Type flag: `0` file (the default), `1` hard link, `2` symlink, `3` `4` devices, `5` directory, `6` fifo… */
  type?: string;
  /** Permission bits; 0o755 for directories, 0o777 for symlinks, else 0o644. */
  mode?: number;
  /** Owner. */
  uid?: number;
  /** Group. */
  gid?: number;
  /** Whole seconds since 1970, from 0 to 2^33; others go in `pax`. */
  mtime?: number;
  /** What stands in the size field; the size of `body` by default. */
  size?: number;
  /** Target of a link. Above 100 bytes it is written as a PAX record too. */
  target?: Bytes;
  /** Bytes behind the header; padded to a block. */
  body?: Bytes;
  /** Device number. */
  deviceMajor?: number;
  /** Device number. */
  deviceMinor?: number;
  /** Name prefix of ustar. */
  prefix?: Bytes;
  /** Magic and version; `ustar` by default. */
  format?: "ustar" | "gnu" | "v7";
  /** PAX records in front of the header. */
  pax?: Record<string, Bytes> | readonly (readonly [string, Bytes])[];
  /** Extended attributes, written as `SCHILY.xattr.*`. */
  xattrs?: Record<string, Bytes>;
  /** Bytes to put into the header at offsets, before the checksum is made. */
  raw?: readonly (readonly [offset: number, bytes: Bytes])[];
  /** Added to the right checksum. */
  checksumError?: number;
}

const BLOCK_SIZE = 512;

/** One entry: PAX header where needed, header, padded body. */
export function tarEntry(entry: TarEntryInit): Uint8Array<ArrayBuffer> {
  const pax = [...paxList(entry.pax)];
  for (const [name, value] of Object.entries(entry.xattrs ?? {})) {
    pax.push([`SCHILY.xattr.${name}`, value]);
  }
  if (toBytes(entry.path).length > 100) pax.push(["path", entry.path]);
  if (toBytes(entry.target ?? "").length > 100) pax.push(["linkpath", entry.target!]);
  const body = toBytes(entry.body ?? "");
  return concatBytes([
    pax.length === 0 ? "" : paxHeader(pax),
    tarHeader({ ...entry, size: entry.size ?? body.length }),
    padded(body),
  ]);
}

/** An archive: its entries, then blocks of zeros (2 by default). */
export function tarArchive(
  entries: readonly (TarEntryInit | Uint8Array)[],
  endBlockCount = 2,
): Uint8Array<ArrayBuffer> {
  return concatBytes([
    ...entries.map((entry) => entry instanceof Uint8Array ? entry : tarEntry(entry)),
    new Uint8Array(endBlockCount * BLOCK_SIZE),
  ]);
}

/** A header alone. */
export function tarHeader(entry: TarEntryInit): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(BLOCK_SIZE);
  const type = entry.type ?? "0";
  const defaultMode = type === "5" ? 0o755 : type === "2" ? 0o777 : 0o644;
  header.set(toBytes(entry.path).subarray(0, 100), 0);
  header.set(octal(entry.mode ?? defaultMode, 8), 100);
  header.set(octal(entry.uid ?? 0, 8), 108);
  header.set(octal(entry.gid ?? 0, 8), 116);
  header.set(octal(entry.size ?? 0, 12), 124);
  header.set(octal(entry.mtime ?? 0, 12), 136);
  header.set(toBytes(type), 156);
  header.set(toBytes(entry.target ?? "").subarray(0, 100), 157);
  const format = entry.format ?? "ustar";
  if (format === "ustar") header.set(toBytes("ustar\x0000"), 257);
  if (format === "gnu") header.set(toBytes("ustar  \0"), 257);
  if (format !== "v7") {
    header.set(octal(entry.deviceMajor ?? 0, 8), 329);
    header.set(octal(entry.deviceMinor ?? 0, 8), 337);
    header.set(toBytes(entry.prefix ?? ""), 345);
  }
  for (const [offset, bytes] of entry.raw ?? []) header.set(toBytes(bytes), offset);
  header.fill(0x20, 148, 156);
  let sum = entry.checksumError ?? 0;
  for (const byte of header) sum += byte;
  header.set(toBytes(sum.toString(8).padStart(6, "0") + "\0 "), 148);
  return header;
}

/** A PAX header with its records: local (`x`) or global (`g`). */
export function paxHeader(
  records: Record<string, Bytes> | readonly (readonly [string, Bytes])[],
  type: "x" | "g" = "x",
): Uint8Array<ArrayBuffer> {
  const body = concatBytes(paxList(records).map(([keyword, value]) => paxRecord(keyword, value)));
  return concatBytes([
    tarHeader({ path: "././@PaxHeader", type, size: body.length }),
    padded(body),
  ]);
}

/** One PAX record with its length. */
export function paxRecord(keyword: string, value: Bytes): Uint8Array<ArrayBuffer> {
  const rest = concatBytes([" ", keyword, "=", value, "\n"]);
  let size = rest.length + 1;
  while (size !== rest.length + String(size).length) size = rest.length + String(size).length;
  return concatBytes([String(size), rest]);
}

/** A GNU long name (`L`) or long link target (`K`) for the next entry. */
export function gnuLongName(name: Bytes, type: "L" | "K" = "L"): Uint8Array<ArrayBuffer> {
  const body = concatBytes([name, "\0"]);
  return concatBytes([
    tarHeader({ path: "././@LongLink", type, size: body.length, format: "gnu" }),
    padded(body),
  ]);
}

/** A number as GNU's base-256: big-endian two's complement with the top bit set. */
export function base256(value: number | bigint, width: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(width);
  let rest = BigInt.asUintN(width * 8, BigInt(value));
  for (let i = width - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  bytes[0] |= 0x80;
  return bytes;
}

/** A number as octal digits that fill a field but for its NUL. */
export function octal(value: number, width: number): Uint8Array<ArrayBuffer> {
  return toBytes(value.toString(8).padStart(width - 1, "0") + "\0");
}

/** `bytes` and zeros up to the next block. */
export function padded(bytes: Bytes): Uint8Array<ArrayBuffer> {
  const source = toBytes(bytes);
  const result = new Uint8Array(Math.ceil(source.length / BLOCK_SIZE) * BLOCK_SIZE);
  result.set(source);
  return result;
}

/** Pieces one after another. */
export function concatBytes(pieces: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const parts = pieces.map(toBytes);
  const result = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

function toBytes(bytes: Bytes): Uint8Array<ArrayBuffer> {
  return typeof bytes === "string" ? new TextEncoder().encode(bytes) : new Uint8Array(bytes);
}

function paxList(
  records: TarEntryInit["pax"],
): readonly (readonly [string, Bytes])[] {
  if (records === undefined) return [];
  return Array.isArray(records) ? records : Object.entries(records as Record<string, Bytes>);
}
