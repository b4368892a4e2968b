/**
 * The footer of a VHD file (Virtual Hard Disk Image Format Specification 1.0, "Hard Disk Footer
 * Format"). Numbers are big-endian.
 *
 * @module
 */
import { getBytes, setBytes } from "../bytes/view_bytes.ts";

/** Bytes of the footer. */
export const VHD_FOOTER_SIZE = 512;
/** `conectix`. */
export const VHD_COOKIE: Uint8Array<ArrayBuffer> = Uint8Array.of(
  0x63,
  0x6f,
  0x6e,
  0x65,
  0x63,
  0x74,
  0x69,
  0x78,
);
/** The bit of the features that is always set. */
export const VHD_FEATURES_RESERVED = 2;
/** Version 1.0 of the format. */
export const VHD_VERSION = 0x0001_0000;
/** Kind of disk: all of its bytes are there, in order, before the footer. */
export const VHD_TYPE_FIXED = 2;
/** Seconds from 1970 to the start of the footer's time, 2000-01-01. */
export const VHD_EPOCH_SECONDS = 946_684_800;

const TWO_32 = 0x1_0000_0000;

/** The footer. */
export interface VhdFooter {
  /** {@linkcode VHD_COOKIE}. */
  readonly cookie: Uint8Array;
  /** {@linkcode VHD_FEATURES_RESERVED}. */
  readonly features: number;
  /** {@linkcode VHD_VERSION}. */
  readonly version: number;
  /** Upper word of the place of the next structure; all bits for none. */
  readonly dataOffsetHigh: number;
  /** Lower word of it. */
  readonly dataOffsetLow: number;
  /** When it was made, seconds since 2000. */
  readonly timestamp: number;
  /** Four letters for the program that made it. */
  readonly creatorApplication: Uint8Array;
  /** Its version. */
  readonly creatorVersion: number;
  /** Four letters for its system. */
  readonly creatorHostOs: Uint8Array;
  /** Bytes of the disk when it was made. */
  readonly originalSize: number;
  /** Bytes of the disk. */
  readonly currentSize: number;
  /** Cylinders of the disk. */
  readonly cylinders: number;
  /** Heads of it. */
  readonly heads: number;
  /** Sectors of a track. */
  readonly sectorsPerTrack: number;
  /** {@linkcode VHD_TYPE_FIXED}, or another kind. */
  readonly diskType: number;
  /** One's complement of the sum of all other bytes. */
  readonly checksum: number;
  /** UUID of the disk. */
  readonly uuid: Uint8Array;
  /** 1 where a machine sleeps on it. */
  readonly savedState: number;
}

/** Writes the footer at `at`. */
export function writeVhdFooter(view: DataView, at: number, footer: VhdFooter): void {
  setBytes(view, at, footer.cookie, 8); // 0x00 Cookie
  view.setUint32(at + 0x08, footer.features); // Features
  view.setUint32(at + 0x0c, footer.version); // File Format Version
  view.setUint32(at + 0x10, footer.dataOffsetHigh); // Data Offset
  view.setUint32(at + 0x14, footer.dataOffsetLow);
  view.setUint32(at + 0x18, footer.timestamp); // Time Stamp
  setBytes(view, at + 0x1c, footer.creatorApplication, 4); // Creator Application
  view.setUint32(at + 0x20, footer.creatorVersion); // Creator Version
  setBytes(view, at + 0x24, footer.creatorHostOs, 4); // Creator Host OS
  setBigU64(view, at + 0x28, footer.originalSize); // Original Size
  setBigU64(view, at + 0x30, footer.currentSize); // Current Size
  view.setUint16(at + 0x38, footer.cylinders); // Disk Geometry
  view.setUint8(at + 0x3a, footer.heads);
  view.setUint8(at + 0x3b, footer.sectorsPerTrack);
  view.setUint32(at + 0x3c, footer.diskType); // Disk Type
  view.setUint32(at + 0x40, footer.checksum); // Checksum
  setBytes(view, at + 0x44, footer.uuid, 16); // Unique Id
  view.setUint8(at + 0x54, footer.savedState); // Saved State
}

/** Reads the footer at `at`; sizes above 2^53 lose their last bits, which no real disk has. */
export function readVhdFooter(view: DataView, at: number): VhdFooter {
  return {
    cookie: getBytes(view, at, 8),
    features: view.getUint32(at + 0x08),
    version: view.getUint32(at + 0x0c),
    dataOffsetHigh: view.getUint32(at + 0x10),
    dataOffsetLow: view.getUint32(at + 0x14),
    timestamp: view.getUint32(at + 0x18),
    creatorApplication: getBytes(view, at + 0x1c, 4),
    creatorVersion: view.getUint32(at + 0x20),
    creatorHostOs: getBytes(view, at + 0x24, 4),
    originalSize: getBigU64(view, at + 0x28),
    currentSize: getBigU64(view, at + 0x30),
    cylinders: view.getUint16(at + 0x38),
    heads: view.getUint8(at + 0x3a),
    sectorsPerTrack: view.getUint8(at + 0x3b),
    diskType: view.getUint32(at + 0x3c),
    checksum: view.getUint32(at + 0x40),
    uuid: getBytes(view, at + 0x44, 16),
    savedState: view.getUint8(at + 0x54),
  };
}

/** The checksum of the footer in `bytes`, its own field taken as zero. */
export function vhdChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < VHD_FOOTER_SIZE; i++) {
    if (i < 0x40 || i >= 0x44) sum += bytes[i];
  }
  return TWO_32 - 1 - sum;
}

/** Cylinders, heads and sectors of a disk. */
export interface VhdGeometry {
  /** Cylinders. */
  readonly cylinders: number;
  /** Heads. */
  readonly heads: number;
  /** Sectors of a track. */
  readonly sectorsPerTrack: number;
}

/** The geometry of a disk of `sizeBytes`, as the specification's appendix has it. */
export function vhdGeometry(sizeBytes: number): VhdGeometry {
  const total = Math.min(Math.floor(sizeBytes / 512), 65535 * 16 * 255);
  if (total >= 65535 * 16 * 63) {
    const cylinders = Math.floor(Math.floor(total / 255) / 16);
    return { cylinders, heads: 16, sectorsPerTrack: 255 };
  }
  let sectorsPerTrack = 17;
  let tracks = Math.floor(total / sectorsPerTrack);
  let heads = Math.max(4, Math.floor((tracks + 1023) / 1024));
  if (tracks >= heads * 1024 || heads > 16) {
    sectorsPerTrack = 31;
    heads = 16;
    tracks = Math.floor(total / sectorsPerTrack);
  }
  if (tracks >= heads * 1024) {
    sectorsPerTrack = 63;
    heads = 16;
    tracks = Math.floor(total / sectorsPerTrack);
  }
  return { cylinders: Math.floor(tracks / heads), heads, sectorsPerTrack };
}

function setBigU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / TWO_32));
  view.setUint32(at + 4, value % TWO_32);
}

function getBigU64(view: DataView, at: number): number {
  return view.getUint32(at) * TWO_32 + view.getUint32(at + 4);
}
