/**
 * Which features an image has: the defaults of `mke2fs -t ext4`, less what an old kernel cannot
 * read, changed by the user's `+name` and `-name`.
 *
 * @module
 */
import { FEATURE_NAMES, type FeatureSet } from "./features.ts";

/** The features of `mke2fs -t ext4` 1.47 as Debian ships it, without the journal. */
const DEFAULTS: readonly string[] = [
  "ext_attr",
  "resize_inode",
  "dir_index",
  "filetype",
  "extent",
  "64bit",
  "flex_bg",
  "sparse_super",
  "large_file",
  "huge_file",
  "dir_nlink",
  "extra_isize",
  "metadata_csum",
];
/** Features that are allowed, and set when the content asks for them. */
const ON_DEMAND: readonly string[] = ["ea_inode", "large_dir"];
/** Features that a user may switch; the others decide how this writer works. */
const SWITCHABLE: readonly string[] = [
  "64bit",
  "dir_index",
  "dir_nlink",
  "ea_inode",
  "inline_data",
  "large_dir",
  "metadata_csum",
  "metadata_csum_seed",
  "read-only",
  "resize_inode",
  "uninit_bg",
];

/** A kernel version. */
type Version = readonly [major: number, minor: number];
/** The first kernel from which on a feature is on by itself, or allowed. */
const SINCE: ReadonlyMap<string, Version> = new Map<string, Version>([
  // Older boot loaders and e2fsprogs 1.42 know neither, kernels before 3.18 call the sums a trial.
  ["64bit", [3, 18]],
  ["metadata_csum", [3, 18]],
  ["ea_inode", [4, 13]],
  ["large_dir", [4, 13]],
  ["verity", [5, 4]],
]);
/** The oldest kernel that reads what is left. */
const OLDEST: Version = [2, 6];

/** The features of an image. */
export interface FeatureChoice {
  /** Names of the features that are on, sorted. */
  readonly names: readonly string[];
  /** Names of the features that may be turned on by the content, sorted. */
  readonly onDemand: readonly string[];
}

/**
 * Chooses features. `compat` is a kernel version (`4.14`), `hasVerity` says that files have
 * fs-verity, `changes` is a list in the form of `mke2fs -O` (`+x,-y`, also `x` and `^y`). Throws
 * `RangeError` for what is unknown or impossible.
 */
export function chooseFeatures(
  compat: string | undefined,
  isReadOnly: boolean,
  changes: string | undefined,
  hasVerity = false,
): FeatureChoice {
  const kernel = compat === undefined ? null : parseVersion(compat);
  const isKnown = (name: string) => {
    const since = SINCE.get(name);
    return kernel === null || since === undefined || !isBefore(kernel, since);
  };
  const names = new Set(DEFAULTS.filter(isKnown));
  const onDemand = new Set(ON_DEMAND.filter(isKnown));
  // Without checksums of all metadata, the groups still have theirs.
  if (!names.has("metadata_csum")) names.add("uninit_bg");
  if (isReadOnly) names.delete("resize_inode");
  if (hasVerity) {
    if (!isKnown("verity")) {
      throw new RangeError(
        `Cannot use fs-verity with kernel "${compat}", expected a version from ${
          SINCE.get("verity")!.join(".")
        }`,
      );
    }
    names.add("verity");
  }
  for (const change of (changes ?? "").split(",").filter((text) => text !== "")) {
    applyChange(change, names, onDemand);
  }
  if (names.has("metadata_csum_seed") && !names.has("metadata_csum")) {
    throw new RangeError("Cannot use feature metadata_csum_seed without metadata_csum");
  }
  return { names: [...names].sort(), onDemand: [...onDemand].sort() };
}

/** The bits of features by name. */
export function featureBits(names: Iterable<string>): FeatureSet {
  const bits = { compat: 0, incompat: 0, roCompat: 0 };
  for (const name of names) {
    const { word, bit } = FEATURE_NAMES.get(name)!;
    bits[word] |= bit;
  }
  return bits;
}

function applyChange(change: string, names: Set<string>, onDemand: Set<string>): void {
  const isOff = change.startsWith("-") || change.startsWith("^");
  const name = isOff || change.startsWith("+") ? change.slice(1) : change;
  if (!SWITCHABLE.includes(name)) {
    throw new RangeError(
      `Cannot switch ext4 feature "${name}", expected one of ${SWITCHABLE.join(", ")}`,
    );
  }
  onDemand.delete(name);
  if (isOff) {
    names.delete(name);
    return;
  }
  names.add(name);
  // The two kinds of group checksums exclude each other: the last word counts.
  if (name === "metadata_csum") names.delete("uninit_bg");
  if (name === "uninit_bg") names.delete("metadata_csum");
}

function parseVersion(text: string): Version {
  const found = /^(\d{1,3})\.(\d{1,3})(\.\d+)?$/.exec(text);
  const version: Version = found === null ? [0, 0] : [Number(found[1]), Number(found[2])];
  if (!isBefore(version, OLDEST)) return version;
  throw new RangeError(
    `Cannot be compatible with kernel "${text}", expected a version from ${OLDEST.join(".")}`,
  );
}

function isBefore(a: Version, b: Version): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}
