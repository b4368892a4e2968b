/**
 * What layers mean, case by case: hand-made layers and the tree they must become.
 *
 * Entries have mode 0644 (directories 0755), owner 0:0 and time 1000 unless they say otherwise;
 * the expected lines are those of `listTree`, which shows what differs from that.
 *
 * @module
 */
import { characterDevice, directory, fifo, file, link, symlink } from "./case_entries.ts";
import { type MergeCase, UNPACKED_ALONE } from "./merge_case.ts";
import { WHITEOUT_CASES } from "./whiteout_cases.ts";

/** All cases, in the order of the subjects: whiteouts, duplicates, types, links, parents, metadata, names. */
export const MERGE_CASES: readonly MergeCase[] = [
  ...WHITEOUT_CASES,
  // The same path twice
  {
    name: "the later of two entries wins",
    layers: [[file("a", "1"), file("a", "2"), symlink("b", "x"), file("b", "3")]],
    expected: ["a = 2", "b = 3"],
    overlayDiffers: "its unpacker refuses a path that comes twice",
  },
  {
    name: "the later of two entries wins when one is a directory",
    layers: [[
      directory("bin"),
      file("bin/x", "1"),
      directory("usr"),
      symlink("bin", "usr"),
      file("f", "1"),
      directory("f"),
      file("f/x", "2"),
    ]],
    expected: ["bin -> usr", "f/", "f/x = 2", "usr/"],
    overlayDiffers: "its unpacker refuses a path that comes twice",
  },
  // Types that change between layers
  {
    name: "a non-directory replaces a directory and all below it",
    layers: [
      [
        directory("a"),
        file("a/x", "1"),
        directory("b"),
        directory("b/y"),
        file("b/y/z", "1"),
        directory("c"),
        file("c/x", "1"),
      ],
      [file("a", "2"), symlink("b", "c"), fifo("c")],
    ],
    expected: ["a = 2", "b -> c", "c |"],
  },
  {
    name: "a directory replaces a non-directory",
    layers: [
      [file("a", "1"), symlink("b", "nowhere"), fifo("c")],
      [directory("a"), file("a/x", "2"), directory("b"), directory("c")],
    ],
    expected: ["a/", "a/x = 2", "b/", "c/"],
  },
  {
    name: "a file replaces a file, a link or a device",
    layers: [
      [file("a", "longer content"), symlink("b", "a"), characterDevice("c", 1, 3)],
      [file("a", "2"), file("b", "2"), file("c", "2")],
    ],
    expected: ["a = 2", "b = 2", "c = 2"],
  },
  {
    name: "a directory becomes a file and a directory again without its old content",
    layers: [
      [directory("d"), file("d/x", "1")],
      [file("d", "2")],
      [directory("d"), file("d/y", "3")],
    ],
    expected: ["d/", "d/y = 3"],
  },
  // Hard links
  {
    name: "hard links of one layer are one file, also by way of a link",
    layers: [[file("a", "1"), link("b", "a"), link("c", "b")]],
    expected: ["a = 1", "b == a", "c == a"],
  },
  {
    name: "a hard link names a file of an older layer",
    layers: [[file("a", "1"), directory("d")], [link("d/b", "a")], [link("c", "d/b")]],
    expected: ["a = 1", "c == a", "d/", "d/b == a"],
    overlayDiffers: UNPACKED_ALONE,
  },
  {
    name: "a hard link survives the whiteout of its target",
    layers: [[file("a", "1")], [link("b", "a")], [file(".wh.a", "")]],
    expected: ["b = 1"],
    overlayDiffers: UNPACKED_ALONE,
  },
  {
    name: "a hard link keeps the old file when its target's name is replaced",
    layers: [[file("a", "old"), link("b", "a"), link("c", "a")], [file("a", "new")]],
    expected: ["a = new", "b = old", "c == b"],
  },
  {
    name: "the whiteout of one name leaves the others",
    layers: [[file("a", "1"), link("b", "a"), link("c", "a")], [file(".wh.b", "")]],
    expected: ["a = 1", "c == a"],
  },
  {
    name: "a hard link in the layer that removes its target finds it no more",
    layers: [[file("a", "1")], [file(".wh.a", ""), link("b", "a")]],
    expected: { error: "CORRUPT" },
  },
  {
    name: "a hard link to nothing is refused",
    layers: [[file("a", "1")], [link("b", "none")]],
    expected: { error: "CORRUPT" },
  },
  {
    name: "a hard link may stand before its target",
    layers: [[link("b", "a"), file("a", "1")]],
    expected: ["a = 1", "b == a"],
    umociDiffers: "it needs the target first",
    overlayDiffers: "its unpacker needs the target first",
  },
  {
    name: "a hard link to a symbolic link, fifo or device is one more name of it",
    layers: [[
      symlink("s", "nowhere"),
      fifo("p"),
      characterDevice("c", 1, 3),
      link("s2", "s"),
      link("p2", "p"),
      link("c2", "c"),
    ]],
    expected: ["c 1:3", "c2 == c", "p |", "p2 == p", "s -> nowhere", "s2 == s"],
  },
  {
    name: "a hard link replaces what stood at its name",
    layers: [[file("a", "1"), file("b", "2"), symlink("c", "x")], [
      file("n", "3"),
      link("b", "n"),
      link("c", "n"),
    ]],
    expected: ["a = 1", "b = 3", "c == b", "n == b"],
  },
  {
    name: "an empty file keeps its hard link",
    layers: [[file("o", ""), link("a", "o")], [file(".wh.o", "")]],
    expected: ["a ="],
  },
  // Parents
  {
    name: "missing parents are made",
    layers: [[file("a/b/c", "1")]],
    expected: ["a/ mtime=created", "a/b/ mtime=created", "a/b/c = 1"],
  },
  {
    name: "a parent that only an older layer lists stays as it is",
    layers: [
      [directory("d", { mode: 0o711, uid: 3, gid: 4, mtime: 77 })],
      [file("d/f", "2")],
    ],
    expected: ["d/ mode=711 uid=3 gid=4 mtime=77", "d/f = 2"],
    overlayDiffers: UNPACKED_ALONE,
  },
  {
    name: "a parent that is a symbolic link of an older layer is followed",
    layers: [
      [directory("usr"), directory("usr/lib"), symlink("lib", "usr/lib")],
      [file("lib/x", "2"), directory("lib/d"), file("lib/d/y", "2")],
    ],
    expected: [
      "lib -> usr/lib",
      "usr/",
      "usr/lib/",
      "usr/lib/d/",
      "usr/lib/d/y = 2",
      "usr/lib/x = 2",
    ],
    overlayDiffers: UNPACKED_ALONE,
  },
  {
    name: "a parent link cannot leave the root",
    layers: [
      [
        directory("etc"),
        directory("d"),
        symlink("d/up", "../../../etc"),
        symlink("abs", "/d/up"),
      ],
      [file("d/up/x", "2"), file("abs/y", "2")],
    ],
    expected: [
      "abs -> /d/up",
      "d/",
      "d/up -> ../../../etc",
      "etc/",
      "etc/x = 2",
      "etc/y = 2",
    ],
    overlayDiffers: UNPACKED_ALONE,
  },
  {
    name: "a directory entry replaces a symbolic link",
    layers: [
      [directory("usr"), directory("usr/lib"), file("usr/lib/old", "1"), symlink("lib", "usr/lib")],
      [directory("lib"), file("lib/x", "2")],
    ],
    expected: ["lib/", "lib/x = 2", "usr/", "usr/lib/", "usr/lib/old = 1"],
  },
  {
    name: "a hard link's target may lie behind a symbolic link",
    layers: [
      [directory("d"), file("d/f", "1"), symlink("s", "d")],
      [link("x", "s/f")],
    ],
    expected: ["d/", "d/f = 1", "s -> d", "x == d/f"],
    overlayDiffers: UNPACKED_ALONE,
  },
  // Metadata
  {
    name: "a directory again changes its metadata, drops its attributes and keeps its content",
    layers: [
      [
        directory("d", { mode: 0o755, uid: 1, xattrs: { "user.a": "1", "user.b": "2" } }),
        file("d/x", "1"),
      ],
      [directory("d", { mode: 0o1777, uid: 7, gid: 8, mtime: 5000, xattrs: { "user.b": "3" } })],
    ],
    expected: ["d/ mode=1777 uid=7 gid=8 mtime=5000 user.b=3", "d/x = 1"],
  },
  {
    name: "a file again drops the attributes of the old one",
    layers: [
      [file("a", "1", { mode: 0o4755, uid: 1, xattrs: { "user.a": "1" } })],
      [file("a", "2", { mode: 0o600 })],
    ],
    expected: ["a = 2 mode=600"],
  },
  {
    name: "the root has its own entry",
    layers: [
      [directory("./", { mode: 0o711, uid: 9, mtime: 123, xattrs: { "user.r": "x" } })],
      [file("a", "1")],
    ],
    expected: ["./ mode=711 uid=9 mtime=123 user.r=x", "a = 1"],
    overlayDiffers: "the root is that of the newest layer",
  },
  {
    name: "a directory's time is its entry's, whatever is made or removed in it later",
    layers: [
      [directory("d", { mtime: 500 }), file("d/a", "1"), file("d/b", "1")],
      [file("d/.wh.a", ""), file("d/c", "2")],
    ],
    expected: ["d/ mtime=500", "d/b = 1", "d/c = 2"],
    overlayDiffers: UNPACKED_ALONE,
  },
  {
    name: "a symbolic link has its own owner and time",
    layers: [[symlink("s", "../somewhere", { uid: 12, gid: 34, mtime: 99 })]],
    expected: ["s -> ../somewhere uid=12 gid=34 mtime=99"],
  },
  {
    name: "times have nanoseconds and may lie before 1970",
    layers: [[
      file("a", "1", { mtime: "1000000000.123456789" }),
      file("b", "1", { mtime: "-1.5" }),
      directory("d", { mtime: "4294967301.000000001" }),
    ]],
    expected: [
      "a = 1 mtime=1000000000.123456789",
      "b = 1 mtime=-2.500000000",
      "d/ mtime=4294967301.000000001",
    ],
    overlayDiffers: "its unpacker has no times before 1970",
  },
  {
    name: "modes, owners beyond 16 bits and devices are exact",
    layers: [[
      file("s", "1", { mode: 0o6755, uid: 70000, gid: 4294967294 }),
      characterDevice("c", 300, 70000, { mode: 0o620, uid: 1 }),
      fifo("p", { mode: 0o622 }),
    ]],
    expected: [
      "c 300:70000 mode=620 uid=1",
      "p | mode=622",
      "s = 1 mode=6755 uid=70000 gid=4294967294",
    ],
  },
  {
    name: "attributes are bytes",
    layers: [[file("a", "1", { xattrs: { "user.x": "\x00\xff\n=", "trusted.y": "z" } })]],
    expected: ["a = 1 trusted.y=z user.x=\\x00\\xff\\x0a="],
  },
  {
    name: "an attribute may be empty",
    layers: [[file("a", "1", { xattrs: { "user.empty": "", "user.full": "x" } })]],
    expected: ["a = 1 user.empty= user.full=x"],
    umociDiffers: "it leaves out empty attributes",
    overlayDiffers: "its unpacker leaves out empty attributes",
  },
  // Names
  {
    name: "slashes and dots in front and behind mean nothing",
    layers: [
      [file("./a", "1"), directory("./d/"), file("/b", "1")],
      [file("a", "2"), file("./d/./x", "2"), file("//b", "2")],
    ],
    expected: ["a = 2", "b = 2", "d/", "d/x = 2"],
    overlayDiffers: UNPACKED_ALONE,
  },
  {
    name: "a name that leaves the root is refused",
    layers: [[directory("d"), file("d/../../x", "1")]],
    expected: { error: "UNSAFE_PATH" },
  },
  {
    name: "a hard link to a name that leaves the root is refused",
    layers: [[file("a", "1"), link("b", "../a")]],
    expected: { error: "UNSAFE_PATH" },
  },
  {
    name: "names are bytes, of any length up to the kernel's",
    layers: [[
      file("latin-\xe9", "1"),
      file("utf8-\xc3\xa9", "1"),
      file("control-\x01\n", "1"),
      file("n".repeat(255), "1"),
      file(`${"p".repeat(200)}/${"q".repeat(200)}`, "1"),
      symlink("s", "t".repeat(300)),
    ]],
    expected: [
      "control-\\x01\\x0a = 1",
      "latin-\\xe9 = 1",
      `${"n".repeat(255)} = 1`,
      `${"p".repeat(200)}/ mtime=created`,
      `${"p".repeat(200)}/${"q".repeat(200)} = 1`,
      `s -> ${"t".repeat(300)}`,
      "utf8-\\xc3\\xa9 = 1",
    ],
  },
  {
    name: "an empty layer adds nothing",
    layers: [[file("a", "1")], [], [file("b", "3")]],
    expected: ["a = 1", "b = 3"],
  },
];
