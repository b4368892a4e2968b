/**
 * The images that are made of one container image, and the names that its configuration's stream has
 * for them.
 *
 * @module
 */
import type { ImageVersion } from "../image/image_version.ts";

/** What becomes of extended attributes: only `security.capability` stays, or `user.*` too. */
export type XattrMode = "allowlist-only" | "keep-user-xattrs";

/** All modes; the first is the default. */
export const XATTR_MODES: readonly XattrMode[] = ["allowlist-only", "keep-user-xattrs"];

/** How an image is made of a container image. */
export interface ImageVariant {
  /** Version of the image. */
  readonly version: ImageVersion;
  /** What becomes of extended attributes. */
  readonly xattrs: XattrMode;
  /** Without what a boot loader and the running system put elsewhere. */
  readonly isBootable: boolean;
  /** Every file as the layers have it: nothing of the usual changes is made. */
  readonly isAsIs: boolean;
}

const PREFIX = "composefs.image";
const VERSION_SUFFIXES: Readonly<Record<ImageVersion, string>> = { 0: ".v0", 1: ".v1", 2: "" };

/** The name of an image among the references of a configuration, as `composefs.image.v1`. */
export function variantName(variant: ImageVariant): string {
  const { version, xattrs, isBootable, isAsIs } = variant;
  return PREFIX + (isBootable ? ".boot" : "") + VERSION_SUFFIXES[version] +
    (isAsIs ? ".as-is" : xattrs === "allowlist-only" ? "" : `.xattrs=${xattrs}`);
}

/** Whether a reference of a configuration is an image. */
export function isVariantName(name: string): boolean {
  return name === PREFIX || name.startsWith(`${PREFIX}.`);
}
