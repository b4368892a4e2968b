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

const SECTOR_SIZE = 512;
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

/**
 * The partitions of `disk`, in the order of the table; `null` where it has no GUID partition table.
 * Throws `ImageError` `CORRUPT` where the table is wrong and its backup too.
 */
export function readPartitions(disk: ByteSource): Partition[] | null {
  const first = headerAt(disk, 1);
  // A backup alone is no sign: it may be left over from an older use of the disk.
  if (first === null) return null;
  const header = isWhole(first) ? first : headerAt(disk, Math.floor(disk.size / SECTOR_SIZE) - 1);
  if (header === null || !isWhole(header)) {
    throw corrupt(disk, "the checksum of the header is wrong, that of its backup too", "one right");
  }
  return entriesOf(disk, header.header);
}

interface FoundHeader {
  readonly bytes: Uint8Array;
  readonly header: GptHeader;
}

/** The header in the sector at `lba`, `null` for none. */
function headerAt(disk: ByteSource, lba: number): FoundHeader | null {
  if (lba < 1) return null;
  const bytes = new Uint8Array(SECTOR_SIZE);
  if (disk.read(bytes, lba * SECTOR_SIZE) < SECTOR_SIZE) return null;
  if (GPT_SIGNATURE.some((byte, i) => bytes[i] !== byte)) return null;
  try {
    return { bytes, header: readGptHeader(new DataView(bytes.buffer), 0) };
  } catch {
    return null; // A number that no disk has.
  }
}

function isWhole({ bytes, header }: FoundHeader): boolean {
  const { headerSize } = header;
  if (headerSize < GPT_HEADER_SIZE || headerSize > SECTOR_SIZE) return false;
  return gptHeaderCrc(bytes, headerSize) === header.headerCrc;
}

function entriesOf(disk: ByteSource, header: GptHeader): Partition[] {
  const { entryCount, entrySize, entriesLba } = header;
  const size = entryCount * entrySize;
  if (entrySize < GPT_ENTRY_SIZE || size > MAX_ENTRIES_SIZE) {
    throw corrupt(
      disk,
      `there are ${entryCount} entries of ${entrySize} bytes`,
      `entries of ${GPT_ENTRY_SIZE} bytes or more, ${MAX_ENTRIES_SIZE} in all`,
    );
  }
  const bytes = new Uint8Array(size);
  const start = entriesLba * SECTOR_SIZE;
  if (start + size > disk.size || disk.read(bytes, start) < size) {
    throw corrupt(disk, "it ends within the entries", `${size} bytes of them`);
  }
  if (crc32(bytes) !== header.entriesCrc) {
    throw corrupt(disk, "the checksum of the entries is wrong", "the one of the header");
  }
  const view = new DataView(bytes.buffer);
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
