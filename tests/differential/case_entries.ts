/**
 * Short ways to write the entries of a hand-made layer, and the tar of such a layer.
 *
 * @module
 */
import { bytesOf, type ByteString } from "../../src/bytes/byte_string.ts";
import { tarArchive, type TarEntryInit } from "../../src/layer/tar/tar_fixture.ts";

/** One entry, as the tar builder takes it. */
export type CaseEntry = TarEntryInit;

/** What differs from the default: mode 0644 (directories 0755, links 0777), owner 0:0, time 1000. */
export interface CaseMetadata {
  /** Permission bits. */
  readonly mode?: number;
  /** Owner. */
  readonly uid?: number;
  /** Group. */
  readonly gid?: number;
  /** Seconds since 1970; as text with a fraction or a sign. */
  readonly mtime?: number | string;
  /** Extended attributes; one char of a value for each byte. */
  readonly xattrs?: Readonly<Record<string, ByteString>>;
}

/** A regular file. All names are byte strings. */
export function file(path: ByteString, content: string, meta: CaseMetadata = {}): CaseEntry {
  return entry("0", path, meta, { body: content });
}

/** A directory. */
export function directory(path: ByteString, meta: CaseMetadata = {}): CaseEntry {
  return entry("5", path, meta, {});
}

/** A symbolic link. */
export function symlink(path: ByteString, target: ByteString, meta: CaseMetadata = {}): CaseEntry {
  return entry("2", path, meta, { target: bytesOf(target) });
}

/** A hard link. */
export function link(path: ByteString, target: ByteString): CaseEntry {
  return entry("1", path, {}, { target: bytesOf(target) });
}

/** A character device. */
export function characterDevice(
  path: ByteString,
  deviceMajor: number,
  deviceMinor: number,
  meta: CaseMetadata = {},
): CaseEntry {
  return entry("3", path, meta, { deviceMajor, deviceMinor });
}

/** A named pipe. */
export function fifo(path: ByteString, meta: CaseMetadata = {}): CaseEntry {
  return entry("6", path, meta, {});
}

/** The tar of a layer. */
export function layerTar(entries: readonly CaseEntry[]): Uint8Array {
  return tarArchive(entries);
}

function entry(
  type: string,
  path: ByteString,
  meta: CaseMetadata,
  rest: Partial<TarEntryInit>,
): CaseEntry {
  const { uid = 0, gid = 0, mtime = 1000 } = meta;
  // Numbers that have no room in the octal fields of the header go in PAX records.
  const pax: Record<string, string> = {};
  if (typeof mtime === "string") pax.mtime = mtime;
  if (uid > 0o7777777) pax.uid = String(uid);
  if (gid > 0o7777777) pax.gid = String(gid);
  const xattrs = Object.fromEntries(
    Object.entries(meta.xattrs ?? {}).map(([name, value]) => [name, bytesOf(value)]),
  );
  return {
    ...rest,
    type,
    path: bytesOf(path),
    mode: meta.mode,
    uid: pax.uid === undefined ? uid : 0,
    gid: pax.gid === undefined ? gid : 0,
    mtime: typeof mtime === "string" ? 0 : mtime,
    pax,
    xattrs,
  };
}
