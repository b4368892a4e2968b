/**
 * A fixed VHD: an image with a footer, for Hyper-V, Azure and whatever reads their disks.
 *
 * @module
 */
import { alignUp } from "../bytes/align.ts";
import type { ImageFormat, WriterContext, WriteReport } from "../format/image_format.ts";
import { ImageError } from "../image_error.ts";
import type { ByteSink } from "../io/byte_sink.ts";
import { derivedUuid } from "./derived_bytes.ts";
import { formatUuid } from "./guid.ts";
import {
  VHD_COOKIE,
  VHD_EPOCH_SECONDS,
  VHD_FEATURES_RESERVED,
  VHD_FOOTER_SIZE,
  VHD_TYPE_FIXED,
  VHD_VERSION,
  vhdChecksum,
  type VhdFooter,
  vhdGeometry,
  writeVhdFooter,
} from "./vhd_footer.ts";
import { expectWrappable, wrappedWriter, type WrapResult } from "./wrapped_format.ts";

/** Azure takes disks of whole MiB only. */
const SIZE_UNIT = 1024 * 1024;
/** 2040 GiB, which is what the format's readers can do. */
const MAX_SIZE = 2040 * 1024 ** 3;
/**
 * Who made it. Readers take the size of the disk from the geometry, which is rounded down, unless a
 * program is named that is known to mean its size exactly; this is the first of them.
 */
const CREATOR = "win ";
const CREATOR_VERSION = 0x000a_0000;
const CREATOR_HOST_OS = "Wi2k";

/**
 * `format` as a fixed VHD: its bytes, zeros up to a whole MiB, and a footer.
 *
 * Throws `TypeError` for a format that is no filesystem image; writing throws `ImageError`
 * `LIMIT_EXCEEDED` beyond 2040 GiB.
 *
 * @example
 * ```ts
 * import { convert, ext4, gpt, memorySink, openImage, vhd } from "@x/oci2rootfs";
 *
 * const image = await openImage("testdata/layouts/tiny");
 * const report = await convert(image, vhd(gpt(ext4())), memorySink());
 * await image.close();
 * console.assert(report.image.imageSize % (1024 * 1024) === 512);
 * ```
 */
export function vhd<C>(format: ImageFormat<C>): ImageFormat<C> {
  expectWrappable(format, "a VHD");
  return {
    name: format.name,
    streams: false,
    createWriter: (sink, context) =>
      wrappedWriter(
        format.createWriter(sink, context),
        "vhd",
        (report) => addFooter(sink, report, context),
      ),
  };
}

function addFooter(sink: ByteSink, report: WriteReport, context: WriterContext): WrapResult {
  const diskSize = alignUp(report.imageSize, SIZE_UNIT);
  if (diskSize > MAX_SIZE) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot write VHD: the disk has ${diskSize} bytes, expected at most ${MAX_SIZE}`,
    );
  }
  const uuid = derivedUuid("vhd", [context.identity(), JSON.stringify(report.details)]);
  sink.truncate(diskSize + VHD_FOOTER_SIZE);
  sink.write(footerBytes(diskSize, uuid, context.createdSeconds), diskSize);
  return {
    imageSize: diskSize + VHD_FOOTER_SIZE,
    writtenBytes: report.writtenBytes + VHD_FOOTER_SIZE,
    details: { vhdUuid: formatUuid(uuid), diskSize },
  };
}

function footerBytes(diskSize: number, uuid: Uint8Array, createdSeconds: number): Uint8Array {
  const ascii = (text: string) => new TextEncoder().encode(text);
  const seconds = Math.floor(createdSeconds) - VHD_EPOCH_SECONDS;
  const footer: VhdFooter = {
    cookie: VHD_COOKIE,
    features: VHD_FEATURES_RESERVED,
    version: VHD_VERSION,
    dataOffsetHigh: 0xffff_ffff,
    dataOffsetLow: 0xffff_ffff,
    timestamp: Math.min(Math.max(seconds, 0), 0xffff_ffff),
    creatorApplication: ascii(CREATOR),
    creatorVersion: CREATOR_VERSION,
    creatorHostOs: ascii(CREATOR_HOST_OS),
    originalSize: diskSize,
    currentSize: diskSize,
    ...vhdGeometry(diskSize),
    diskType: VHD_TYPE_FIXED,
    checksum: 0,
    uuid,
    savedState: 0,
  };
  const bytes = new Uint8Array(VHD_FOOTER_SIZE);
  const view = new DataView(bytes.buffer);
  writeVhdFooter(view, 0, footer);
  writeVhdFooter(view, 0, { ...footer, checksum: vhdChecksum(bytes) });
  return bytes;
}
