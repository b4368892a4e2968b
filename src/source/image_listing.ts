/**
 * What an error shows when it lists the images that there are.
 *
 * @module
 */
import { formatPlatform, type Platform } from "../oci/platform.ts";
import { quoteText } from "../oci/quote.ts";

/** One image to list. */
export interface ListedImage {
  /** Its tag or name, empty where it has none. */
  readonly name: string;
  /** What it is for; `null` where nothing says so, none where it was not looked. */
  readonly platforms: readonly (Platform | null)[];
  /** Digest of its manifest, index or configuration. */
  readonly digest: string;
}

/** Most lines of a list in a message. */
const LONGEST_LIST = 20;

/** A line for each image, each after a line break: name, platforms, digest. */
export function listImages(images: readonly ListedImage[]): string {
  const lines = images.slice(0, LONGEST_LIST).map((image) => {
    const name = image.name === "" ? "(no tag)" : quoteText(image.name);
    const platforms = image.platforms.slice(0, LONGEST_LIST).map(platformText);
    if (image.platforms.length > LONGEST_LIST) platforms.push("…");
    const parts = [name, platforms.join(", "), quoteText(image.digest)];
    return `\n  ${parts.filter((part) => part !== "").join("  ")}`;
  });
  const more = images.length - lines.length;
  return lines.join("") + (more > 0 ? `\n  and ${more} more` : "");
}

/** A platform from outside, fit to be shown. */
export function platformText(platform: Platform | null): string {
  return platform === null ? "(no platform)" : quoteText(formatPlatform(platform));
}
