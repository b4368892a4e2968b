/**
 * Writes composefs images: EROFS filesystems with all metadata of a tree and the names of the objects
 * that have the bytes of its files.
 *
 * @module
 */
import { writeByteString } from "../../bytes/byte_string.ts";
import { CompatFeature } from "../../format/erofs/features.ts";
import { DIRENT_SIZE, writeDirent } from "../../format/erofs/dirent.ts";
import {
  DataLayout,
  INODE_COMPACT_SIZE,
  INODE_EXTENDED_SIZE,
  inodeFormat,
  writeCompactInode,
  writeExtendedInode,
} from "../../format/erofs/inode.ts";
import {
  emptySuperblock,
  SUPERBLOCK_OFFSET,
  SUPERBLOCK_SIZE,
  writeSuperblock,
} from "../../format/erofs/superblock.ts";
import {
  writeXattrEntry,
  writeXattrHeader,
  XATTR_ENTRY_SIZE,
  XATTR_HEADER_SIZE,
  XATTR_REFERENCE_SIZE,
  xattrCount,
} from "../../format/erofs/xattr.ts";
import { xattrFilter } from "../../format/erofs/xattr_filter.ts";
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { VerityDigester } from "../../fsverity/verity_digest.ts";
import type { ByteSink } from "../../io/byte_sink.ts";
import type { NoticeListener } from "../../notice.ts";
import { packDeviceNumber } from "../../tree/device_number.ts";
import type { FileTree } from "../../tree/file_tree.ts";
import { FileKind, modeOf } from "../../tree/inode.ts";
import type { ImageContent } from "./content.ts";
import { cutDirectory } from "./directory_blocks.ts";
import {
  IMAGE_FLAG_HAS_ACL,
  IMAGE_HEADER_VERSION,
  IMAGE_MAGIC,
  writeImageHeader,
} from "./image_header.ts";
import { DataKind, type ImageInode } from "./image_inode.ts";
import { ImageOutput } from "./image_output.ts";
import { type ImagePlan, planImage, splitXattrs } from "./image_plan.ts";
import { IMAGE_BLOCK_SIZE, type ImageVersion, INODE_SLOT_SIZE } from "./image_version.ts";
import { storedSize, type StoredXattr } from "./xattr_pool.ts";

/** How an image is to be written. */
export interface WriteImageOptions {
  /** Version of the image; 1 when absent. */
  readonly version?: ImageVersion;
  /** Algorithm of the digest in the report; sha256 when absent. */
  readonly algorithm?: VerityAlgorithm;
  /** Hears `LOSS` where an attribute is replaced by one of the same name that overlayfs needs. */
  readonly onNotice?: NoticeListener;
}

/** What was written. */
export interface WrittenImage {
  /** fs-verity digest of the image, in hexadecimal: by it the kernel verifies all of it. */
  readonly digest: string;
  /** Bytes of the image. */
  readonly size: number;
  /** Version of the image. */
  readonly version: ImageVersion;
  /** Files in the image, those that it has besides the tree included. */
  readonly inodeCount: number;
}

const FEATURE_COMPAT = CompatFeature.mtime + CompatFeature.xattrFilter;
const BLOCK_SIZE_BITS = 12;

/**
 * Writes the image of a tree into `sink`, in order. Link counts of files are those of the tree
 * (`countLinks` sets them); `Inode.number` is changed.
 *
 * Throws `ImageError` `LIMIT_EXCEEDED` or `UNSUPPORTED` for what an image cannot hold.
 */
export function writeImage(
  tree: FileTree<ImageContent>,
  sink: ByteSink,
  options: WriteImageOptions = {},
): WrittenImage {
  const plan = planImage(tree, options.version ?? 1, options.onNotice ?? (() => {}));
  const digester = new VerityDigester(options.algorithm ?? "sha256");
  new ImageWriter(plan, new ImageOutput(sink, digester)).write();
  return {
    digest: digester.end().toHex(),
    size: plan.size,
    version: plan.version,
    inodeCount: plan.files.length,
  };
}

class ImageWriter {
  readonly #plan: ImagePlan;
  readonly #output: ImageOutput;

  constructor(plan: ImagePlan, output: ImageOutput) {
    this.#plan = plan;
    this.#output = output;
  }

  write(): void {
    const { files, xattrs, dataStart } = this.#plan;
    this.#writeHead();
    for (const file of files) this.#writeInode(file);
    this.#output.padTo(this.#plan.inodesEnd);
    for (const xattr of xattrs.shared) this.#writeXattr(xattr);
    this.#output.padTo(dataStart);
    for (const file of files) if (file.blockCount > 0) this.#writeBlocks(file);
    this.#output.flush();
  }

  #writeHead(): void {
    const { version, files, inodesEnd, size, buildSeconds, buildNanoseconds } = this.#plan;
    const at = this.#output.take(SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE);
    writeImageHeader(this.#output.view, at, {
      magic: IMAGE_MAGIC,
      version: IMAGE_HEADER_VERSION,
      flags: version < 2 && this.#plan.hasAcl ? IMAGE_FLAG_HAS_ACL : 0,
      imageVersion: version,
    });
    writeSuperblock(this.#output.view, at + SUPERBLOCK_OFFSET, {
      ...emptySuperblock(),
      featureCompat: FEATURE_COMPAT,
      blockSizeBits: BLOCK_SIZE_BITS,
      rootNidOrBlocksHigh: nidOf(files[0]),
      inodeCount: files.length,
      epochSeconds: buildSeconds,
      epochNanoseconds: buildNanoseconds,
      blocksLow: size / IMAGE_BLOCK_SIZE,
      xattrBlock: version === 2 ? 0 : Math.floor(inodesEnd / IMAGE_BLOCK_SIZE),
    });
  }

  #writeInode(file: ImageInode): void {
    const { inode } = file;
    this.#output.padTo(file.position);
    const size = file.isExtended ? INODE_EXTENDED_SIZE : INODE_COMPACT_SIZE;
    const at = this.#output.take(size);
    const { view } = this.#output;
    const isVersion2 = this.#plan.version === 2;
    const fields = {
      format: inodeFormat(layoutOf(file), file.isExtended),
      xattrCount: xattrCount(file.xattrSize),
      mode: file.kind === inode.kind ? modeOf(inode) : 0o100000 + inode.permissions,
      size: file.size,
      union: unionOf(file),
      ino: isVersion2 ? nidOf(file) : inode.number,
      uid: inode.uid,
      gid: inode.gid,
    };
    if (file.isExtended) {
      writeExtendedInode(view, at, {
        ...fields,
        blockHigh: 0,
        mtimeSeconds: inode.mtimeSeconds,
        mtimeNanoseconds: isVersion2 ? 0 : inode.mtimeNanoseconds,
        links: file.linkCount,
      });
    } else {
      writeCompactInode(view, at, { ...fields, linksOrHigh: file.linkCount, mtimeOffset: 0 });
    }
    if (file.xattrSize > 0) this.#writeXattrs(file);
    if (file.tailSize > 0) this.#writeTail(file);
  }

  #writeXattrs(file: ImageInode): void {
    const { version, inodesEnd } = this.#plan;
    const xattrs = this.#plan.xattrs.of(file);
    const { shared, local } = splitXattrs(xattrs, version);
    const at = this.#output.take(XATTR_HEADER_SIZE + shared.length * XATTR_REFERENCE_SIZE);
    const { view } = this.#output;
    writeXattrHeader(view, at, {
      nameFilter: xattrFilter(xattrs),
      sharedCount: shared.length,
    });
    // References count from the block in which the table begins, or from the start of the image.
    const base = version === 2 ? inodesEnd : inodesEnd % IMAGE_BLOCK_SIZE;
    shared.forEach(({ sharedOffset }, i) => {
      const reference = (base + sharedOffset) / XATTR_REFERENCE_SIZE;
      view.setUint32(at + XATTR_HEADER_SIZE + i * XATTR_REFERENCE_SIZE, reference, true);
    });
    for (const xattr of local) this.#writeXattr(xattr);
  }

  #writeXattr(xattr: StoredXattr): void {
    const at = this.#output.take(storedSize(xattr));
    const { view, bytes } = this.#output;
    const { index, suffix, value } = xattr;
    writeXattrEntry(view, at, {
      nameLength: suffix.length,
      nameIndex: index,
      valueSize: value.length,
    });
    writeByteString(bytes, at + XATTR_ENTRY_SIZE, suffix);
    writeByteString(bytes, at + XATTR_ENTRY_SIZE + suffix.length, value);
  }

  /** The data behind the inode. */
  #writeTail(file: ImageInode): void {
    const { inode, tailSize } = file;
    if (file.data === DataKind.entries) {
      this.#writeEntries(file, cutDirectory(file.names).blockEnds.at(-1) ?? 0, file.names.length);
      return;
    }
    const at = this.#output.take(tailSize);
    const { bytes } = this.#output;
    if (file.data === DataKind.chunks) bytes.fill(0xff, at, at + tailSize);
    else if (file.data === DataKind.target) writeByteString(bytes, at, inode.target);
    else bytes.set(inode.content!.bytes!.subarray(inode.size - tailSize), at);
  }

  /** The data in blocks of its own. */
  #writeBlocks(file: ImageInode): void {
    const { inode } = file;
    if (file.data === DataKind.entries) {
      let start = 0;
      for (const end of cutDirectory(file.names).blockEnds) {
        const blockEnd = this.#output.position + IMAGE_BLOCK_SIZE;
        this.#writeEntries(file, start, end);
        this.#output.padTo(blockEnd);
        start = end;
      }
      return;
    }
    const size = file.blockCount * IMAGE_BLOCK_SIZE;
    const at = this.#output.take(size);
    const { bytes } = this.#output;
    if (file.data === DataKind.chunks) bytes.fill(0xff, at, at + size);
    else if (file.data === DataKind.target) writeByteString(bytes, at, inode.target);
    else bytes.set(inode.content!.bytes!.subarray(0, size), at);
  }

  /** The entries of the names `[start, end)` of a directory. */
  #writeEntries(directory: ImageInode, start: number, end: number): void {
    const names = directory.names.slice(start, end);
    let nameOffset = names.length * DIRENT_SIZE;
    const size = names.reduce((sum, name) => sum + name.length, nameOffset);
    const at = this.#output.take(size);
    const { view, bytes } = this.#output;
    names.forEach((name, i) => {
      const target = this.#target(directory, name);
      writeDirent(view, at + i * DIRENT_SIZE, {
        nid: nidOf(target),
        nameOffset,
        fileType: target.kind,
      });
      writeByteString(bytes, at + nameOffset, name);
      nameOffset += name.length;
    });
  }

  #target(directory: ImageInode, name: string): ImageInode {
    if (name === ".") return directory;
    if (name === "..") return directory.parent;
    return this.#plan.files[directory.inode.children!.get(name)!.number];
  }
}

function nidOf(file: ImageInode): number {
  return file.position / INODE_SLOT_SIZE;
}

function layoutOf(file: ImageInode): DataLayout {
  if (file.data === DataKind.chunks) return DataLayout.chunkBased;
  return file.tailSize > 0 ? DataLayout.flatInline : DataLayout.flatPlain;
}

/** `i_u`: the first block, the number of a device, or the form of chunks. */
function unionOf(file: ImageInode): number {
  const { kind, inode, startBlock, chunkBits } = file;
  // The form of chunks takes the place of the low half of a block's number.
  if (file.data === DataKind.chunks) return startBlock - startBlock % 65536 + chunkBits;
  const isDevice = kind === FileKind.characterDevice || kind === FileKind.blockDevice;
  return isDevice ? packDeviceNumber(inode.deviceMajor, inode.deviceMinor) : startBlock;
}
