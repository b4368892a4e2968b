/**
 * The columns of the benchmark of squashfs: this program, and others that read one plain tar, with
 * the same compression, level and block size on two processors.
 *
 * @module
 */
import type { BenchInput } from "./bench_inputs.ts";
import type { Contender } from "./contenders.ts";

const OURS = new URL("../../cli.ts", import.meta.url).pathname;
const BLOCK_SIZE = 131_072;

/** The options of one compression in the words of each program. */
interface Compression {
  readonly ours: string;
  readonly tar2sqfs: string;
  readonly mksquashfs: string;
}

/** Columns with zstd at level 15; the first is the one the others are compared with. */
export const SQUASHFS_ZSTD_CONTENDERS: readonly Contender[] = contenders({
  ours: "zstd:15",
  tar2sqfs: "-c zstd -X level=15",
  mksquashfs: "-comp zstd -Xcompression-level 15",
});

/** Columns with gzip at level 9; the first is the one the others are compared with. */
export const SQUASHFS_GZIP_CONTENDERS: readonly Contender[] = contenders({
  ours: "gzip:9",
  tar2sqfs: "-c gzip -X level=9",
  mksquashfs: "-comp gzip -Xcompression-level 9",
});

function contenders({ ours, tar2sqfs, mksquashfs }: Compression): readonly Contender[] {
  return [
    {
      name: "oci2rootfs",
      needs: [],
      command: ({ layout }, work) =>
        `${quote(Deno.execPath())} run -A ${quote(OURS)} -q oci:${quote(layout)}:image ` +
        `-o ${quote(`${work}/image.squashfs`)} --compression ${ours} --block-size 128K`,
    },
    fromTar(
      "tar2sqfs -j2",
      "tar2sqfs",
      (image) => `tar2sqfs -q -j2 -b ${BLOCK_SIZE} ${tar2sqfs} ${image}`,
    ),
    fromTar(
      "mksquashfs -processors 2",
      "mksquashfs",
      (image) =>
        `mksquashfs - ${image} -tar -quiet -no-progress -processors 2 -b ${BLOCK_SIZE} ${mksquashfs}`,
    ),
  ];
}

/** They read one tar from their standard input. */
function fromTar(name: string, tool: string, command: (image: string) => string): Contender {
  return {
    name,
    needs: [tool],
    command: (input: BenchInput, work) =>
      input.compression !== "none" || input.layers.length !== 1
        ? null
        : `${command(quote(`${work}/image.squashfs`))} < ${quote(input.layers[0])}`,
  };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
