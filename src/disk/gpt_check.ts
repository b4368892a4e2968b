/**
 * Checks a GUID partition table: the protective MBR, the table, its backup, and whether they agree.
 *
 * @module
 */
import type { ImageProblem } from "../format/image_reader.ts";
import { ImageError } from "../image_error.ts";
import type { ByteSource } from "../io/byte_source.ts";
import {
  lastSector,
  type Partition,
  partitionsOf,
  SECTOR_SIZE,
  tableAt,
  type WholeTable,
} from "./partition_table.ts";
import { MBR_SIZE, readMbr, TYPE_GPT_PROTECTIVE } from "./protective_mbr.ts";

type OnProblem = (problem: ImageProblem) => void;

/** Checks the table of `disk`, which has one. */
export function checkGpt(disk: ByteSource, onProblem: OnProblem): void {
  checkMbr(disk, onProblem);
  const last = lastSector(disk);
  const first = wholeTable(disk, 1, "GPT", onProblem);
  const backupLba = first?.header.alternateLba ?? last;
  if (backupLba !== last) {
    const message = `GPT names sector ${backupLba} for its backup, expected the last, ${last}`;
    onProblem({ message, offset: SECTOR_SIZE });
  }
  const backup = wholeTable(disk, backupLba, "GPT backup", onProblem);
  if (first !== null && backup !== null) comparePair(first, backup, backupLba, onProblem);
  const table = first ?? backup;
  if (table !== null) checkPartitions(disk, table, onProblem);
}

function checkMbr(disk: ByteSource, onProblem: OnProblem): void {
  const bytes = new Uint8Array(MBR_SIZE);
  disk.read(bytes, 0);
  const { signature, partitions } = readMbr(new DataView(bytes.buffer), 0);
  const problem = (observed: string, expected: string) =>
    onProblem({ message: `Protective MBR ${observed}, expected ${expected}`, offset: 0 });
  if (signature !== 0xaa55) return problem("has no signature", "0x55 0xaa at its end");
  const used = partitions.filter(({ type }) => type !== 0);
  const [found] = used;
  if (used.length !== 1 || found.type !== TYPE_GPT_PROTECTIVE) {
    return problem(`has ${used.length} partitions`, "one of type 0xee");
  }
  const size = Math.min(lastSector(disk), 0xffff_ffff);
  // All bits set means all of the disk, whatever its size.
  const isWhole = found.sectorCount === size || found.sectorCount === 0xffff_ffff;
  if (found.startLba !== 1 || !isWhole) {
    problem(`covers ${found.sectorCount} sectors from ${found.startLba}`, `${size} from 1`);
  }
}

function wholeTable(
  disk: ByteSource,
  lba: number,
  name: string,
  onProblem: OnProblem,
): WholeTable | null {
  const table = tableAt(disk, lba);
  const problem = (observed: string, expected: string) =>
    onProblem({ message: `${name}: ${observed}, expected ${expected}`, offset: lba * SECTOR_SIZE });
  if ("fault" in table) {
    problem(table.fault, table.expected);
    return null;
  }
  const { myLba } = table.header;
  if (myLba !== lba) problem(`it says that it is in sector ${myLba}`, `${lba}`);
  return table;
}

/** Both must say the same but of where they are. */
function comparePair(
  { header: first }: WholeTable,
  { header: backup }: WholeTable,
  backupLba: number,
  onProblem: OnProblem,
): void {
  const rows = [
    ["alternate sector", 1, backup.alternateLba],
    ["disk GUID", first.diskGuid.join(), backup.diskGuid.join()],
    ["first usable sector", first.firstUsableLba, backup.firstUsableLba],
    ["last usable sector", first.lastUsableLba, backup.lastUsableLba],
    ["number of entries", first.entryCount, backup.entryCount],
    ["size of an entry", first.entrySize, backup.entrySize],
    ["checksum of the entries", first.entriesCrc, backup.entriesCrc],
  ] as const;
  for (const [name, expected, found] of rows) {
    if (found === expected) continue;
    const message = `GPT backup: ${name} is ${found}, expected ${expected}`;
    onProblem({ message, offset: backupLba * SECTOR_SIZE });
  }
}

function checkPartitions(disk: ByteSource, table: WholeTable, onProblem: OnProblem): void {
  let partitions: Partition[];
  try {
    partitions = partitionsOf(disk, table);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return onProblem({ message: error.message });
  }
  const { firstUsableLba, lastUsableLba } = table.header;
  const start = firstUsableLba * SECTOR_SIZE;
  let end = start;
  for (const it of partitions.sort((a, b) => a.offset - b.offset)) {
    const problem = (observed: string, expected: string) =>
      onProblem({
        message: `GPT partition ${it.number} ${observed}, expected ${expected}`,
        offset: it.offset,
      });
    if (it.offset < start) problem(`starts at byte ${it.offset}`, `${start} or later`);
    else if (it.offset < end) problem(`starts within another`, `byte ${end} or later`);
    end = Math.max(end, it.offset + it.size);
    const limit = (lastUsableLba + 1) * SECTOR_SIZE;
    if (it.offset + it.size > limit) problem(`ends at byte ${it.offset + it.size}`, `${limit}`);
  }
}
