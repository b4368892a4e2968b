/**
 * Makes a tree as real files in a directory, for programs that read one. Needs root.
 *
 * @module
 */
import { bytesOf, type ByteString, byteStringFrom } from "../../src/bytes/byte_string.ts";
import { type FileTree, walk } from "../../src/tree/file_tree.ts";
import { FileKind, type Inode, modeOf } from "../../src/tree/inode.ts";
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  cString,
  type Libc,
  mustSucceed,
  O_CLOEXEC,
  openLibc,
} from "../libc.ts";
import { type GeneratedContent, generatedReader } from "./generated_content.ts";

const PIECE_SIZE = 1024 * 1024;

/** Makes everything of `tree` below the existing `directory`, whose own metadata is set too. */
export function materialize(tree: FileTree<GeneratedContent>, directory: string): void {
  using libc = new LibcScope();
  const base = byteStringFrom(new TextEncoder().encode(directory));
  const made = new Map<Inode<GeneratedContent>, ByteString>();
  for (const { path, inode } of walk(tree)) {
    const place = path === "" ? base : `${base}/${path}`;
    const first = made.get(inode);
    if (first !== undefined) {
      libc.must(
        "link",
        place,
        libc.symbols.linkat(AT_FDCWD, cString(first), AT_FDCWD, cString(place), 0),
      );
      continue;
    }
    made.set(inode, place);
    if (path !== "") makeNode(libc, place, inode);
    setMetadata(libc, place, inode);
  }
  // Making entries changed the times of their directories.
  for (const [inode, place] of made) setTimes(libc, place, inode);
}

class LibcScope {
  readonly #libc: Libc = openLibc();
  readonly symbols = this.#libc.symbols;

  must(call: string, path: ByteString, result: number | bigint): number {
    return mustSucceed(this.#libc, call, path, result);
  }

  [Symbol.dispose](): void {
    this.#libc.close();
  }
}

function makeNode(libc: LibcScope, place: ByteString, inode: Inode<GeneratedContent>): void {
  const path = cString(place);
  if (inode.kind === FileKind.directory) {
    libc.must("make directory", place, libc.symbols.mkdirat(AT_FDCWD, path, 0o700));
  } else if (inode.kind === FileKind.symlink) {
    libc.must("make link", place, libc.symbols.symlinkat(cString(inode.target), AT_FDCWD, path));
  } else {
    const { deviceMajor, deviceMinor } = inode;
    const device = BigInt(deviceMinor % 256 + deviceMajor * 256) +
      BigInt(Math.floor(deviceMinor / 256)) * 0x10_0000n;
    const mode = modeOf(inode);
    libc.must("make file", place, libc.symbols.mknodat(AT_FDCWD, path, mode, device));
  }
  if (inode.kind === FileKind.regular && inode.size > 0) writeContent(libc, place, inode);
}

function writeContent(libc: LibcScope, place: ByteString, inode: Inode<GeneratedContent>): void {
  const O_WRONLY = 1;
  const opened = libc.symbols.openat(AT_FDCWD, cString(place), O_WRONLY | O_CLOEXEC);
  const file = libc.must("open", place, opened);
  try {
    libc.must("resize", place, libc.symbols.ftruncate64(file, BigInt(inode.size)));
    const content = inode.content!;
    const buffer = new Uint8Array(PIECE_SIZE);
    for (const [start, end] of content.data) {
      for (let position = start; position < end; position += PIECE_SIZE) {
        const piece = buffer.subarray(0, Math.min(PIECE_SIZE, end - position));
        generatedReader.read(content, piece, position);
        const written = libc.symbols.pwrite64(
          file,
          piece,
          BigInt(piece.length),
          BigInt(position),
        );
        if (Number(written) !== piece.length) libc.must("write", place, -1);
      }
    }
  } finally {
    libc.symbols.close(file);
  }
}

function setMetadata(libc: LibcScope, place: ByteString, inode: Inode<GeneratedContent>): void {
  const path = cString(place);
  const { uid, gid, permissions } = inode;
  libc.must(
    "change owner of",
    place,
    libc.symbols.fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW),
  );
  if (inode.kind !== FileKind.symlink) {
    libc.must("change mode of", place, libc.symbols.fchmodat(AT_FDCWD, path, permissions, 0));
  }
  for (const { name, value } of inode.xattrs) {
    const result = libc.symbols.lsetxattr(
      path,
      bytesOf(`${name}\0`),
      new Uint8Array(value),
      BigInt(value.length),
      0,
    );
    libc.must(`set attribute ${name} of`, place, result);
  }
}

function setTimes(libc: LibcScope, place: ByteString, inode: Inode<GeneratedContent>): void {
  // struct timespec[2]: access time, modification time
  const times = new Uint8Array(32);
  const view = new DataView(times.buffer);
  view.setBigInt64(0, BigInt(inode.atimeSeconds), true);
  view.setBigInt64(8, BigInt(inode.atimeNanoseconds), true);
  view.setBigInt64(16, BigInt(inode.mtimeSeconds), true);
  view.setBigInt64(24, BigInt(inode.mtimeNanoseconds), true);
  const result = libc.symbols.utimensat(AT_FDCWD, cString(place), times, AT_SYMLINK_NOFOLLOW);
  libc.must("set times of", place, result);
}
