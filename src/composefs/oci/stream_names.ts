/**
 * What the parts of container images are called in a repository.
 *
 * ```text
 * streams/oci-manifest-sha256:…     a manifest
 * streams/oci-config-sha256:…       a configuration
 * streams/oci-layer-sha256:…        a layer, by the digest of its tar; a blob of an artifact
 * streams/refs/oci/TAG              a name for a manifest
 * streams/refs/oci-referrers/SUBJECT/ARTIFACT
 * ```
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { parseDigest } from "../../oci/digest.ts";
import { quote } from "../../oci/quote.ts";

const TAGS = "oci/";
const REFERRERS = "oci-referrers/";
const MANIFEST = "oci-manifest-";

/** Stream of the manifest `digest`. Throws `ImageError` for a malformed digest, as all of these. */
export function manifestStream(digest: string): string {
  return `${MANIFEST}${checked(digest)}`;
}

/** Stream of the configuration `digest`. */
export function configStream(digest: string): string {
  return `oci-config-${checked(digest)}`;
}

/** Stream of the layer whose tar has the digest `diffId`. */
export function layerStream(diffId: string): string {
  return `oci-layer-${checked(diffId)}`;
}

/** The digest of the manifest in a stream of that name; `null` for other streams. */
export function digestOfManifestStream(name: string): string | null {
  return name.startsWith(MANIFEST) ? name.slice(MANIFEST.length) : null;
}

/**
 * The name below `streams/refs` for a tag. Throws `ImageError` `UNSUPPORTED` for a tag that begins
 * with `@`, which would stand for a digest, or is empty.
 */
export function tagRef(tag: string): string {
  if (!isTag(tag)) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot use tag ${quote(tag)}: it is empty or begins with @, expected a name`,
    );
  }
  return TAGS + tag.replaceAll("%", "%25").replaceAll("/", "%2F");
}

/** The tag of a name below `streams/refs`; `null` where no tag has that name. */
export function tagOfRef(ref: string): string | null {
  if (!ref.startsWith(TAGS)) return null;
  const tag = ref.slice(TAGS.length).replaceAll("%2F", "/").replaceAll("%25", "%");
  return isTag(tag) && tagRef(tag) === ref ? tag : null;
}

/** The name below `streams/refs` that says that `artifact` refers to `subject`; both are digests. */
export function referrerRef(subject: string, artifact: string): string {
  return `${REFERRERS}${checked(subject)}/${checked(artifact)}`;
}

/** Subject and artifact of such a name; `null` for other names. */
export function partsOfReferrerRef(ref: string): { subject: string; artifact: string } | null {
  const parts = ref.split("/");
  if (parts.length !== 3 || !ref.startsWith(REFERRERS)) return null;
  return { subject: parts[1], artifact: parts[2] };
}

function isTag(text: string): boolean {
  return text !== "" && !text.startsWith("@");
}

function checked(digest: string): string {
  parseDigest(digest);
  return digest;
}
