/**
 * Checks a GUID partition table: the protective MBR, the table, its backup, and whether they agree.
 *
 * @module
 */
import type { ImageProblem } from "../format/image_reader.ts";
import { ImageError } from "../image_error.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { formatUuid, swapGuid } from "./guid.ts";
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
  const partitions = table === null ? null : checkedPartitions(disk, table, onProblem);
  checkMbr(disk, partitions ?? [], onProblem);
}

function checkMbr(
  disk: ByteSource,
  known: readonly Partition[],
  onProblem: OnProblem,
): void {
  const bytes = new Uint8Array(MBR_SIZE);
  disk.read(bytes, 0);
  const { signature, partitions } = readMbr(new DataView(bytes.buffer), 0);
  const problem = (observed: string, expected: string) =>
    onProblem({ message: `Protective MBR ${observed}, expected ${expected}`, offset: 0 });
  if (signature !== 0xaa55) return problem("has no signature", "0x55 0xaa at its end");
  const used = partitions.filter(({ type }) => type !== 0);
  const protective = used.filter(({ type }) => type === TYPE_GPT_PROTECTIVE);
  const others = used.filter((it) => !protective.includes(it));
  // A hybrid MBR names some of the partitions too, for programs that know no GPT.
  for (const { startLba, sectorCount } of others) {
    const isKnown = known.some(({ offset, size }) =>
      offset === startLba * SECTOR_SIZE && size === sectorCount * SECTOR_SIZE
    );
    if (!isKnown) problem(`has ${sectorCount} sectors from ${startLba}`, "partitions of the GPT");
  }
  if (protective.length !== 1) {
    return problem(`has ${protective.length} partitions of type 0xee`, "one");
  }
  const [{ startLba, sectorCount }] = protective;
  const size = Math.min(lastSector(disk), 0xffff_ffff);
  // All bits set means all of the disk, whatever its size.
  const isWhole = sectorCount === size || sectorCount === 0xffff_ffff || others.length > 0;
  if (startLba !== 1 || !isWhole) {
    problem(`covers ${sectorCount} sectors from ${startLba}`, `${size} from 1`);
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
    ["disk GUID", guidText(first.diskGuid), guidText(backup.diskGuid)],
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

/** The partitions, each within its room; `null` where one is not on the disk. */
function checkedPartitions(
  disk: ByteSource,
  table: WholeTable,
  onProblem: OnProblem,
): Partition[] | null {
  let partitions: Partition[];
  try {
    partitions = partitionsOf(disk, table);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    onProblem({ message: error.message });
    return null;
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
  return partitions;
}

function guidText(guid: Uint8Array): string {
  return formatUuid(swapGuid(guid));
}
