/**
 * What whiteouts and opaque marks mean, case by case.
 *
 * @module
 */
import { directory, file, symlink } from "./case_entries.ts";
import { type MergeCase, UNPACKED_ALONE } from "./merge_case.ts";

/** The cases of {@linkcode MERGE_CASES} about whiteouts. */
export const WHITEOUT_CASES: readonly MergeCase[] = [
  {
    name: "a whiteout removes the file of an older layer",
    layers: [[file("a", "1"), file("b", "1")], [file(".wh.a", "")]],
    expected: ["b = 1"],
  },
  {
    name: "a whiteout after an entry of its own layer spares it",
    layers: [[file("a", "old")], [file("a", "new"), file(".wh.a", "")]],
    expected: ["a = new"],
    overlayDiffers: "the marker and the file are one name in a directory",
  },
  {
    name: "a whiteout before an entry of its own layer spares it",
    layers: [[file("a", "old")], [file(".wh.a", ""), file("a", "new")]],
    expected: ["a = new"],
  },
  {
    name: "a whiteout of what is not there does nothing",
    layers: [[file("a", "1")], [file(".wh.none", ""), file(".wh.a.b", "")]],
    expected: ["a = 1"],
  },
  {
    name: "a whiteout in an old layer does not hide what newer layers bring",
    layers: [[file(".wh.a", "")], [file("a", "1")]],
    expected: ["a = 1"],
  },
  {
    name: "a whiteout removes a whole directory",
    layers: [
      [directory("d"), directory("d/e"), file("d/e/f", "1"), file("g", "1")],
      [file(".wh.d", "")],
    ],
    expected: ["g = 1"],
  },
  {
    name: "a directory that was removed comes back without its old content",
    layers: [
      [directory("d"), file("d/x", "1")],
      [file(".wh.d", "")],
      [directory("d"), file("d/y", "3")],
    ],
    expected: ["d/", "d/y = 3"],
  },
  {
    name: "a whiteout and the same directory again in one layer leave only the new content",
    layers: [
      [directory("d"), file("d/x", "1")],
      [file(".wh.d", ""), directory("d"), file("d/y", "2")],
    ],
    expected: ["d/", "d/y = 2"],
    overlayDiffers: "the marker and the directory are one name in a directory",
  },
  {
    name: "removed, made and removed again is gone",
    layers: [[file("a", "1")], [file(".wh.a", ""), file("a", "2")], [file(".wh.a", "")]],
    expected: [],
  },
  {
    name: "removed and made again has the new content",
    layers: [[file("a", "1")], [file(".wh.a", "")], [file("a", "3")]],
    expected: ["a = 3"],
  },
  {
    name: "a deep whiteout works below a directory that a middle layer made opaque",
    layers: [
      [directory("d"), directory("d/b"), file("d/b/c", "1")],
      [directory("d"), file("d/.wh..wh..opq", ""), directory("d/b"), file("d/b/c", "2")],
      [directory("d"), directory("d/b"), file("d/b/.wh.c", "")],
    ],
    expected: ["d/", "d/b/"],
  },
  {
    name: "an opaque mark hides the older content and nothing else",
    layers: [
      [directory("d"), file("d/a", "1"), directory("d/e"), file("d/e/f", "1")],
      [directory("d"), file("d/.wh..wh..opq", ""), file("d/b", "2")],
    ],
    expected: ["d/", "d/b = 2"],
  },
  {
    name: "an opaque mark spares entries that stand before it",
    layers: [
      [directory("d"), file("d/a", "1"), directory("d/e"), file("d/e/f", "1")],
      [
        directory("d"),
        file("d/b", "2"),
        directory("d/e"),
        file("d/e/g", "2"),
        file("d/.wh..wh..opq", ""),
      ],
    ],
    expected: ["d/", "d/b = 2", "d/e/", "d/e/g = 2"],
    umociDiffers: "deleting touches the time of the sub-directory",
  },
  {
    name: "an opaque mark of a directory without an entry keeps its metadata",
    layers: [
      [directory("d", { mode: 0o711, uid: 5, mtime: 77 }), file("d/a", "1")],
      [file("d/.wh..wh..opq", ""), file("d/b", "2")],
    ],
    expected: ["d/ mode=711 uid=5 mtime=77", "d/b = 2"],
    overlayDiffers: UNPACKED_ALONE,
  },
  {
    name: "an opaque mark at the root hides everything older",
    layers: [[file("a", "1"), directory("d")], [file(".wh..wh..opq", ""), file("b", "2")]],
    expected: ["b = 2"],
    overlayDiffers: "the root of an overlay mount cannot be opaque for what is below",
  },
  {
    name: "other names of aufs are ignored",
    layers: [
      [file("a", "1")],
      [directory(".wh..wh.plnk"), file(".wh..wh.aufs", ""), file(".wh..wh.orph", "")],
    ],
    expected: ["a = 1"],
  },
  {
    name: "a whiteout below what its own layer made a file does nothing",
    layers: [
      [directory("d"), file("d/x", "1")],
      [file("d", "2"), file("d/.wh.x", "")],
    ],
    expected: ["d = 2"],
  },
  {
    name: "a whiteout goes through a symbolic link of an older layer",
    layers: [
      [directory("usr"), file("usr/x", "1"), file("usr/y", "1"), symlink("u", "usr")],
      [file("u/.wh.x", "")],
    ],
    expected: ["u -> usr", "usr/", "usr/y = 1"],
    overlayDiffers: UNPACKED_ALONE,
  },
  {
    name: "a whiteout without a name is refused",
    layers: [[file("a", "1")], [file(".wh.", "")]],
    expected: { error: "CORRUPT" },
  },
  {
    name: "a whiteout of the directory itself is refused",
    layers: [[directory("d")], [file("d/.wh..", "")]],
    expected: { error: "CORRUPT" },
  },
  {
    name: "a whiteout of the parent is refused",
    layers: [[directory("d")], [file("d/.wh...", "")]],
    expected: { error: "CORRUPT" },
  },
];
