/**
 * What the benchmarks convert: images made with public tools, kept for later runs.
 *
 * @module
 */
import { readFileSync, statSync } from "node:fs";
import { fileDigest, writeLayout } from "../handmade_layout.ts";
import { debianBase } from "../real/real_images.ts";
import { sharedData } from "../real/shared_data.ts";
import { mustRun } from "../run_tool.ts";

/** One image to convert. */
export interface BenchInput {
  /** Name of the row. */
  readonly name: string;
  /** Image layout; its tag is `image`. */
  readonly layout: string;
  /** The unpacked image, for tools that start from a directory. */
  readonly tree: string;
  /** Files of the layers, base first. */
  readonly layers: readonly string[];
  /** How all layers are compressed. */
  readonly compression: "none" | "gzip" | "zstd";
  /** Bytes of all layers, uncompressed or as they are stored. */
  readonly storedSize: number;
  /** Bytes for `mke2fs -d`, with room to spare. */
  readonly imageSize: number;
  /** Inodes for `mke2fs -d`, with some to spare. */
  readonly inodeCount: number;
}

/** The rows, each with what makes it; making them takes minutes and some 20 GB of disk. */
export const BENCH_INPUTS: Readonly<Record<string, () => BenchInput>> = {
  "debian-base": () => treeInput("debian-base", debianBase()),
  "debian-tree": () => treeInput("debian-tree", debianInput("debian-gzip", "layout", "gzip").tree),
  "debian-gzip": () => debianInput("debian-gzip", "layout", "gzip"),
  "debian-zstd": () => debianInput("debian-zstd", "zstd", "zstd"),
  "small-files": () => filesInput("small-files", "small", "gzip"),
  "small-files-plain": () => filesInput("small-files-plain", "small", "none"),
  "random-4g": () => filesInput("random-4g", "random", "gzip"),
  "random-4g-plain": () => filesInput("random-4g-plain", "random", "none"),
  "sparse-3g": () => filesInput("sparse-3g", "sparse", "gzip"),
  "sparse-3g-plain": () => filesInput("sparse-3g-plain", "sparse", "none"),
  "one-directory-plain": () => filesInput("one-directory-plain", "directory", "none"),
  "empty-1m-plain": () => filesInput("empty-1m-plain", "empty", "none"),
};

function debianInput(name: string, layout: string, compression: "gzip" | "zstd"): BenchInput {
  const { path, text } = script("make_debian_input.sh");
  const base = debianBase();
  const made = sharedData("bench-debian", `${text}${base}`, (directory) => {
    mustRun("sh", [path, base, directory]);
  });
  return input(name, `${made}/${layout}`, `${made}/tree`, compression);
}

/** The files of a directory as one uncompressed layer: what `mke2fs -d` starts from, but a tar. */
function treeInput(name: string, tree: string): BenchInput {
  const made = sharedData(`bench-${name}`, tree, (directory) => {
    mustRun("tar", [
      "--format=posix",
      "--numeric-owner",
      "--xattrs",
      "--xattrs-include=*",
      "-C",
      tree,
      "-cf",
      `${directory}/layer.tar`,
      ".",
    ]);
    writeOneLayer(directory, "none");
  });
  return input(name, `${made}/layout`, tree, "none");
}

function filesInput(name: string, kind: string, compression: "none" | "gzip"): BenchInput {
  const { path, text } = script("make_files_input.sh");
  const made = sharedData(`bench-${kind}-${compression}`, text, (directory) => {
    mustRun("sh", [path, kind, directory]);
    // Effort is lost on random bytes.
    writeOneLayer(directory, compression, kind === "random" ? "-1" : "-6");
  });
  return input(name, `${made}/layout`, `${made}/tree`, compression);
}

/** Makes `layer.tar` of a directory the layer of an image in it. */
function writeOneLayer(directory: string, compression: "none" | "gzip", level = "-6"): void {
  const tar = `${directory}/layer.tar`;
  const diffId = fileDigest(tar).digest;
  if (compression === "gzip") mustRun("gzip", [level, "-n", tar]);
  const file = compression === "gzip" ? `${tar}.gz` : tar;
  writeLayout(`${directory}/layout`, [{ tag: "image", layers: [{ file, compression, diffId }] }]);
}

function script(name: string): { path: string; text: string } {
  const path = new URL(name, import.meta.url).pathname;
  return { path, text: readFileSync(path, "utf8") };
}

function input(
  name: string,
  layout: string,
  tree: string,
  compression: BenchInput["compression"],
): BenchInput {
  const index = JSON.parse(readFileSync(`${layout}/index.json`, "utf8"));
  const blob = (digest: string) => `${layout}/blobs/${digest.replace(":", "/")}`;
  const manifest = JSON.parse(readFileSync(blob(index.manifests[0].digest), "utf8"));
  const layers: string[] = manifest.layers.map((layer: { digest: string }) => blob(layer.digest));
  const storedSize = layers.reduce((sum, path) => sum + statSync(path).size, 0);
  return { name, layout, tree, layers, compression, storedSize, ...roomFor(tree) };
}

/** Room for a tree: its blocks, an inode for each name, and a quarter more. */
function roomFor(tree: string): { imageSize: number; inodeCount: number } {
  const kibibytes = Number(mustRun("du", ["-sk", tree]).split("\t")[0]);
  const names = Number(mustRun("sh", ["-c", 'find "$1" | wc -l', "sh", tree]));
  const inodeCount = Math.ceil(names * 1.25) + 1024;
  const bytes = kibibytes * 1024 * 1.25 + inodeCount * 512 + 64 * 1048576;
  return { imageSize: Math.ceil(bytes / 1048576) * 1048576, inodeCount };
}
