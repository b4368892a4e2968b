/**
 * The extended attributes of an inode: in the inode, in its block, and in inodes of their own.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { type ByteString, byteStringFrom, displayByteString } from "../../bytes/byte_string.ts";
import { crc32c } from "../../bytes/crc32c.ts";
import { canonicalXattrs, NO_XATTRS, type Xattr } from "../../tree/inode.ts";
import { aclFromDisk } from "./acl.ts";
import { xattrBlockChecksum } from "./checksum.ts";
import { IncompatFeature } from "./features.ts";
import { INODE_EA_INODE, INODE_GOOD_OLD_SIZE } from "./inode.ts";
import { readContent } from "./reader_content.ts";
import { readExtents } from "./reader_extents.ts";
import type { Ext4Inodes, FoundInode } from "./reader_inodes.ts";
import { type Ext4Volume, hex } from "./reader_volume.ts";
import {
  joinXattrName,
  readXattrBlockHeader,
  readXattrEntry,
  XATTR_BLOCK_HEADER_SIZE,
  XATTR_ENTRY_SIZE,
  XATTR_INDEX_ACL_ACCESS,
  XATTR_INDEX_ACL_DEFAULT,
  XATTR_INODE_HEADER_SIZE,
  XATTR_MAGIC,
  XATTR_MAX_REFERENCES,
  XATTR_TERMINATOR_SIZE,
  xattrBlockHash,
  xattrEaInodeHash,
  type XattrEntry,
  xattrEntryHash,
  xattrEntrySize,
  xattrValueSize,
} from "./xattr.ts";

/** The largest value that Linux hands out (`XATTR_SIZE_MAX`). */
const VALUE_MAX = 65536;
/** The attribute with the end of what an inode holds itself. */
const INLINE_NAME = "system.data";

/** A block of attributes, which several inodes may share. */
interface SharedBlock {
  readonly xattrs: readonly Xattr[];
  readonly refcount: number;
  /** Clusters of the inodes that hold values of it. */
  readonly valueClusters: number;
  /** Inodes that named it so far. */
  seen: number;
}

/** The value of attributes that is an inode of its own. */
interface SharedValue {
  readonly value: Uint8Array;
  /** Entries that named it so far. */
  seen: number;
}

/** Where entries stand. */
interface Area {
  readonly thing: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** First entry. */
  readonly start: number;
  /** End of the values. */
  readonly end: number;
  /** What value offsets count from. */
  readonly base: number;
  readonly isBlock: boolean;
}

/** Reads extended attributes. */
export class Ext4Xattrs {
  readonly #volume: Ext4Volume;
  readonly #inodes: Ext4Inodes;
  readonly #blocks = new Map<number, SharedBlock>();
  readonly #values = new Map<number, SharedValue>();
  // By inode: what values in inodes of their own are charged to it.
  readonly #charges = new Map<number, number>();
  #valueClusters = 0;

  /** Prepares to read the attributes of an image. */
  constructor(volume: Ext4Volume, inodes: Ext4Inodes) {
    this.#volume = volume;
    this.#inodes = inodes;
  }

  /** The value of `system.data` of an inode that holds its own data, `null` where there is none. */
  readInlineValue(inode: FoundInode): Uint8Array | null {
    const found = this.#readInode(inode, false).find(({ name }) => name === INLINE_NAME);
    const { inodeSize } = this.#volume.superblock;
    if (found !== undefined && found.value.length > inodeSize) {
      throw this.#volume.corrupt(
        `attributes of inode ${inode.number}`,
        `${INLINE_NAME} has ${found.value.length} bytes`,
        `what an inode of ${inodeSize} holds`,
      );
    }
    return found?.value ?? null;
  }

  /** All attributes of an inode, sorted by name; throws `ImageError` `CORRUPT`. */
  read(inode: FoundInode): readonly Xattr[] {
    this.#valueClusters = 0;
    // What belongs to the data is no attribute; some writers put it, empty, into every inode.
    const all = this.#readInode(inode);
    const own = all.length === 0 ? all : all.filter(({ name }) => name !== INLINE_NAME);
    const merged = this.#merge(inode, own);
    if (this.#valueClusters > 0) this.#charges.set(inode.number, this.#valueClusters);
    return merged;
  }

  #merge(inode: FoundInode, inInode: readonly Xattr[]): readonly Xattr[] {
    const inBlock = inode.fields.fileAcl === 0 ? NO_XATTRS : this.#readBlock(inode.fields.fileAcl);
    if (inInode.length === 0 && inBlock.length === 0) return NO_XATTRS;
    const all = canonicalXattrs([...inBlock, ...inInode]);
    if (all.length !== inInode.length + inBlock.length) {
      throw this.#volume.corrupt(
        `attributes of inode ${inode.number}`,
        "a name stands twice",
        "once",
      );
    }
    return all;
  }

  /** Clusters of inodes that hold values of an inode's attributes: `i_blocks` counts them too. */
  chargeOf(inode: number): number {
    return this.#charges.get(inode) ?? 0;
  }

  /** How often every block was named, and how often it says so, once all inodes were read. */
  *blockReferences(): Generator<{ block: number; refcount: number; seen: number }> {
    for (const [block, { refcount, seen }] of this.#blocks) yield { block, refcount, seen };
  }

  /** How often the value of an attribute was named that is an inode of its own. */
  valueReferences(inode: number): number {
    return this.#values.get(inode)?.seen ?? 0;
  }

  #readInode(inode: FoundInode, isCounted = true): readonly Xattr[] {
    const { inodeSize } = this.#volume.superblock;
    if (inodeSize === INODE_GOOD_OLD_SIZE || inode.fields.extraIsize === 0) return NO_XATTRS;
    const at = inode.at + INODE_GOOD_OLD_SIZE + inode.fields.extraIsize;
    const end = inode.at + inodeSize;
    if (at + XATTR_INODE_HEADER_SIZE > end) return NO_XATTRS;
    if (inode.view.getUint32(at, true) !== XATTR_MAGIC) return NO_XATTRS;
    const start = at + XATTR_INODE_HEADER_SIZE;
    return this.#readEntries(
      {
        thing: `attributes of inode ${inode.number}`,
        bytes: inode.bytes,
        view: inode.view,
        start,
        end,
        base: start,
        isBlock: false,
      },
      [],
      isCounted,
    );
  }

  #readBlock(block: number): readonly Xattr[] {
    const known = this.#blocks.get(block);
    if (known !== undefined) {
      known.seen++;
      this.#valueClusters += known.valueClusters;
      return known.xattrs;
    }
    const volume = this.#volume;
    const thing = `attribute block ${block}`;
    const position = block * volume.blockSize;
    const { bytes, view } = volume.readBlock(block, thing);
    volume.claim(block, 1, thing);
    const header = readXattrBlockHeader(view, 0);
    if (header.magic !== XATTR_MAGIC || header.blocks !== 1) {
      throw volume.corrupt(
        thing,
        `magic is ${hex(header.magic)} and it has ${header.blocks} blocks`,
        `${hex(XATTR_MAGIC)} and 1`,
        position,
      );
    }
    if (header.refcount < 1 || header.refcount > XATTR_MAX_REFERENCES) {
      throw volume.corrupt(
        thing,
        `reference count is ${header.refcount}`,
        `1 to ${XATTR_MAX_REFERENCES}`,
        position,
      );
    }
    if (volume.hasChecksums) {
      const computed = xattrBlockChecksum(volume.seed, block, bytes, 0, volume.blockSize);
      volume.checkChecksum(thing, header.checksum, computed, position);
    }
    const hashes: number[] = [];
    const clustersBefore = this.#valueClusters;
    const xattrs = this.#readEntries({
      thing,
      bytes,
      view,
      start: XATTR_BLOCK_HEADER_SIZE,
      end: volume.blockSize,
      base: 0,
      isBlock: true,
    }, hashes);
    if (header.hash !== 0 && header.hash !== xattrBlockHash(hashes)) {
      throw volume.corrupt(
        thing,
        `hash is ${hex(header.hash)}`,
        hex(xattrBlockHash(hashes)),
        position,
      );
    }
    const valueClusters = this.#valueClusters - clustersBefore;
    this.#blocks.set(block, { xattrs, refcount: header.refcount, valueClusters, seen: 1 });
    return xattrs;
  }

  #readEntries(area: Area, hashes: number[] = [], isCounted = true): Xattr[] {
    const { view, bytes } = area;
    const found: { entry: XattrEntry; suffix: ByteString }[] = [];
    let at = area.start;
    for (;;) {
      if (at + XATTR_TERMINATOR_SIZE > area.end) this.#refuse(area, "entries do not end", "a zero");
      if (view.getUint32(at, true) === 0) break;
      if (at + XATTR_ENTRY_SIZE > area.end) this.#refuse(area, "entry is cut", "16 bytes");
      const entry = readXattrEntry(view, at);
      const nameAt = at + XATTR_ENTRY_SIZE;
      const next = at + xattrEntrySize(entry.nameLength);
      if (next > area.end) this.#refuse(area, "name is cut", `${entry.nameLength} bytes`);
      found.push({ entry, suffix: byteStringFrom(bytes, nameAt, nameAt + entry.nameLength) });
      at = next;
    }
    const valuesStart = at + XATTR_TERMINATOR_SIZE;
    let valueBytes = 0;
    const xattrs = found.map(({ entry, suffix }, i) => {
      if (area.isBlock && i > 0) this.#checkOrder(area, found[i - 1], found[i]);
      valueBytes += entry.valueInode === 0 ? xattrValueSize(entry.valueSize) : 0;
      if (valueBytes > area.end - valuesStart) this.#refuse(area, "values overlap", "they do not");
      const value = entry.valueInode === 0
        ? this.#localValue(area, entry, suffix, valuesStart)
        : this.#inodeValue(area, entry, suffix, isCounted);
      hashes.push(entry.hash);
      return this.#xattr(area, entry.nameIndex, suffix, value);
    });
    return xattrs;
  }

  #localValue(area: Area, entry: XattrEntry, suffix: ByteString, valuesStart: number): Uint8Array {
    const { valueSize } = entry;
    const valueAt = area.base + entry.valueOffset;
    if (valueSize === 0 && valueAt <= area.end) {
      return this.#checkHash(area, entry, suffix, new Uint8Array(0));
    }
    if (valueAt < valuesStart || valueAt + valueSize > area.end) {
      this.#refuse(
        area,
        `value is at ${valueAt - area.base} with ${valueSize} bytes`,
        `${valuesStart - area.base} to ${area.end - area.base}`,
      );
    }
    return this.#checkHash(area, entry, suffix, area.bytes.slice(valueAt, valueAt + valueSize));
  }

  #checkHash(area: Area, entry: XattrEntry, suffix: ByteString, value: Uint8Array): Uint8Array {
    // In an inode the hash may be left out.
    if (!area.isBlock && entry.hash === 0) return value;
    const expected = xattrEntryHash(suffix, value);
    if (entry.hash !== expected && entry.hash !== xattrEntryHash(suffix, value, true)) {
      this.#refuse(area, `hash of an entry is ${hex(entry.hash)}`, hex(expected));
    }
    return value;
  }

  #inodeValue(
    area: Area,
    entry: XattrEntry,
    suffix: ByteString,
    isCounted: boolean,
  ): Uint8Array {
    const volume = this.#volume;
    if ((volume.superblock.featureIncompat & IncompatFeature.eaInode) === 0) {
      this.#refuse(area, `value is in inode ${entry.valueInode}`, "here, without ea_inode");
    }
    let shared = this.#values.get(entry.valueInode);
    if (shared === undefined) {
      const inode = this.#inodes.read(entry.valueInode);
      const { size, flags } = inode.fields;
      if ((flags & INODE_EA_INODE) === 0 || size > VALUE_MAX) {
        this.#refuse(
          area,
          `inode ${entry.valueInode} has flags ${hex(flags)} and ${size} bytes`,
          `an attribute's inode of at most ${VALUE_MAX} bytes`,
        );
      }
      const content = readExtents(volume, inode);
      const last = content.runs().at(-1);
      const end = last === undefined ? 0 : last.logicalBlock + last.blockCount;
      if (end * volume.blockSize < size) {
        this.#refuse(area, `inode ${entry.valueInode} has ${end} blocks`, `${size} bytes`);
      }
      const bytes = new Uint8Array(size);
      readContent(volume, content, bytes, 0);
      const checksum = crc32c(volume.seed, bytes);
      if (inode.fields.atime !== checksum) {
        this.#refuse(
          area,
          `hash of inode ${entry.valueInode} is ${hex(inode.fields.atime)}`,
          hex(checksum),
        );
      }
      shared = { value: bytes, seen: 0 };
      this.#values.set(entry.valueInode, shared);
    }
    const { value } = shared;
    if (isCounted) {
      shared.seen++;
      this.#valueClusters += divideUp(value.length, volume.blockSize * volume.clusterRatio);
    }
    if (value.length !== entry.valueSize) {
      this.#refuse(area, `value has ${value.length} bytes`, `${entry.valueSize}`);
    }
    const checksum = crc32c(volume.seed, value);
    const expected = xattrEaInodeHash(suffix, checksum);
    if (entry.hash !== expected && entry.hash !== xattrEaInodeHash(suffix, checksum, true)) {
      this.#refuse(area, `hash of an entry is ${hex(entry.hash)}`, hex(expected));
    }
    return value;
  }

  #xattr(area: Area, index: number, suffix: ByteString, value: Uint8Array): Xattr {
    const name = joinXattrName(index, suffix);
    if (name === undefined || suffix.includes("\0")) {
      this.#refuse(
        area,
        `name is "${displayByteString(suffix)}" with prefix ${index}`,
        "a known prefix",
      );
    }
    if (index !== XATTR_INDEX_ACL_ACCESS && index !== XATTR_INDEX_ACL_DEFAULT) {
      return { name, value };
    }
    const acl = aclFromDisk(value);
    if (typeof acl === "string") this.#refuse(area, `${name}: ${acl}`, "a POSIX ACL");
    return { name, value: acl };
  }

  /** The kernel stops searching a block where order says that a name cannot follow. */
  #checkOrder(
    area: Area,
    a: { entry: XattrEntry; suffix: ByteString },
    b: { entry: XattrEntry; suffix: ByteString },
  ): void {
    const order = a.entry.nameIndex - b.entry.nameIndex ||
      a.suffix.length - b.suffix.length || (a.suffix < b.suffix ? -1 : 1);
    if (order > 0) {
      this.#refuse(
        area,
        `"${displayByteString(b.suffix)}" follows "${displayByteString(a.suffix)}"`,
        "entries by prefix, length and name",
      );
    }
  }

  #refuse(area: Area, observed: string, expected: string): never {
    throw this.#volume.corrupt(area.thing, observed, expected);
  }
}
