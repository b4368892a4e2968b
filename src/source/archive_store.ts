/**
 * The members of a tar archive as a store: nothing is unpacked, a member is a range of the archive.
 *
 * @module
 */
import { type ByteString, displayByteString, utf8ByteString } from "../bytes/byte_string.ts";
import { formatOfBytes, HEAD_SIZE } from "../format/formats.ts";
import { ImageError } from "../image_error.ts";
import { fileSource } from "../io/file_source.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { quote } from "../oci/quote.ts";
import {
  type ArchiveIndex,
  type ArchiveMember,
  cleanMemberPath,
  isTarArchive,
  readArchiveIndex,
} from "./archive_index.ts";
import type { FileStore, StoredFile } from "./file_store.ts";
import { isCompressed, spoolArchive, type SpooledArchive } from "./spooled_archive.ts";
import { cleanStorePath } from "./store_path.ts";

/** Most links that lead from one to the next. */
const MOST_LINKS = 40;

/**
 * Opens the tar archive at `path` and reads its table of members. A compressed archive is first
 * decompressed to a temporary file, which `close` deletes.
 *
 * Throws `ImageError`: `NOT_FOUND` when the file is no archive, `CORRUPT`, `LIMIT_EXCEEDED`,
 * `OUT_OF_SPACE`, `PERMISSION`, `IO`; the signal's reason when cancelled.
 */
export async function openArchive(path: string, signal?: AbortSignal): Promise<FileStore> {
  signal?.throwIfAborted();
  const spooled = await spoolCompressed(path, signal);
  const tarPath = spooled?.path ?? path;
  try {
    const members = readMembers(tarPath, path, signal);
    return new ArchiveStore(path, tarPath, members, () => spooled?.remove());
  } catch (error) {
    spooled?.remove();
    throw error;
  }
}

/** The decompressed form of a compressed archive, `null` for one that is not compressed. */
async function spoolCompressed(
  path: string,
  signal?: AbortSignal,
): Promise<SpooledArchive | null> {
  const source = fileSource(path);
  try {
    return isCompressed(source) ? await spoolArchive(path, source, signal) : null;
  } finally {
    source.close();
  }
}

/** `name` is for people: `path` may be a temporary file. */
function readMembers(path: string, name: string, signal?: AbortSignal): ArchiveIndex {
  const source = fileSource(path);
  try {
    if (!isTarArchive(source)) throw noArchive(source, path, name);
    return readArchiveIndex(source, () => signal?.throwIfAborted());
  } finally {
    source.close();
  }
}

class ArchiveStore implements FileStore {
  readonly name: string;
  readonly #path: string;
  readonly #members: ArchiveIndex;
  readonly #close: () => void;

  constructor(name: string, path: string, members: ArchiveIndex, close: () => void) {
    this.name = name;
    this.#path = path;
    this.#members = members;
    this.#close = close;
  }

  find(path: string): StoredFile | null {
    let name: ByteString = utf8ByteString(cleanStorePath(path));
    for (let links = 0; links <= MOST_LINKS; links++) {
      const member = this.#members.get(name);
      if (member === undefined) return null;
      if (member.kind === "file") {
        const { offset, size } = member;
        return { location: { kind: "file", path: this.#path, offset }, size };
      }
      if (member.kind === "other") {
        throw new ImageError(
          "CORRUPT",
          `Cannot read archive member ${shown(name)}: it is no regular file, expected one`,
        );
      }
      name = linkedName(name, member);
    }
    throw new ImageError(
      "CORRUPT",
      `Cannot read archive member ${
        quote(path)
      }: its links lead round in a circle, expected a file`,
    );
  }

  close(): void {
    this.#close();
  }
}

/** Where a link leads. Throws `ImageError` `UNSAFE_PATH` when that is outside the archive. */
function linkedName(
  name: ByteString,
  link: ArchiveMember & { readonly kind: "symlink" | "hardlink" },
): ByteString {
  let components: string[] = [];
  if (link.kind === "symlink") {
    components = name.split("/").slice(0, -1);
    for (const part of link.target.split("/")) {
      if (part === "..") {
        if (components.length === 0) throw unsafeLink(name, link.target);
        components.pop();
      } else if (part !== "" && part !== ".") {
        components.push(part);
      }
    }
  }
  const clean = cleanMemberPath(link.kind === "hardlink" ? link.target : components.join("/"));
  if (clean === null || (link.kind === "symlink" && link.target.startsWith("/"))) {
    throw unsafeLink(name, link.target);
  }
  return clean;
}

function unsafeLink(name: ByteString, target: ByteString): ImageError {
  return new ImageError(
    "UNSAFE_PATH",
    `Cannot follow link ${shown(name)}: its target is ${shown(target)}, expected a member of the ` +
      "archive",
  );
}

function shown(name: ByteString): string {
  return `"${displayByteString(name.slice(0, 120))}"`;
}

function noArchive(source: ByteSource, path: string, name: string): ImageError {
  const head = new Uint8Array(HEAD_SIZE);
  const bytes = head.subarray(0, source.read(head, 0));
  const format = formatOfBytes(bytes);
  let observed = `it begins with the bytes ${bytes.subarray(0, 8).toHex()}`;
  let expected = "a tar archive, plain or compressed";
  if (bytes.length === 0) observed = "it is empty";
  else if (path !== name && format !== null) {
    observed = `it is a compressed ${format.name}`;
    expected = format.optionsOfFileName === undefined
      ? "it uncompressed"
      : `${format.name}: before its path, or a tar archive`;
  }
  return new ImageError(
    "NOT_FOUND",
    `Cannot open image ${quote(name)}: ${observed}, expected ${expected}`,
  );
}
