/**
 * The columns of the benchmark: this program, its peers, and the floors that nobody can beat.
 *
 * @module
 */
import { findTool } from "../tools.ts";
import type { BenchInput } from "./bench_inputs.ts";
import { SQUASHFS_GZIP_CONTENDERS, SQUASHFS_ZSTD_CONTENDERS } from "./squashfs_contenders.ts";

/** One column. */
export interface Contender {
  /** Name of the column. */
  readonly name: string;
  /** Programs it needs. */
  readonly needs: readonly string[];
  /** The shell command that works on `input` in the empty directory `work`; `null` where it cannot. */
  readonly command: (input: BenchInput, work: string) => string | null;
  /** The shell command that makes ready for it in `work`; its time does not count. */
  readonly prepare?: (input: BenchInput, work: string) => string;
}

const OURS = new URL("../../cli.ts", import.meta.url).pathname;

/** All columns; the first is the one the others are compared with. */
export const CONTENDERS: readonly Contender[] = [
  {
    name: "oci2rootfs",
    needs: [],
    command: (input, work) => conversion(input, work, "image.ext4"),
  },
  {
    name: "umoci unpack + mke2fs -d",
    needs: ["umoci", "mke2fs"],
    // Older versions of umoci read gzip only.
    command: (input, work) =>
      input.compression !== "gzip"
        ? null
        : `umoci unpack --image ${quote(input.layout)}:image ${quote(`${work}/bundle`)} && ` +
          mke2fs(`${work}/bundle/rootfs`, input, work),
  },
  {
    name: "mke2fs -d",
    needs: ["mke2fs"],
    command: (input, work) => mke2fs(input.tree, input, work),
  },
  floor("gzip -dc", "gzip", "gzip"),
  floor("igzip -dc", "igzip", "gzip"),
  floor("zstd -dc", "zstd", "zstd"),
  floor("cat", "cat", "none"),
];

/** EROFS images that are not compressed: beside our ext4, and `mkfs.erofs` from a directory. */
export const EROFS_CONTENDERS: readonly Contender[] = [
  {
    name: "oci2rootfs erofs",
    needs: [],
    command: (input, work) => conversion(input, work, "image.erofs"),
  },
  { ...CONTENDERS[0], name: "oci2rootfs ext4" },
  {
    name: "mkfs.erofs",
    needs: ["mkfs.erofs"],
    command: ({ tree }, work) => `mkfs.erofs ${quote(`${work}/image.erofs`)} ${quote(tree)}`,
  },
];

/** A conversion to ext4, and comparing its image with the layers again. */
const VERIFY_CONTENDERS: readonly Contender[] = [
  { ...CONTENDERS[0], name: "oci2rootfs ext4" },
  {
    name: "oci2rootfs verify",
    needs: [],
    prepare: (input, work) => conversion(input, work, "image.ext4"),
    command: ({ layout }, work) =>
      ours(`verify -q ${quote(`${work}/image.ext4`)} oci:${quote(layout)}:image`),
  },
];

/** A conversion to ext4, pulls into empty composefs repositories, and the same pull again. */
const COMPOSEFS_CONTENDERS: readonly Contender[] = [
  { ...CONTENDERS[0], name: "oci2rootfs ext4" },
  {
    name: "composefs pull (new)",
    needs: [],
    prepare: (_, work) => ours(`composefs init -q --insecure ${quote(`${work}/repository`)}`),
    command: composefsPull,
  },
  {
    name: "the same with sha256",
    needs: [],
    prepare: (_, work) =>
      ours(`composefs init -q --insecure --algorithm sha256 ${quote(`${work}/repository`)}`),
    command: composefsPull,
  },
  {
    name: "composefs pull (again)",
    needs: [],
    prepare: (input, work) =>
      ours(`composefs init -q --insecure ${quote(`${work}/repository`)}`) + " && " +
      composefsPull(input, work),
    command: composefsPull,
  },
];

function composefsPull({ layout }: BenchInput, work: string): string {
  const repository = quote(`${work}/repository`);
  return ours(`composefs pull -q --repo ${repository} oci:${quote(layout)}:image name > /dev/null`);
}

/** What can be measured, by the name of what is made; every set has columns of its own. */
export const CONTENDER_SETS: Readonly<Record<string, readonly Contender[]>> = {
  ext4: CONTENDERS,
  erofs: EROFS_CONTENDERS,
  verify: VERIFY_CONTENDERS,
  composefs: COMPOSEFS_CONTENDERS,
  "squashfs-zstd": SQUASHFS_ZSTD_CONTENDERS,
  "squashfs-gzip": SQUASHFS_GZIP_CONTENDERS,
};

/** Those of a set that can run on this machine. */
export function availableContenders(contenders: readonly Contender[]): readonly Contender[] {
  return contenders.filter(({ needs }) => needs.every((tool) => findTool(tool) !== null));
}

function ours(args: string): string {
  return `${quote(Deno.execPath())} run -A ${quote(OURS)} ${args}`;
}

function conversion({ layout }: BenchInput, work: string, name: string): string {
  return ours(`-q oci:${quote(layout)}:image -o ${quote(`${work}/${name}`)}`);
}

/** Decompressing all layers to nowhere. */
function floor(name: string, tool: string, compression: string): Contender {
  return {
    name,
    needs: [tool],
    command: (input) =>
      input.compression !== compression
        ? null
        : input.layers.map((layer) => `${name} < ${quote(layer)} > /dev/null`).join(" && "),
  };
}

function mke2fs(tree: string, input: BenchInput, work: string): string {
  const kibibytes = input.imageSize / 1024;
  return `mke2fs -q -t ext4 -b 4096 -N ${input.inodeCount} -d ${quote(tree)} ` +
    `${quote(`${work}/image.ext4`)} ${kibibytes}k`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
