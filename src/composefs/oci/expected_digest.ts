/**
 * All forms that an image of a container image can have.
 *
 * @module
 */
import { IMAGE_VERSIONS } from "../image/image_version.ts";
import { type ImageVariant, XATTR_MODES } from "./image_variant.ts";

/** The forms that a digest may be of, the newest versions first; bootable ones when asked for. */
export function* expectedVariants(isBootable: boolean): Generator<ImageVariant> {
  for (const version of IMAGE_VERSIONS.toReversed()) {
    for (const xattrs of XATTR_MODES) {
      yield { version, xattrs, isBootable: false, isAsIs: false };
      if (isBootable) yield { version, xattrs, isBootable: true, isAsIs: false };
    }
    yield { version, xattrs: "keep-user-xattrs", isBootable: false, isAsIs: true };
  }
}
