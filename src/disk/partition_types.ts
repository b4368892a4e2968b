/**
 * Types of partitions that say which machine their root filesystem is for, so that it is found
 * without configuration (UAPI group, Discoverable Partitions Specification).
 *
 * @module
 */

/** Types of the partitions of one processor. */
export interface PartitionTypes {
  /** The processor in the words of the specification; `null` for none in particular. */
  readonly name: string | null;
  /** Type of a root filesystem. */
  readonly root: string;
  /** Type of its hash tree. */
  readonly rootVerity: string;
}

/** A filesystem of Linux, whatever it is for. */
const LINUX_DATA = "0fc63daf-8483-4772-8e79-3d69d8477de4";

/** By the processor in the names of container images. */
const TYPES: readonly (readonly [architecture: string, ...PartitionRow])[] = [
  ["386", "x86", "44479540-f297-41b2-9af7-d131d5f0458a", "d13c5d3b-b5d1-422a-b29f-9454fdc89d76"],
  [
    "amd64",
    "x86-64",
    "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
    "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5",
  ],
  ["arm", "arm", "69dad710-2ce4-4e3c-b16c-21a1d49abed3", "7386cdf2-203c-47a9-a498-f2ecce45a2d6"],
  [
    "arm64",
    "arm64",
    "b921b045-1df0-41c3-af44-4c6f280d3fae",
    "df3300ce-d69f-4c92-978c-9bfb0f38d820",
  ],
  [
    "loong64",
    "loongarch64",
    "77055800-792c-4f94-b39a-98c91b762bb6",
    "f3393b22-e9af-4613-a948-9d3bfbd0c535",
  ],
  [
    "mipsle",
    "mips-le",
    "37c58c8a-d913-4156-a25f-48b1b64e07f0",
    "d7d150d2-2a04-4a33-8f12-16651205ff7b",
  ],
  [
    "mips64le",
    "mips64-le",
    "700bda43-7a34-4507-b179-eeb93d7a7ca3",
    "16b417f8-3e06-4f57-8dd2-9b5232f41aa6",
  ],
  ["ppc", "ppc", "1de3f1ef-fa98-47b5-8dcd-4a860a654d78", "98cfe649-1588-46dc-b2f0-add147424925"],
  [
    "ppc64",
    "ppc64",
    "912ade1d-a839-4913-8964-a10eee08fbd2",
    "9225a9a3-3c19-4d89-b4f6-eeff88f17631",
  ],
  [
    "ppc64le",
    "ppc64-le",
    "c31c45e6-3f39-412e-80fb-4809c4980599",
    "906bd944-4589-4aae-a4e4-dd983917446a",
  ],
  [
    "riscv64",
    "riscv64",
    "72ec70a6-cf74-40e6-bd49-4bda08e8f224",
    "b6ed5582-440b-4209-b8da-5ff7c419ea3d",
  ],
  [
    "s390x",
    "s390x",
    "5eead9a9-fe09-4a1e-a1d7-520d00531306",
    "b325bfbe-c7be-4ab8-8357-139e652d2f6b",
  ],
];

type PartitionRow = readonly [name: string, root: string, rootVerity: string];

/** The types for a processor, `amd64` say; general ones for one that has none, and for `null`. */
export function partitionTypesOf(architecture: string | null): PartitionTypes {
  const found = TYPES.find(([it]) => it === architecture);
  if (found === undefined) return { name: null, root: LINUX_DATA, rootVerity: LINUX_DATA };
  const [, name, root, rootVerity] = found;
  return { name, root, rootVerity };
}

/** What the type of a partition means, `null` where it is none of these. */
export function partitionRole(type: string): "root" | "root-verity" | null {
  if (TYPES.some(([, , root]) => root === type)) return "root";
  return TYPES.some(([, , , rootVerity]) => rootVerity === type) ? "root-verity" : null;
}
