/**
 * An entry of a GUID partition table (UEFI specification, table 5.6).
 *
 * @module
 */
import { getU64, setU64 } from "../bytes/u64.ts";
import { getBytes, setBytes } from "../bytes/view_bytes.ts";

/** Bytes of an entry. */
export const GPT_ENTRY_SIZE = 128;
/** Entries that every table has room for. */
export const GPT_ENTRY_COUNT = 128;
/** Bytes of a name: 36 characters of UTF-16. */
export const GPT_NAME_SIZE = 72;

/** Attributes of Linux partitions, as bits of the upper word (Discoverable Partitions Specification). */
export const GptAttribute = {
  /** Bit 59: the filesystem grows to the size of the partition when it is mounted. */
  growFileSystem: 0x0800_0000,
  /** Bit 60: not to be written to. */
  readOnly: 0x1000_0000,
} as const;

/** An entry; numbers are little-endian. */
export interface GptEntry {
  /** What is in the partition, as on disk; zeros for an entry that is not in use. */
  readonly typeGuid: Uint8Array;
  /** GUID of the partition, as on disk. */
  readonly uniqueGuid: Uint8Array;
  /** First sector. */
  readonly firstLba: number;
  /** Last sector, itself part of it. */
  readonly lastLba: number;
  /** Lower word of the attributes. */
  readonly attributesLow: number;
  /** Upper word of the attributes, see {@linkcode GptAttribute}. */
  readonly attributesHigh: number;
  /** Name in UTF-16, little-endian, filled with zeros. */
  readonly name: Uint8Array;
}

/** Writes an entry at `at`. */
export function writeGptEntry(view: DataView, at: number, entry: GptEntry): void {
  setBytes(view, at, entry.typeGuid, 16); // 0x00 PartitionTypeGUID
  setBytes(view, at + 0x10, entry.uniqueGuid, 16); // UniquePartitionGUID
  setU64(view, at + 0x20, entry.firstLba); // StartingLBA
  setU64(view, at + 0x28, entry.lastLba); // EndingLBA
  view.setUint32(at + 0x30, entry.attributesLow, true); // Attributes
  view.setUint32(at + 0x34, entry.attributesHigh, true);
  setBytes(view, at + 0x38, entry.name, GPT_NAME_SIZE); // PartitionName
}

/** Reads the entry at `at`. */
export function readGptEntry(view: DataView, at: number): GptEntry {
  return {
    typeGuid: getBytes(view, at, 16),
    uniqueGuid: getBytes(view, at + 0x10, 16),
    firstLba: getU64(view, at + 0x20),
    lastLba: getU64(view, at + 0x28),
    attributesLow: view.getUint32(at + 0x30, true),
    attributesHigh: view.getUint32(at + 0x34, true),
    name: getBytes(view, at + 0x38, GPT_NAME_SIZE),
  };
}

/** A name as on disk; throws `RangeError` where it is too long or has a NUL. */
export function gptNameBytes(name: string): Uint8Array<ArrayBuffer> {
  if (name.length > GPT_NAME_SIZE / 2 || name.includes("\0")) {
    throw new RangeError(
      `Cannot use partition label "${name}": ${name.length} characters, expected at most ${
        GPT_NAME_SIZE / 2
      } without NUL`,
    );
  }
  const bytes = new Uint8Array(GPT_NAME_SIZE);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < name.length; i++) view.setUint16(2 * i, name.charCodeAt(i), true);
  return bytes;
}

/** The name in `bytes`, up to the first NUL. */
export function gptNameText(bytes: Uint8Array): string {
  const units = Array.from(
    { length: bytes.length / 2 },
    (_, i) => bytes[2 * i] + 256 * bytes[2 * i + 1],
  );
  const end = units.indexOf(0);
  return String.fromCharCode(...end < 0 ? units : units.slice(0, end));
}
