/**
 * What is put into an image, as layers on top of it.
 *
 * @module
 */
import { basename } from "node:path";
import { type ByteString, utf8ByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import { fileSource } from "../io/file_source.ts";
import type { GivenFile, Layer, LayerJob } from "../layer/layer.ts";
import { quoteText } from "../oci/quote.ts";
import { expectKind } from "../source/path_kind.ts";
import { parseGuestPath } from "./guest_path.ts";
import { MAX_ID } from "./id_map.ts";
import type { Addition, Owner } from "./image_edits.ts";
import type { Placement } from "./relocation.ts";

/** A layer on top of an image. */
export interface AddedLayer {
  /** How it is read. */
  readonly layer: Layer;
  /** Where its files go. */
  readonly placement: Placement;
  /** Its files keep their owner whatever owner is given to all. */
  readonly hasOwner: boolean;
}

/** Names of archives, plain and compressed. */
const ARCHIVE_NAME = /\.(tar(\.(gz|zst|zstd|xz|bz2))?|tgz|tzst|txz|tbz2?)$/i;
const ROOT: Owner = { uid: 0, gid: 0 };

/**
 * The layer of an addition that makes sense; `index` is its place, `createdSeconds` the time of bytes.
 *
 * Throws `ImageError` `NOT_FOUND`, `PERMISSION` or `IO` for a file that is not there, `UNSUPPORTED`
 * for permissions of what is no file.
 */
export function addedLayer(
  addition: Addition,
  index: number,
  createdSeconds: number,
): AddedLayer {
  const { from, owner, permissions } = addition;
  const kind = kindOf(addition);
  if (kind !== "file" && permissions !== undefined) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot give permissions to "${from}": it is a ${kind}, whose files have their own, ` +
        "expected a file",
    );
  }
  const name = typeof from === "string" ? from : addition.to;
  const { job, size } = jobOf(addition, kind, createdSeconds);
  return {
    layer: { index, name: `${index} (added ${quoteText(name)})`, size, job },
    placement: {
      path: kind === "file" ? filePath(addition) : parseGuestPath(addition.to),
      permissions: permissions ?? null,
      owner: owner ?? (kind === "tar" ? null : ROOT),
    },
    hasOwner: owner !== undefined,
  };
}

/** The layer of files that are made here, at paths of their own. */
export function madeLayer(files: readonly GivenFile[], index: number): AddedLayer {
  const size = files.reduce((sum, it) => sum + (it.kind === "bytes" ? it.bytes.length : 0), 0);
  return {
    layer: { index, name: `${index} (made)`, size, job: filesJob(files) },
    placement: { path: "", permissions: null, owner: null },
    hasOwner: false,
  };
}

function kindOf({ from, kind }: Addition): "file" | "directory" | "tar" {
  if (typeof from !== "string") return kind ?? "file";
  if (kind !== undefined) {
    expectKind(from, [kind === "directory" ? "directory" : "file"]);
    return kind;
  }
  const found = expectKind(from, ["file", "directory"]);
  return found === "file" && ARCHIVE_NAME.test(from) ? "tar" : found as "file" | "directory";
}

function jobOf(
  { from, permissions }: Addition,
  kind: "file" | "directory" | "tar",
  mtimeSeconds: number,
): { job: LayerJob; size: number } {
  if (kind === "directory") {
    const job: LayerJob = {
      kind: "directory",
      directories: [from as string],
      markers: "none",
      oneFileSystem: false,
      keepsHostLabels: false,
      declaredCompression: null,
      digest: null,
      diffId: null,
    };
    return { job, size: 0 };
  }
  const size = typeof from === "string" ? sizeOf(from) : from.length;
  if (kind === "file") {
    const file: GivenFile = typeof from === "string"
      ? { kind: "host", path: "", hostPath: from }
      : { kind: "bytes", path: "", bytes: from, permissions: permissions ?? 0o644, mtimeSeconds };
    return { job: filesJob([file]), size };
  }
  const job: LayerJob = {
    kind: "tar",
    location: typeof from === "string"
      ? { kind: "file", path: from, offset: 0 }
      : { kind: "memory", bytes: from },
    size,
    declaredCompression: null,
    digest: null,
    diffId: null,
    hasPlainNames: true,
  };
  return { job, size };
}

function filesJob(files: readonly GivenFile[]): LayerJob {
  return { kind: "files", files, declaredCompression: null, digest: null, diffId: null };
}

function sizeOf(path: string): number {
  const source = fileSource(path);
  source.close();
  return source.size;
}

function filePath({ from, to }: Addition): ByteString {
  const path = parseGuestPath(to);
  if (path !== "" && !to.endsWith("/")) return path;
  const name = utf8ByteString(basename(from as string));
  return path === "" ? name : `${path}/${name}`;
}

/** Throws `RangeError` for permissions that there cannot be. */
export function checkPermissions(permissions: number): void {
  if (isWithin(permissions, 0o7777)) return;
  throw new RangeError(`Cannot use permissions ${permissions}, expected 0 to 0o7777`);
}

/** Throws `RangeError` for an owner that there cannot be. */
export function checkOwner({ uid, gid }: Owner): void {
  if (isWithin(uid, MAX_ID) && isWithin(gid, MAX_ID)) return;
  throw new RangeError(`Cannot use owner ${uid}:${gid}, expected ids from 0 to ${MAX_ID}`);
}

function isWithin(value: number, largest: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= largest;
}
