/**
 * The header of a GUID partition table (UEFI specification, table 5.5), at LBA 1 and, as backup, in
 * the last sector.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { getU64, setU64 } from "../bytes/u64.ts";
import { getBytes, setBytes } from "../bytes/view_bytes.ts";

/** Bytes of the header. */
export const GPT_HEADER_SIZE = 92;
/** `EFI PART`. */
export const GPT_SIGNATURE: Uint8Array<ArrayBuffer> = Uint8Array.of(
  0x45,
  0x46,
  0x49,
  0x20,
  0x50,
  0x41,
  0x52,
  0x54,
);
/** Revision 1.0. */
export const GPT_REVISION = 0x0001_0000;

/** The header; numbers are little-endian. */
export interface GptHeader {
  /** {@linkcode GPT_SIGNATURE}. */
  readonly signature: Uint8Array;
  /** {@linkcode GPT_REVISION}. */
  readonly revision: number;
  /** Bytes of the header. */
  readonly headerSize: number;
  /** CRC-32 of the header with this field zero. */
  readonly headerCrc: number;
  /** Where this header stands. */
  readonly myLba: number;
  /** Where the other one stands. */
  readonly alternateLba: number;
  /** First sector for partitions. */
  readonly firstUsableLba: number;
  /** Last sector for partitions. */
  readonly lastUsableLba: number;
  /** GUID of the disk, as on disk. */
  readonly diskGuid: Uint8Array;
  /** Where the entries start. */
  readonly entriesLba: number;
  /** How many entries there is room for. */
  readonly entryCount: number;
  /** Bytes of an entry. */
  readonly entrySize: number;
  /** CRC-32 of all entries. */
  readonly entriesCrc: number;
}

/** Writes the header at `at`. */
export function writeGptHeader(view: DataView, at: number, header: GptHeader): void {
  setBytes(view, at, header.signature, 8); // 0x00 Signature
  view.setUint32(at + 0x08, header.revision, true); // Revision
  view.setUint32(at + 0x0c, header.headerSize, true); // HeaderSize
  view.setUint32(at + 0x10, header.headerCrc, true); // HeaderCRC32
  setU64(view, at + 0x18, header.myLba); // MyLBA
  setU64(view, at + 0x20, header.alternateLba); // AlternateLBA
  setU64(view, at + 0x28, header.firstUsableLba); // FirstUsableLBA
  setU64(view, at + 0x30, header.lastUsableLba); // LastUsableLBA
  setBytes(view, at + 0x38, header.diskGuid, 16); // DiskGUID
  setU64(view, at + 0x48, header.entriesLba); // PartitionEntryLBA
  view.setUint32(at + 0x50, header.entryCount, true); // NumberOfPartitionEntries
  view.setUint32(at + 0x54, header.entrySize, true); // SizeOfPartitionEntry
  view.setUint32(at + 0x58, header.entriesCrc, true); // PartitionEntryArrayCRC32
}

/** Reads the header at `at`. */
export function readGptHeader(view: DataView, at: number): GptHeader {
  return {
    signature: getBytes(view, at, 8),
    revision: view.getUint32(at + 0x08, true),
    headerSize: view.getUint32(at + 0x0c, true),
    headerCrc: view.getUint32(at + 0x10, true),
    myLba: getU64(view, at + 0x18),
    alternateLba: getU64(view, at + 0x20),
    firstUsableLba: getU64(view, at + 0x28),
    lastUsableLba: getU64(view, at + 0x30),
    diskGuid: getBytes(view, at + 0x38, 16),
    entriesLba: getU64(view, at + 0x48),
    entryCount: view.getUint32(at + 0x50, true),
    entrySize: view.getUint32(at + 0x54, true),
    entriesCrc: view.getUint32(at + 0x58, true),
  };
}

/** The CRC-32 of the header of `size` bytes at the start of `bytes`, its own field taken as zero. */
export function gptHeaderCrc(bytes: Uint8Array, size: number): number {
  const copy = bytes.slice(0, size);
  copy.fill(0, 0x10, 0x14);
  return crc32(copy);
}
