/**
 * Unpacked layers with a record of their tar, for tests: right ones, to be broken on purpose.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { Crc64 } from "../../bytes/crc64.ts";
import { digestOf } from "../../oci/digest.ts";
import type { Layer, TarLayerJob } from "../layer.ts";
import { type Bytes, concatBytes, tarEntry, type TarEntryInit } from "../tar/tar_fixture.ts";

/** A line of a record: an object, or its text where it is to be malformed. */
export type RecordLine = Record<string, unknown> | string;

/** What an engine keeps of a tar. */
export interface SplitTar {
  /** The tar. */
  readonly tar: Uint8Array;
  /** Its digest. */
  readonly diffId: string;
  /** The record of it. */
  readonly lines: readonly RecordLine[];
}

/** Writes the files among `entries` below `directory`, as an engine does, and records the tar. */
export function splitTar(entries: readonly TarEntryInit[], directory: string): SplitTar {
  const pieces: Uint8Array[] = [];
  const lines: RecordLine[] = [];
  let around: Uint8Array = new Uint8Array(0);
  for (const entry of entries) {
    const bytes = tarEntry(entry);
    const body = typeof entry.body === "string"
      ? new TextEncoder().encode(entry.body)
      : entry.body ?? new Uint8Array(0);
    const head = bytes.length - Math.ceil(body.length / 512) * 512;
    lines.push(aroundLine(concatBytes([around, bytes.subarray(0, head)])));
    lines.push(fileLine(entry.path, body));
    around = bytes.subarray(head + body.length);
    pieces.push(bytes);
    if (body.length === 0) continue;
    const path = join(directory, pathOf(entry.path));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, body);
  }
  const end = new Uint8Array(1024);
  lines.push(aroundLine(concatBytes([around, end])));
  const tar = concatBytes([...pieces, end]);
  return { tar, diffId: digestOf(tar), lines };
}

/** The record of lines as it is stored. */
export function storedRecord(lines: readonly RecordLine[]): Uint8Array {
  const texts = lines.map((line, position) =>
    typeof line === "string" ? line : JSON.stringify({ ...line, position })
  );
  return gzipSync(texts.map((text) => `${text}\n`).join(""));
}

/** A layer whose files are in `directory`. */
export function splitLayer(
  { tar, diffId }: SplitTar,
  directory: string,
  record: Uint8Array,
): { readonly layer: Layer; readonly job: TarLayerJob } {
  const job: TarLayerJob = {
    kind: "tar",
    location: { kind: "memory", bytes: record },
    size: record.length,
    declaredCompression: null,
    digest: null,
    diffId,
    unpacked: { directory, size: tar.length },
  };
  return { layer: { index: 0, name: "0 (sha256:0123456789ab)", size: tar.length, job }, job };
}

/** A line with bytes of the tar. */
export function aroundLine(bytes: Uint8Array): RecordLine {
  return { type: 2, payload: Buffer.from(bytes).toString("base64") };
}

/** A line for a file. */
export function fileLine(path: Bytes, body: Uint8Array): RecordLine {
  const name = typeof path === "string"
    ? { name: path }
    : { name_raw: Buffer.from(path).toString("base64") };
  if (body.length === 0) return { type: 1, ...name, payload: null };
  const crc = new Crc64();
  crc.update(body);
  const payload = Buffer.from(crc.digest()).toString("base64");
  return { type: 1, ...name, size: body.length, payload };
}

/** A path of this machine with the bytes of `path`. */
function pathOf(path: Bytes): string {
  return typeof path === "string" ? path : new TextDecoder().decode(path);
}
