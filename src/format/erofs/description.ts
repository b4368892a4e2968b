/**
 * What an EROFS image is, in the words of every format.
 *
 * @module
 */
import { byteStringFrom } from "../../bytes/byte_string.ts";
import type { ImageDescription } from "../image_reader.ts";
import { ALGORITHM_NAMES } from "./compression_config.ts";
import { featureNames, IncompatFeature } from "./features.ts";
import { formatUuid } from "./identity.ts";
import type { Superblock } from "./superblock.ts";

/** Describes the filesystem of a superblock, of `size` bytes. */
export function describeErofs(superblock: Superblock, size: number): ImageDescription {
  const { featureCompat, featureIncompat, compressions, epochSeconds, buildSeconds } = superblock;
  const hasConfigs = (featureIncompat & IncompatFeature.compressionConfigs) !== 0;
  const isPadded = (featureIncompat & IncompatFeature.zeroPadding) !== 0;
  const names = ALGORITHM_NAMES.filter((_, i) => hasConfigs && (compressions >>> i & 1) === 1);
  const compression = names.length > 0 ? names.join(",") : isPadded ? "lz4" : "none";
  const isDerived = superblock.uuid.some((byte) => byte !== 0);
  return {
    format: "erofs",
    label: labelOf(superblock.volumeName),
    uuid: isDerived ? formatUuid(superblock.uuid) : null,
    createdSeconds: epochSeconds + buildSeconds,
    blockSize: 2 ** superblock.blockSizeBits,
    imageSize: size,
    usedBytes: size,
    inodeCount: superblock.inodeCount,
    features: featureNames(featureCompat, featureIncompat),
    details: { compression },
  };
}

function labelOf(name: Uint8Array): string | null {
  const end = name.indexOf(0);
  const text = byteStringFrom(end < 0 ? name : name.subarray(0, end));
  return text === "" ? null : text;
}
