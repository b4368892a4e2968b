/**
 * dm-verity around an image: a hash tree over all its blocks, by which the kernel checks every
 * block that it reads against one root hash.
 *
 * @module
 */
import { alignUp, divideUp } from "../bytes/align.ts";
import type { ImageFormat, WriterContext, WriteReport } from "../format/image_format.ts";
import { ImageError } from "../image_error.ts";
import type { ByteSink } from "../io/byte_sink.ts";
import { derivedBytes, derivedUuid } from "./derived_bytes.ts";
import { formatUuid, GUID_SIZE, parseUuid } from "./guid.ts";
import {
  VERITY_MAX_SALT_SIZE,
  VERITY_SIGNATURE,
  VERITY_SUPERBLOCK_SIZE,
  writeVeritySuperblock,
} from "./verity_superblock.ts";
import {
  VERITY_ALGORITHMS,
  verityLevels,
  VerityTree,
  type VerityTreeShape,
} from "./verity_tree.ts";
import { takeTurns } from "./turns.ts";
import { WindowSink } from "./window_sink.ts";
import {
  expectWrappable,
  type ImagePart,
  readerOf,
  wrappedWriter,
  type WrapResult,
} from "./wrapped_format.ts";

/** Bytes that are read at once, a multiple of every block size. */
const READ_SIZE = 256 * 1024;
const DEFAULT_BLOCK_SIZE = 4096;

/** Options of {@linkcode verity}. */
export interface VerityOptions {
  /**
   * Hash algorithm: `sha256`, `sha384`, `sha512` or `sha1`.
   *
   * @default {"sha256"}
   */
  readonly algorithm?: string;
  /**
   * Bytes of a data block: 512, 1024, 2048 or 4096. The device has sectors of this size, so the
   * blocks of its filesystem must not be smaller.
   *
   * @default 4096, or the filesystem's block size where that is smaller
   */
  readonly dataBlockSize?: number;
  /**
   * Bytes of a block of the tree: 512, 1024, 2048 or 4096.
   *
   * @default {4096}
   */
  readonly hashBlockSize?: number;
  /**
   * Salt in hexadecimal, at most 256 bytes; empty for none.
   *
   * @default 32 bytes that depend on the input alone
   */
  readonly salt?: string;
  /**
   * UUID of the hash device.
   *
   * @default one that depends on the root hash
   */
  readonly uuid?: string;
  /** Where superblock and tree go, from position 0; behind the image where it is absent. */
  readonly hashSink?: ByteSink;
}

/** An image format with a hash tree. */
export interface VerityFormat<C> extends ImageFormat<C> {
  /** The same with the tree at a multiple of `bytes`, as partitions start. */
  withAlignment(bytes: number): VerityFormat<C>;
}

/** Options, checked. */
interface Settings {
  readonly algorithm: string;
  readonly dataBlockSize: number | null;
  readonly hashBlockSize: number;
  readonly salt: Uint8Array | null;
  readonly uuid: Uint8Array | null;
  readonly hashSink: ByteSink | null;
  readonly alignment: number;
}

/**
 * `format` with a dm-verity hash tree (format 1, with superblock) behind the image, or in
 * `hashSink`. It is what `veritysetup format` makes with the same salt and UUID; root hash, salt and
 * the rest are in the report's `details` (`verityRootHash`…). The image must not change any more, so
 * mount it read-only.
 *
 * Needs an output that can be read back. Throws `RangeError` for options out of range, `TypeError`
 * for a format that is no filesystem image.
 *
 * @example
 * ```ts
 * import { convert, ext4, memorySink, openImage, verity } from "@x/oci2rootfs";
 *
 * const image = await openImage("testdata/layouts/tiny");
 * const report = await convert(image, verity(ext4({ readOnly: true })), memorySink());
 * await image.close();
 * const { verityRootHash, verityHashOffset } = report.image.details;
 * console.assert(typeof verityRootHash === "string" && verityHashOffset !== 0);
 * ```
 */
export function verity<C>(format: ImageFormat<C>, options: VerityOptions = {}): VerityFormat<C> {
  expectWrappable(format, "dm-verity");
  return verityFormat(format, resolve(options));
}

function verityFormat<C>(format: ImageFormat<C>, settings: Settings): VerityFormat<C> {
  return {
    name: format.name,
    streams: false,
    createWriter(sink, context) {
      // Better now than when all of the image was written.
      readerOf(sink, "a hash tree");
      const window = new WindowSink(sink, 0);
      const inner = format.createWriter(window, context);
      return wrappedWriter(inner, "verity", (report) => addTree(window, report, context, settings));
    },
    withAlignment: (alignment) => verityFormat(format, { ...settings, alignment }),
  };
}

async function addTree(
  image: WindowSink,
  report: WriteReport,
  context: WriterContext,
  settings: Settings,
): Promise<WrapResult> {
  const shape = shapeOf(report, context, settings);
  const { hashBlockSize, salt } = shape;
  const dataSize = shape.dataBlocks * shape.dataBlockSize;
  const treeStart = alignUp(VERITY_SUPERBLOCK_SIZE, hashBlockSize);
  const treeBlocks = verityLevels(shape).reduce((sum, count) => sum + count, 0);
  const hashSize = treeStart + treeBlocks * hashBlockSize;
  const isBehind = settings.hashSink === null;
  const hashOffset = isBehind ? alignUp(dataSize, Math.max(hashBlockSize, settings.alignment)) : 0;
  const imageSize = isBehind ? hashOffset + hashSize : dataSize;

  const hashes = new WindowSink(settings.hashSink ?? image, hashOffset);
  // The ranges are needed as they are before the tree is among them.
  const written = [...image.written.within(0, dataSize)];
  image.truncate(imageSize);
  const tree = new VerityTree(
    shape,
    (bytes, position) => hashes.write(bytes, treeStart + position),
  );
  await hashData(tree, image, written, shape, context.signal);
  const root = tree.end();

  const uuid = settings.uuid ?? derivedUuid("verity uuid", [salt.toHex(), root.toHex()]);
  hashes.write(superblockOf(shape, uuid, treeStart), 0);
  if (!isBehind) hashes.truncate(hashSize);
  return {
    imageSize,
    writtenBytes: report.writtenBytes + (isBehind ? hashes.writtenBytes : 0),
    details: {
      verityRootHash: root.toHex(),
      veritySalt: salt.toHex(),
      verityUuid: formatUuid(uuid),
      verityAlgorithm: shape.algorithm,
      verityDataBlockSize: shape.dataBlockSize,
      verityDataBlocks: shape.dataBlocks,
      verityHashBlockSize: hashBlockSize,
      verityHashOffset: hashOffset,
      verityHashSize: hashSize,
    },
    parts: partsOf(dataSize, hashOffset, hashSize, isBehind, root),
  };
}

function shapeOf(
  report: WriteReport,
  context: WriterContext,
  settings: Settings,
): VerityTreeShape {
  const { blockSize } = report.details;
  const limit = typeof blockSize === "number" ? blockSize : DEFAULT_BLOCK_SIZE;
  const dataBlockSize = settings.dataBlockSize ?? Math.min(DEFAULT_BLOCK_SIZE, limit);
  if (dataBlockSize > limit) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot make hash tree: its data blocks have ${dataBlockSize} bytes and could not be mounted, ` +
        `expected at most ${limit} (the block size of ${report.format})`,
    );
  }
  return {
    algorithm: settings.algorithm,
    salt: settings.salt ?? derivedBytes("verity salt", [context.identity()]),
    dataBlockSize,
    hashBlockSize: settings.hashBlockSize,
    dataBlocks: Math.max(1, divideUp(report.imageSize, dataBlockSize)),
  };
}

/** Hashes what was written, and zeros between. */
async function hashData(
  tree: VerityTree,
  image: WindowSink,
  written: readonly { start: number; end: number }[],
  { dataBlockSize, dataBlocks }: VerityTreeShape,
  signal?: AbortSignal,
): Promise<void> {
  const read = readerOf(image, "a hash tree");
  const buffer = new Uint8Array(READ_SIZE);
  let position = 0;
  const skipTo = (end: number) => {
    tree.skip((end - position) / dataBlockSize);
    position = end;
  };
  await takeTurns(pieces(written), READ_SIZE, signal, ({ start, size }) => {
    skipTo(start);
    const piece = buffer.subarray(0, size);
    read(piece, start);
    tree.write(piece);
    position += size;
  });
  skipTo(dataBlocks * dataBlockSize);
}

function* pieces(
  ranges: readonly { start: number; end: number }[],
): Generator<{ start: number; size: number }> {
  for (const { start, end } of ranges) {
    for (let at = start; at < end; at += READ_SIZE) {
      yield { start: at, size: Math.min(READ_SIZE, end - at) };
    }
  }
}

function superblockOf(
  shape: VerityTreeShape,
  uuid: Uint8Array,
  size: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  writeVeritySuperblock(new DataView(bytes.buffer), 0, {
    signature: VERITY_SIGNATURE,
    version: 1,
    hashType: 1,
    uuid,
    algorithm: new TextEncoder().encode(shape.algorithm),
    dataBlockSize: shape.dataBlockSize,
    hashBlockSize: shape.hashBlockSize,
    dataBlocks: shape.dataBlocks,
    saltSize: shape.salt.length,
    salt: shape.salt,
  });
  return bytes;
}

/** As partitions: their UUIDs are the two ends of the root hash, where that has 256 bits. */
function partsOf(
  dataSize: number,
  hashOffset: number,
  hashSize: number,
  isBehind: boolean,
  root: Uint8Array,
): ImagePart[] {
  const isLong = root.length >= 2 * GUID_SIZE;
  const part = (role: ImagePart["role"], offset: number, size: number, uuid: Uint8Array) => ({
    role,
    offset,
    size,
    uuid: isLong ? uuid : null,
  });
  return [
    part("root", 0, dataSize, root.subarray(0, GUID_SIZE)),
    ...isBehind ? [part("root-verity", hashOffset, hashSize, root.subarray(-GUID_SIZE))] : [],
  ];
}

function resolve(options: VerityOptions): Settings {
  const { algorithm = "sha256", dataBlockSize, hashBlockSize = DEFAULT_BLOCK_SIZE } = options;
  if (!VERITY_ALGORITHMS.has(algorithm)) {
    throw new RangeError(
      `Cannot use hash algorithm "${algorithm}", expected ${
        [...VERITY_ALGORITHMS.keys()].join(", ")
      }`,
    );
  }
  return {
    algorithm,
    dataBlockSize: dataBlockSize === undefined ? null : blockSize("data", dataBlockSize),
    hashBlockSize: blockSize("hash", hashBlockSize),
    salt: options.salt === undefined ? null : saltBytes(options.salt),
    uuid: options.uuid === undefined ? null : parseUuid(options.uuid),
    hashSink: options.hashSink ?? null,
    alignment: 1,
  };
}

function blockSize(what: string, size: number): number {
  if ([512, 1024, 2048, 4096].includes(size)) return size;
  throw new RangeError(`Cannot use ${what} block size ${size}, expected 512, 1024, 2048 or 4096`);
}

function saltBytes(text: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/i.test(text) || text.length > 2 * VERITY_MAX_SALT_SIZE) {
    throw new RangeError(
      `Cannot use salt "${text}", expected at most ${VERITY_MAX_SALT_SIZE} bytes in hexadecimal`,
    );
  }
  return Uint8Array.fromHex(text);
}
