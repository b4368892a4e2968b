/**
 * A disk with a GUID partition table and an image in it.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { alignUp } from "../bytes/align.ts";
import type { ImageFormat, WriterContext } from "../format/image_format.ts";
import { ImageError } from "../image_error.ts";
import type { ByteSink } from "../io/byte_sink.ts";
import { derivedUuid } from "./derived_bytes.ts";
import {
  GPT_ENTRY_COUNT,
  GPT_ENTRY_SIZE,
  GptAttribute,
  type GptEntry,
  gptNameBytes,
  writeGptEntry,
} from "./gpt_entry.ts";
import {
  GPT_HEADER_SIZE,
  GPT_REVISION,
  GPT_SIGNATURE,
  type GptHeader,
  gptHeaderCrc,
  writeGptHeader,
} from "./gpt_header.ts";
import { formatUuid, parseUuid, swapGuid } from "./guid.ts";
import { SECTOR_SIZE } from "./partition_table.ts";
import { partitionTypesOf } from "./partition_types.ts";
import { writeProtectiveMbr } from "./protective_mbr.ts";
import type { VerityFormat } from "./verity.ts";
import { WindowSink } from "./window_sink.ts";
import {
  expectWrappable,
  type ImagePart,
  type WrappedReport,
  wrappedWriter,
  type WrapResult,
} from "./wrapped_format.ts";

/** Where partitions start, and a multiple of which the disk has: right for every kind of disk. */
const ALIGNMENT = 1024 * 1024;
const ENTRIES_SIZE = GPT_ENTRY_COUNT * GPT_ENTRY_SIZE;
const ENTRIES_SECTORS = ENTRIES_SIZE / SECTOR_SIZE;

/** Options of {@linkcode gpt}. */
export interface GptOptions {
  /**
   * Name of the partition of the root filesystem, at most 36 characters; that of its hash tree has
   * `-verity` behind it.
   *
   * @default {"root"}
   */
  readonly label?: string;
  /**
   * Processor that the partition's type names, as `amd64`.
   *
   * @default the one of the image that is converted
   */
  readonly architecture?: string;
  /**
   * Marks the partition as not to be written to. A partition without the mark has another: its
   * filesystem grows to the size of the partition when it is mounted.
   *
   * @default true with dm-verity, and for every format but ext4
   */
  readonly readOnly?: boolean;
}

/**
 * `format` as the root partition of a disk with a GUID partition table: protective MBR, table and
 * backup, everything at whole MiB. The type of the partition is the one by which systemd and others
 * find the root filesystem for the processor. With dm-verity ({@linkcode VerityFormat}) there is a
 * second partition for the hash tree, and the UUIDs of both are the two halves of the root hash;
 * otherwise UUIDs depend on the input alone.
 *
 * Throws `RangeError` for a label that is too long, `TypeError` for a format that is no filesystem
 * image.
 *
 * @example
 * ```ts
 * import { convert, ext4, gpt, memorySink, openImage } from "@x/oci2rootfs";
 *
 * const image = await openImage("testdata/layouts/tiny");
 * const report = await convert(image, gpt(ext4()), memorySink());
 * await image.close();
 * console.assert(report.image.details.partitionOffset === 1024 * 1024);
 * ```
 */
export function gpt<C>(
  format: ImageFormat<C> | VerityFormat<C>,
  options: GptOptions = {},
): ImageFormat<C> {
  expectWrappable(format, "a partition");
  gptNameBytes(`${options.label ?? ""}-verity`);
  const aligned = "withAlignment" in format ? format.withAlignment(ALIGNMENT) : format;
  return {
    name: format.name,
    streams: false,
    createWriter(sink, context) {
      expectSectors(sink);
      const inner = aligned.createWriter(new WindowSink(sink, ALIGNMENT), context);
      return wrappedWriter(inner, "gpt", (report) => addTable(sink, report, context, options));
    },
  };
}

/** On a device with other sectors nobody would find the table. */
function expectSectors({ sectorSize = SECTOR_SIZE }: ByteSink): void {
  if (sectorSize === SECTOR_SIZE) return;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot write partition table: the device has sectors of ${sectorSize} bytes, expected ${SECTOR_SIZE}`,
  );
}

function addTable(
  sink: ByteSink,
  report: WrappedReport,
  context: WriterContext,
  options: GptOptions,
): WrapResult {
  const parts = report.parts ?? [{ role: "root", offset: 0, size: report.imageSize, uuid: null }];
  // What the filesystem made of its options tells images of one input apart.
  const derive = (purpose: string) =>
    derivedUuid(purpose, [context.identity(), JSON.stringify(report.details)]);
  const entries = parts.map((part) => entryOf(part, report, context, options, derive));
  const end = Math.max(...entries.map(({ lastLba }) => (lastLba + 1) * SECTOR_SIZE));
  const backupSize = (ENTRIES_SECTORS + 1) * SECTOR_SIZE;
  const imageSize = alignUp(end + backupSize, ALIGNMENT);
  const diskUuid = derive("gpt disk");
  sink.truncate(imageSize);
  // The backup is at the end of the disk. What is in front of it on a larger device stays unwritten.
  const sectorCount = Math.floor((sink.deviceSize ?? imageSize) / SECTOR_SIZE);
  writeTable(sink, sectorCount, swapGuid(diskUuid), entries);
  const types = partitionTypesOf(options.architecture ?? context.architecture ?? null);
  return {
    imageSize,
    writtenBytes: report.writtenBytes + 2 * SECTOR_SIZE + 2 * ENTRIES_SIZE + SECTOR_SIZE,
    details: Object.assign({
      diskUuid: formatUuid(diskUuid),
      partitionArchitecture: types.name ?? "any",
    }, ...parts.map((part, i) => partDetails(part, entries[i]))),
  };
}

function partDetails(part: ImagePart, entry: GptEntry): Record<string, string | number> {
  const prefix = part.role === "root" ? "partition" : "hashPartition";
  return {
    [`${prefix}Offset`]: entry.firstLba * SECTOR_SIZE,
    [`${prefix}Size`]: (entry.lastLba - entry.firstLba + 1) * SECTOR_SIZE,
    [`${prefix}Type`]: formatUuid(swapGuid(entry.typeGuid)),
    [`${prefix}Uuid`]: formatUuid(swapGuid(entry.uniqueGuid)),
  };
}

function entryOf(
  part: ImagePart,
  report: WrappedReport,
  context: WriterContext,
  options: GptOptions,
  derive: (purpose: string) => Uint8Array,
): GptEntry {
  const types = partitionTypesOf(options.architecture ?? context.architecture ?? null);
  const isRoot = part.role === "root";
  const isReadOnly = report.parts !== undefined || (options.readOnly ?? report.format !== "ext4");
  const label = options.label ?? "root";
  const firstLba = (ALIGNMENT + part.offset) / SECTOR_SIZE;
  return {
    typeGuid: swapGuid(parseUuid(isRoot ? types.root : types.rootVerity)),
    uniqueGuid: swapGuid(part.uuid ?? derive(`gpt ${part.role}`)),
    firstLba,
    lastLba: firstLba + alignUp(part.size, ALIGNMENT) / SECTOR_SIZE - 1,
    attributesLow: 0,
    attributesHigh: isReadOnly ? GptAttribute.readOnly : GptAttribute.growFileSystem,
    name: gptNameBytes(isRoot ? label : `${label}-verity`),
  };
}

/** Writes MBR, table and backup of a disk of `sectorCount` sectors. */
function writeTable(
  sink: ByteSink,
  sectorCount: number,
  diskGuid: Uint8Array,
  entries: readonly GptEntry[],
): void {
  const array = new Uint8Array(ENTRIES_SIZE);
  entries.forEach((entry, i) =>
    writeGptEntry(new DataView(array.buffer), i * GPT_ENTRY_SIZE, entry)
  );
  const lastLba = sectorCount - 1;
  const header: GptHeader = {
    signature: GPT_SIGNATURE,
    revision: GPT_REVISION,
    headerSize: GPT_HEADER_SIZE,
    headerCrc: 0,
    myLba: 1,
    alternateLba: lastLba,
    firstUsableLba: 2 + ENTRIES_SECTORS,
    lastUsableLba: lastLba - ENTRIES_SECTORS - 1,
    diskGuid,
    entriesLba: 2,
    entryCount: GPT_ENTRY_COUNT,
    entrySize: GPT_ENTRY_SIZE,
    entriesCrc: crc32(array),
  };
  const front = new Uint8Array((2 + ENTRIES_SECTORS) * SECTOR_SIZE);
  writeProtectiveMbr(new DataView(front.buffer), 0, sectorCount);
  front.set(headerSector(header), SECTOR_SIZE);
  front.set(array, 2 * SECTOR_SIZE);
  sink.write(front, 0);
  const back = new Uint8Array((ENTRIES_SECTORS + 1) * SECTOR_SIZE);
  const backup = {
    ...header,
    myLba: lastLba,
    alternateLba: 1,
    entriesLba: lastLba - ENTRIES_SECTORS,
  };
  back.set(array);
  back.set(headerSector(backup), ENTRIES_SIZE);
  sink.write(back, (lastLba - ENTRIES_SECTORS) * SECTOR_SIZE);
}

function headerSector(header: GptHeader): Uint8Array {
  const bytes = new Uint8Array(SECTOR_SIZE);
  const view = new DataView(bytes.buffer);
  writeGptHeader(view, 0, header);
  writeGptHeader(view, 0, { ...header, headerCrc: gptHeaderCrc(bytes, GPT_HEADER_SIZE) });
  return bytes;
}
