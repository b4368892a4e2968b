/**
 * Feature bits of the superblock (`s_feature_compat`, `s_feature_incompat`,
 * `s_feature_ro_compat`) with the names that `mke2fs -O` and `dumpe2fs` use.
 *
 * @module
 */

/** Bits of `s_feature_compat`: a kernel that does not know one may mount read-write. */
export const CompatFeature = {
  hasJournal: 0x0004,
  extAttr: 0x0008,
  resizeInode: 0x0010,
  dirIndex: 0x0020,
  sparseSuper2: 0x0200,
  fastCommit: 0x0400,
  stableInodes: 0x0800,
  orphanFile: 0x1000,
} as const;

/** Bits of `s_feature_incompat`: a kernel that does not know one must not mount. */
export const IncompatFeature = {
  compression: 0x0001,
  filetype: 0x0002,
  recover: 0x0004,
  journalDev: 0x0008,
  metaBg: 0x0010,
  extents: 0x0040,
  is64bit: 0x0080,
  mmp: 0x0100,
  flexBg: 0x0200,
  eaInode: 0x0400,
  dirdata: 0x1000,
  csumSeed: 0x2000,
  largeDir: 0x4000,
  inlineData: 0x8000,
  encrypt: 0x1_0000,
  casefold: 0x2_0000,
} as const;

/** Bits of `s_feature_ro_compat`: a kernel that does not know one may mount read-only. */
export const RoCompatFeature = {
  sparseSuper: 0x0001,
  largeFile: 0x0002,
  hugeFile: 0x0008,
  uninitBg: 0x0010,
  dirNlink: 0x0020,
  extraIsize: 0x0040,
  quota: 0x0100,
  bigalloc: 0x0200,
  metadataCsum: 0x0400,
  readOnly: 0x1000,
  project: 0x2000,
  sharedBlocks: 0x4000,
  verity: 0x8000,
  orphanPresent: 0x1_0000,
} as const;

/** The three feature words of a superblock. */
export interface FeatureSet {
  /** Bits of {@linkcode CompatFeature}. */
  readonly compat: number;
  /** Bits of {@linkcode IncompatFeature}. */
  readonly incompat: number;
  /** Bits of {@linkcode RoCompatFeature}. */
  readonly roCompat: number;
}

/** Every feature by its `mke2fs` name: the word it stands in and its bit. */
export const FEATURE_NAMES: ReadonlyMap<string, { word: keyof FeatureSet; bit: number }> = new Map([
  ["has_journal", { word: "compat", bit: CompatFeature.hasJournal }],
  ["ext_attr", { word: "compat", bit: CompatFeature.extAttr }],
  ["resize_inode", { word: "compat", bit: CompatFeature.resizeInode }],
  ["dir_index", { word: "compat", bit: CompatFeature.dirIndex }],
  ["sparse_super2", { word: "compat", bit: CompatFeature.sparseSuper2 }],
  ["fast_commit", { word: "compat", bit: CompatFeature.fastCommit }],
  ["stable_inodes", { word: "compat", bit: CompatFeature.stableInodes }],
  ["orphan_file", { word: "compat", bit: CompatFeature.orphanFile }],
  ["compression", { word: "incompat", bit: IncompatFeature.compression }],
  ["filetype", { word: "incompat", bit: IncompatFeature.filetype }],
  ["needs_recovery", { word: "incompat", bit: IncompatFeature.recover }],
  ["journal_dev", { word: "incompat", bit: IncompatFeature.journalDev }],
  ["meta_bg", { word: "incompat", bit: IncompatFeature.metaBg }],
  ["extent", { word: "incompat", bit: IncompatFeature.extents }],
  ["64bit", { word: "incompat", bit: IncompatFeature.is64bit }],
  ["mmp", { word: "incompat", bit: IncompatFeature.mmp }],
  ["flex_bg", { word: "incompat", bit: IncompatFeature.flexBg }],
  ["ea_inode", { word: "incompat", bit: IncompatFeature.eaInode }],
  ["dirdata", { word: "incompat", bit: IncompatFeature.dirdata }],
  ["metadata_csum_seed", { word: "incompat", bit: IncompatFeature.csumSeed }],
  ["large_dir", { word: "incompat", bit: IncompatFeature.largeDir }],
  ["inline_data", { word: "incompat", bit: IncompatFeature.inlineData }],
  ["encrypt", { word: "incompat", bit: IncompatFeature.encrypt }],
  ["casefold", { word: "incompat", bit: IncompatFeature.casefold }],
  ["sparse_super", { word: "roCompat", bit: RoCompatFeature.sparseSuper }],
  ["large_file", { word: "roCompat", bit: RoCompatFeature.largeFile }],
  ["huge_file", { word: "roCompat", bit: RoCompatFeature.hugeFile }],
  ["uninit_bg", { word: "roCompat", bit: RoCompatFeature.uninitBg }],
  ["dir_nlink", { word: "roCompat", bit: RoCompatFeature.dirNlink }],
  ["extra_isize", { word: "roCompat", bit: RoCompatFeature.extraIsize }],
  ["quota", { word: "roCompat", bit: RoCompatFeature.quota }],
  ["bigalloc", { word: "roCompat", bit: RoCompatFeature.bigalloc }],
  ["metadata_csum", { word: "roCompat", bit: RoCompatFeature.metadataCsum }],
  ["read-only", { word: "roCompat", bit: RoCompatFeature.readOnly }],
  ["project", { word: "roCompat", bit: RoCompatFeature.project }],
  ["shared_blocks", { word: "roCompat", bit: RoCompatFeature.sharedBlocks }],
  ["verity", { word: "roCompat", bit: RoCompatFeature.verity }],
  ["orphan_present", { word: "roCompat", bit: RoCompatFeature.orphanPresent }],
]);

/** The `mke2fs` names of the bits of `features`, unknown bits as `incompat:0x40000`. */
export function featureNames(features: FeatureSet): string[] {
  const left = { ...features };
  const names: string[] = [];
  for (const [name, { word, bit }] of FEATURE_NAMES) {
    if ((left[word] & bit) === 0) continue;
    names.push(name);
    left[word] &= ~bit;
  }
  for (const word of ["compat", "incompat", "roCompat"] as const) {
    if (left[word] !== 0) names.push(`${word}:0x${(left[word] >>> 0).toString(16)}`);
  }
  return names;
}
