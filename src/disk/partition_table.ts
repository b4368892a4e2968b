/**
 * The GUID partition table of a disk, read.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { ImageError } from "../image_error.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { GPT_ENTRY_SIZE, gptNameText, readGptEntry } from "./gpt_entry.ts";
import {
  GPT_HEADER_SIZE,
  GPT_SIGNATURE,
  type GptHeader,
  gptHeaderCrc,
  readGptHeader,
} from "./gpt_header.ts";
import { formatUuid, swapGuid } from "./guid.ts";

/** Bytes of a sector. */
export const SECTOR_SIZE = 512;
/** More than any disk has, and little enough to read. */
const MAX_ENTRIES_SIZE = 1024 * 1024;
const NO_TYPE = "00000000-0000-0000-0000-000000000000";

/** A partition. */
export interface Partition {
  /** Its place in the table, from 1. */
  readonly number: number;
  /** Type, as a UUID in its usual form. */
  readonly type: string;
  /** UUID. */
  readonly uuid: string;
  /** Name. */
  readonly name: string;
  /** Where it starts, bytes from the start of the disk. */
  readonly offset: number;
  /** Its bytes. */
  readonly size: number;
}

/** What a table says. */
export interface PartitionTable {
  /** UUID of the disk. */
  readonly diskUuid: string;
  /** The partitions, in the order of the table. */
  readonly partitions: readonly Partition[];
}

/** A table with right checksums. */
export interface WholeTable {
  /** Its header. */
  readonly header: GptHeader;
  /** Its entries as on disk. */
  readonly entries: Uint8Array;
}

/** What is wrong with a table. */
export interface TableFault {
  /** What was found. */
  readonly fault: string;
  /** What should have been. */
  readonly expected: string;
}

/**
 * The partition table of `disk`, or its backup where it is damaged; `null` where it has no GUID
 * partition table. Throws `ImageError` `CORRUPT` where both are damaged, or a partition is not on
 * the disk.
 */
export function readPartitionTable(disk: ByteSource): PartitionTable | null {
  // A backup alone is no sign: it may be left over from an older use of the disk.
  if (signedSector(disk, 1) === null) return null;
  const first = tableAt(disk, 1);
  const backup = "fault" in first ? tableAt(disk, lastSector(disk)) : first;
  if ("fault" in first && "fault" in backup) {
    throw corrupt(disk, `${first.fault} (in its backup: ${backup.fault})`, first.expected);
  }
  const table = "fault" in first ? backup as WholeTable : first;
  return {
    diskUuid: formatUuid(swapGuid(table.header.diskGuid)),
    partitions: partitionsOf(disk, table),
  };
}

/** The last sector of `disk`, where the backup belongs. */
export function lastSector(disk: ByteSource): number {
  return Math.floor(disk.size / SECTOR_SIZE) - 1;
}

/** The table whose header is in the sector at `lba`, or what is wrong with it. */
export function tableAt(disk: ByteSource, lba: number): WholeTable | TableFault {
  const bytes = signedSector(disk, lba);
  if (bytes === null) return { fault: "there is no header", expected: `one in sector ${lba}` };
  const header = headerOf(bytes);
  if (header === null) {
    return { fault: "the checksum of the header is wrong", expected: "that of its bytes" };
  }
  const { entryCount, entrySize, entriesLba } = header;
  const size = entryCount * entrySize;
  if (entrySize < GPT_ENTRY_SIZE || size > MAX_ENTRIES_SIZE) {
    return {
      fault: `there are ${entryCount} entries of ${entrySize} bytes`,
      expected: `entries of ${GPT_ENTRY_SIZE} bytes or more, ${MAX_ENTRIES_SIZE} in all`,
    };
  }
  const entries = new Uint8Array(size);
  const start = entriesLba * SECTOR_SIZE;
  if (start + size > disk.size || disk.read(entries, start) < size) {
    return { fault: "it ends within the entries", expected: `${size} bytes of them` };
  }
  if (crc32(entries) !== header.entriesCrc) {
    return { fault: "the checksum of the entries is wrong", expected: "the one of the header" };
  }
  return { header, entries };
}

/** The sector at `lba` where it begins as a header does, else `null`. */
function signedSector(disk: ByteSource, lba: number): Uint8Array<ArrayBuffer> | null {
  if (lba < 1 || (lba + 1) * SECTOR_SIZE > disk.size) return null;
  const bytes = new Uint8Array(SECTOR_SIZE);
  if (disk.read(bytes, lba * SECTOR_SIZE) < SECTOR_SIZE) return null;
  return GPT_SIGNATURE.every((byte, i) => bytes[i] === byte) ? bytes : null;
}

/** The header in a sector, `null` where it is damaged. */
function headerOf(bytes: Uint8Array<ArrayBuffer>): GptHeader | null {
  const view = new DataView(bytes.buffer);
  // The size and the checksum stand in front of numbers that no disk has.
  const size = view.getUint32(0x0c, true);
  if (size < GPT_HEADER_SIZE || size > SECTOR_SIZE) return null;
  if (gptHeaderCrc(bytes, size) !== view.getUint32(0x10, true)) return null;
  try {
    return readGptHeader(view, 0);
  } catch {
    return null;
  }
}

/** The partitions of a table. Throws `ImageError` `CORRUPT` for one that is not on the disk. */
export function partitionsOf(disk: ByteSource, { header, entries }: WholeTable): Partition[] {
  const { entryCount, entrySize } = header;
  const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength);
  const partitions: Partition[] = [];
  for (let i = 0; i < entryCount; i++) {
    const entry = readGptEntry(view, i * entrySize);
    const type = formatUuid(swapGuid(entry.typeGuid));
    if (type === NO_TYPE) continue;
    const offset = entry.firstLba * SECTOR_SIZE;
    const end = (entry.lastLba + 1) * SECTOR_SIZE;
    if (offset >= end || end > disk.size) {
      throw corrupt(
        disk,
        `partition ${i + 1} goes from byte ${offset} to ${end}`,
        `a part of the ${disk.size} bytes of the disk`,
      );
    }
    const uuid = formatUuid(swapGuid(entry.uniqueGuid));
    partitions.push({
      number: i + 1,
      type,
      uuid,
      name: gptNameText(entry.name),
      offset,
      size: end - offset,
    });
  }
  return partitions;
}

function corrupt(disk: ByteSource, observed: string, expected: string): ImageError {
  return new ImageError(
    "CORRUPT",
    `Cannot read partition table of "${disk.name}": ${observed}, expected ${expected}`,
    { where: { source: disk.name } },
  );
}
