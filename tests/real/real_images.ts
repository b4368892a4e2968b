/**
 * Images with real content, made on the spot by the tools that people use.
 *
 * The shell scripts beside this file say what is in them; each can be run by hand.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { mustRun } from "../run_tool.ts";
import { sharedData } from "./shared_data.ts";

/** What {@linkcode debianBase} needs. */
export const DEBIAN_BASE_NEEDS = ["root", "debootstrap"] as const;
/** What {@linkcode umociImage} needs. */
export const UMOCI_IMAGE_NEEDS = [
  ...DEBIAN_BASE_NEEDS,
  "umoci",
  "tar",
  "setcap",
  "setfacl",
  "setfattr",
] as const;
/** What {@linkcode buildahImage} needs. */
export const BUILDAH_IMAGE_NEEDS = [
  ...DEBIAN_BASE_NEEDS,
  "buildah",
  "mount:overlay",
  "setcap",
  "setfacl",
  "setfattr",
] as const;

/** Directory of a small Debian root filesystem. */
export function debianBase(): string {
  return `${makeByScript("debian-base", "make_debian_base.sh", [])}/made`;
}

/** Image layout with a Debian image of eight layers, gzip: tags `full` and `base` (its first layer). */
export function umociImage(): string {
  return `${makeByScript("umoci-image", "make_umoci_image.sh", [debianBase()])}/made`;
}

/** Image layout with a Debian image of four layers, made by buildah: tags `gzip` and `zstd`. */
export function buildahImage(): string {
  return `${makeByScript("buildah-image", "make_buildah_image.sh", [debianBase()])}/made`;
}

function makeByScript(name: string, script: string, args: readonly string[]): string {
  const path = new URL(script, import.meta.url).pathname;
  // The inputs are part of the recipe: another base makes another image.
  const recipe = [readFileSync(path, "utf8"), ...args].join("\n");
  return sharedData(name, recipe, (directory) => {
    mustRun("sh", [path, ...args, `${directory}/made`]);
  });
}
