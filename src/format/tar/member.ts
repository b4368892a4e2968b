/**
 * A file of the tree as a member of an archive: its header, and the extended header in front of it
 * where the header's fields are too small or too coarse.
 *
 * @module
 */
import { isUtf8 } from "node:buffer";
import { bytesOf, type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { formatPaxAcl } from "../../layer/tar/pax_acl.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import {
  BLOCK_SIZE,
  EMPTY_HEADER,
  MAX_OCTAL_11,
  MAX_OCTAL_7,
  type TarHeader,
  TypeFlag,
  writeTarHeader,
} from "./header.ts";
import { PaxWriter } from "./pax_writer.ts";

const NAME_SIZE = 100;
const PREFIX_SIZE = 155;

/** What a member is besides its file. */
export interface MemberShape {
  /** Name in the archive; of a directory with a slash behind it. */
  readonly name: ByteString;
  /** One of {@linkcode TypeFlag}. */
  readonly typeFlag: string;
  /** Target of a symbolic or hard link, else empty. */
  readonly linkName: ByteString;
  /** Bytes of the body. */
  readonly size: number;
  /** The whole size of a file whose holes are left out; its body begins with a map. */
  readonly sparseSize?: number;
}

const TYPE_FLAGS: Readonly<Record<FileKind, string | undefined>> = {
  [FileKind.regular]: TypeFlag.regular,
  [FileKind.directory]: TypeFlag.directory,
  [FileKind.characterDevice]: TypeFlag.characterDevice,
  [FileKind.blockDevice]: TypeFlag.blockDevice,
  [FileKind.fifo]: TypeFlag.fifo,
  [FileKind.socket]: undefined,
  [FileKind.symlink]: TypeFlag.symlink,
};

/** The flag of a kind of file; `undefined` for sockets. */
export function typeFlagOf(kind: FileKind): string | undefined {
  return TYPE_FLAGS[kind];
}

/** All header blocks of a member, the extended header first where it needs one. */
export function memberHeaders(inode: Inode, shape: MemberShape): Uint8Array {
  const pax = new PaxWriter();
  const isSparse = shape.sparseSize !== undefined;
  const { linkName } = shape;
  const name = nameFields(isSparse ? sparseName(shape.name) : shape.name);
  const isNameLong = name === null || isSparse;
  const isLinkNameLong = linkName.length > NAME_SIZE;
  if (isNameLong && !isText(shape.name) || isLinkNameLong && !isText(linkName)) {
    // Records are UTF-8 where nothing else is said.
    pax.add("hdrcharset", "BINARY");
  }
  if (isSparse) {
    pax.add("GNU.sparse.major", "1");
    pax.add("GNU.sparse.minor", "0");
    pax.add("GNU.sparse.name", shape.name);
    pax.add("GNU.sparse.realsize", `${shape.sparseSize}`);
  }
  if (name === null && !isSparse) pax.add("path", shape.name);
  if (isLinkNameLong) pax.add("linkpath", linkName);
  const header: TarHeader = {
    ...name ?? { name: shape.name.slice(0, NAME_SIZE), prefix: "" },
    permissions: inode.permissions,
    uid: fitting(pax, "uid", inode.uid, MAX_OCTAL_7),
    gid: fitting(pax, "gid", inode.gid, MAX_OCTAL_7),
    size: fitting(pax, "size", shape.size, MAX_OCTAL_11),
    mtimeSeconds: mtimeField(pax, inode),
    typeFlag: shape.typeFlag,
    linkName: linkName.slice(0, NAME_SIZE),
    deviceMajor: deviceNumber(inode.deviceMajor, shape.name),
    deviceMinor: deviceNumber(inode.deviceMinor, shape.name),
  };
  if (
    inode.atimeSeconds !== inode.mtimeSeconds || inode.atimeNanoseconds !== inode.mtimeNanoseconds
  ) {
    pax.addTime("atime", inode.atimeSeconds, inode.atimeNanoseconds);
  }
  if (shape.typeFlag !== TypeFlag.hardLink) {
    for (const xattr of inode.xattrs) pax.addXattr(xattr);
    // Container engines read lists as attributes, the programs of an administrator as text.
    for (const xattr of inode.xattrs) {
      const acl = formatPaxAcl(xattr);
      if (acl !== null) pax.add(acl.keyword, acl.text);
    }
  }
  return assemble(header, pax, shape.name);
}

function assemble(header: TarHeader, pax: PaxWriter, path: ByteString): Uint8Array {
  if (pax.isEmpty) {
    const block = new Uint8Array(BLOCK_SIZE);
    writeTarHeader(block, header);
    return block;
  }
  const records = pax.bytes();
  const paddedSize = Math.ceil(records.length / BLOCK_SIZE) * BLOCK_SIZE;
  const blocks = new Uint8Array(paddedSize + 2 * BLOCK_SIZE);
  writeTarHeader(blocks, {
    ...EMPTY_HEADER,
    name: paxName(path),
    permissions: 0o644,
    size: records.length,
    typeFlag: TypeFlag.pax,
  });
  blocks.set(records, BLOCK_SIZE);
  writeTarHeader(blocks.subarray(paddedSize + BLOCK_SIZE), header);
  return blocks;
}

/** Name and prefix that hold `path`, `null` where they cannot. */
function nameFields(path: ByteString): { name: ByteString; prefix: ByteString } | null {
  if (path.length <= NAME_SIZE) return { name: path, prefix: "" };
  // The slash between them is in neither; a name must not be empty.
  const slash = path.lastIndexOf("/", Math.min(PREFIX_SIZE, path.length - 2));
  const nameSize = path.length - slash - 1;
  if (slash <= 0 || nameSize > NAME_SIZE) return null;
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) };
}

/** Whoever does not know extended headers extracts them under this name. */
function paxName(path: ByteString): ByteString {
  return `PaxHeaders/${lastName(path)}`.slice(0, NAME_SIZE);
}

/** Whoever does not know sparse files extracts the map and the data under this name. */
function sparseName(path: ByteString): ByteString {
  return `GNUSparseFile.0/${lastName(path)}`.slice(0, NAME_SIZE);
}

function isText(name: ByteString): boolean {
  return isUtf8(bytesOf(name));
}

function lastName(path: ByteString): ByteString {
  const end = path.endsWith("/") ? path.length - 1 : path.length;
  return path.slice(path.lastIndexOf("/", end - 1) + 1, end);
}

/** The value where it fits, else a record and the largest that fits. */
function fitting(pax: PaxWriter, keyword: string, value: number, max: number): number {
  if (value <= max) return value;
  pax.add(keyword, `${value}`);
  return 0;
}

function mtimeField(pax: PaxWriter, inode: Inode): number {
  const { mtimeSeconds, mtimeNanoseconds } = inode;
  const fits = mtimeSeconds >= 0 && mtimeSeconds <= MAX_OCTAL_11;
  if (!fits || mtimeNanoseconds !== 0) pax.addTime("mtime", mtimeSeconds, mtimeNanoseconds);
  return fits ? mtimeSeconds : 0;
}

function deviceNumber(value: number, path: ByteString): number {
  if (value <= MAX_OCTAL_7) return value;
  const shown = displayByteString(path);
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot write device "${shown}" to tar: its number has ${value}, expected at most ${MAX_OCTAL_7}`,
    { where: { path: shown } },
  );
}
