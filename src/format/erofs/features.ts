/**
 * Feature bits of the superblock (`feature_compat`, `feature_incompat`) with the names that
 * `dump.erofs` uses.
 *
 * @module
 */

/** Bits of `feature_compat`: a kernel that does not know one may mount. */
export const CompatFeature = {
  superblockChecksum: 0x01,
  mtime: 0x02,
  xattrFilter: 0x04,
  sharedXattrsInMetabox: 0x08,
  plainXattrPrefix: 0x10,
} as const;

/** Bits of `feature_incompat`: a kernel that does not know one must not mount. */
export const IncompatFeature = {
  zeroPadding: 0x001,
  /** Also `BIG_PCLUSTER`. */
  compressionConfigs: 0x002,
  chunkedFile: 0x004,
  /** Also `COMPR_HEAD2`. */
  deviceTable: 0x008,
  tailPacking: 0x010,
  /** Also `DEDUPE`. */
  fragments: 0x020,
  xattrPrefixes: 0x040,
  is48bit: 0x080,
  metabox: 0x100,
} as const;

const COMPAT_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [CompatFeature.superblockChecksum, "sb_csum"],
  [CompatFeature.mtime, "mtime"],
  [CompatFeature.xattrFilter, "xattr_filter"],
  [CompatFeature.sharedXattrsInMetabox, "shared_ea_in_metabox"],
  [CompatFeature.plainXattrPrefix, "plain_xattr_pfx"],
];

const INCOMPAT_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [IncompatFeature.zeroPadding, "0padding"],
  [IncompatFeature.compressionConfigs, "compr_cfgs"],
  [IncompatFeature.chunkedFile, "chunked_file"],
  [IncompatFeature.deviceTable, "device_table"],
  [IncompatFeature.tailPacking, "ztailpacking"],
  [IncompatFeature.fragments, "fragments"],
  [IncompatFeature.xattrPrefixes, "xattr_prefixes"],
  [IncompatFeature.is48bit, "48bit"],
  [IncompatFeature.metabox, "metabox"],
];

/** Names of the bits of both words; a bit without a name as `incompat:0x200`. */
export function featureNames(compat: number, incompat: number): string[] {
  return [...namesIn(compat, COMPAT_NAMES, "compat"), ...incompatNames(incompat)];
}

/** Names of the bits of `feature_incompat`. */
export function incompatNames(incompat: number): string[] {
  return namesIn(incompat, INCOMPAT_NAMES, "incompat");
}

function namesIn(
  bits: number,
  table: readonly (readonly [bit: number, name: string])[],
  word: string,
): string[] {
  const names = table.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);
  const left = table.reduce((rest, [bit]) => rest & ~bit, bits) >>> 0;
  return left === 0 ? names : [...names, `${word}:0x${left.toString(16)}`];
}
