/**
 * Random trees for property tests.
 *
 * @module
 */
import fc from "fast-check";
import { CaseTree, type FileFields } from "./case_tree.ts";

const byte = fc.integer({ min: 1, max: 255 }).filter((value) => value !== 0x2f);
const name = fc.oneof(
  { weight: 5, arbitrary: fc.array(byte, { minLength: 1, maxLength: 12 }) },
  { weight: 1, arbitrary: fc.array(byte, { minLength: 200, maxLength: 255 }) },
).map((bytes) => String.fromCharCode(...bytes)).filter((text) => text !== "." && text !== "..");

const xattrs = fc.dictionary(
  fc.tuple(
    fc.constantFrom("user.", "trusted.", "security."),
    fc.stringMatching(/^[a-z]{1,20}$/),
  ).map((parts) => parts.join("")),
  fc.uint8Array({ maxLength: 60 }),
  { maxKeys: 6 },
);

const metadata = fc.record({
  permissions: fc.nat({ max: 0o7777 }),
  uid: fc.nat({ max: 0xffff_fffe }),
  gid: fc.nat({ max: 0xffff_fffe }),
  // Up to where e2fsck begins to take late times for early ones.
  mtime: fc.tuple(fc.integer({ min: -(2 ** 31), max: 2 ** 33 }), fc.nat({ max: 999_999_999 })),
  xattrs,
});

/** Alternating lengths of holes and data. */
const data = fc.array(fc.tuple(fc.nat({ max: 20_000 }), fc.integer({ min: 1, max: 20_000 })), {
  maxLength: 12,
}).map((pieces) => {
  let position = 0;
  return pieces.map(([hole, length]): [number, number] => {
    const start = position + hole;
    position = start + length;
    return [start, position];
  });
});

/** One file of a random tree. */
export interface Step {
  readonly kind: "file" | "directory" | "symlink" | "device" | "fifo" | "link";
  /** Which of the directories made so far it is put in, and which file a link names. */
  readonly parent: number;
  readonly other: number;
  readonly name: string;
  readonly metadata: FileFields;
  readonly data: [number, number][];
  readonly tail: number;
  readonly writesZeros: boolean;
  readonly target: string;
}

/** Files of any kind, with names of any bytes and metadata of any value. */
export const arbitraryStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    "file",
    "file",
    "file",
    "directory",
    "directory",
    "symlink",
    "device",
    "fifo",
    "link",
  ),
  parent: fc.nat(),
  other: fc.nat(),
  name,
  metadata,
  data,
  tail: fc.oneof(fc.constant(0), fc.nat({ max: 2 ** 33 })),
  writesZeros: fc.boolean(),
  target: fc.array(byte, { minLength: 1, maxLength: 200 }).map((bytes) =>
    String.fromCharCode(...bytes)
  ),
});

/** The tree of the files, each in one of the directories before it. */
export function buildTree(steps: readonly Step[]): CaseTree {
  const tree = new CaseTree();
  const directories = [""];
  const files: string[] = [];
  for (const s of steps) {
    const parent = directories[s.parent % directories.length];
    const path = parent === "" ? s.name : `${parent}/${s.name}`;
    if (tree.at(parent).children!.has(s.name) || path === "lost+found") continue;
    if (s.kind === "directory") {
      tree.directory(path, s.metadata);
      directories.push(path);
      // Now and then a directory that needs an index.
      for (let i = 0; s.other % 5 === 0 && i < s.tail % 400; i++) {
        tree.file(`${path}/${s.target.replaceAll("/", "_").slice(0, 100)}${i}`);
      }
      continue;
    }
    if (s.kind === "file") {
      const end = s.data.at(-1)?.[1] ?? 0;
      // Zeros that are written one by one must stay few.
      const size = end + (s.writesZeros ? s.tail % 50_000 : s.tail);
      tree.file(path, { ...s.metadata, size, data: s.data, writesZeros: s.writesZeros });
    } else if (s.kind === "symlink") tree.symlink(path, s.target, s.metadata);
    else if (s.kind === "device") {
      const [major, minor] = [s.other % 4096, s.tail % 2 ** 20];
      tree.device(path, "blockDevice", major, minor, s.metadata);
    } else if (s.kind === "fifo") tree.special(path, "fifo", s.metadata);
    else if (files.length === 0) continue;
    else tree.link(path, files[s.other % files.length]);
    files.push(path);
  }
  return tree;
}
