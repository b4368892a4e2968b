/**
 * The names of an image in a layout: annotations of its entry in `index.json`.
 *
 * @module
 */
import { formatOfFileName } from "../format/formats.ts";
import { ImageError } from "../image_error.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { parseRegistryReference } from "../oci/registry_reference.ts";
import { normalizeImageName, tagOf } from "../oci/reference.ts";

/** A tag, or a whole name (image-spec `annotations.md`). */
const REF_NAME = "org.opencontainers.image.ref.name";
/** The whole name, written by containerd beside a tag alone in the other annotation. */
const CONTAINERD_NAME = "io.containerd.image.name";

/** The name to show and to tell images apart by; empty where there is none. */
export function imageName(descriptor: Descriptor): string {
  return descriptor.annotations[CONTAINERD_NAME] || descriptor.annotations[REF_NAME] || "";
}

/**
 * The entries that `wanted` names: those with exactly this name, else those whose full name is the
 * same (`busybox` and `docker.io/library/busybox:latest`), else those with this tag.
 */
export function entriesNamed(wanted: string, entries: readonly Descriptor[]): Descriptor[] {
  const full = normalizeImageName(wanted);
  const tests: ((name: string) => boolean)[] = [
    (name) => name === wanted,
    (name) => normalizeImageName(name) === full,
    (name) => tagOf(name) === wanted,
  ];
  for (const test of tests) {
    const found = entries.filter((entry) => allNames(entry).some(test));
    if (found.length > 0) return found;
  }
  return [];
}

/** What paths end with and names of images hardly ever, beside the extensions of the formats. */
const PATH_SUFFIX = /\.(?:tar\.[a-z0-9]+|oci|zip|qcow2|vhd)$/;

/** Whether a text that is no path of this machine can be meant as the name of an image. */
export function isImageName(text: string): boolean {
  if (PATH_SUFFIX.test(text) || formatOfFileName(text) !== null) return false;
  try {
    parseRegistryReference(text);
    return true;
  } catch (error) {
    if (error instanceof ImageError) return false;
    throw error;
  }
}

function allNames({ annotations }: Descriptor): string[] {
  return [annotations[REF_NAME], annotations[CONTAINERD_NAME]].filter((name) => !!name);
}
