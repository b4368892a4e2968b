/**
 * Manifests as registries hand them out (distribution-spec "Pulling manifests").
 *
 * @module
 */
import * as v from "valibot";
import { ImageError } from "../../image_error.ts";
import { digestOf, parseDigest } from "../../oci/digest.ts";
import { checkDocument, parseJson } from "../../oci/json_document.ts";
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  isIndexMediaType,
  isManifestMediaType,
  isSchema1MediaType,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../../oci/media_type.ts";
import { quote } from "../../oci/quote.ts";
import { RegistryError } from "./registry_error.ts";

/** A manifest or index as it was received, with its bytes checked against its digest. */
export interface RegistryManifest {
  /** Exactly what the registry sent. */
  readonly bytes: Uint8Array;
  /** What it is. */
  readonly mediaType: string;
  /** Digest of the bytes. */
  readonly digest: string;
}

/** What is accepted, for the header field `Accept`. */
export const ACCEPTED_MANIFESTS: string = [
  OCI_INDEX,
  OCI_MANIFEST,
  DOCKER_MANIFEST_LIST,
  DOCKER_MANIFEST,
].join(", ");

const headSchema = v.object({
  schemaVersion: v.nullish(v.unknown()),
  mediaType: v.nullish(v.string(), ""),
  manifests: v.nullish(v.unknown()),
  fsLayers: v.nullish(v.unknown()),
});

/** What came with the bytes. */
export interface ManifestHead {
  /** For messages, as `manifest "docker.io/library/nginx:1.27"`. */
  readonly what: string;
  /** The digest that was asked for, `null` where it was a tag. */
  readonly wanted: string | null;
  /** `Docker-Content-Digest`, `null` where there is none. */
  readonly announced: string | null;
  /** `Content-Type`, `null` where there is none. */
  readonly contentType: string | null;
}

/**
 * Checks what a registry sent as a manifest.
 *
 * Throws `RegistryError` `DIGEST_MISMATCH` (worth another try: the way may have corrupted it),
 * `ImageError` `UNSUPPORTED` for Docker's schema 1, `CORRUPT` where the types contradict each other.
 */
export function checkManifest(bytes: Uint8Array, head: ManifestHead): RegistryManifest {
  const digest = checkedDigest(bytes, head);
  const mediaType = typeOf(bytes, head);
  return { bytes, mediaType, digest };
}

function checkedDigest(bytes: Uint8Array, head: ManifestHead): string {
  const expected = head.wanted ?? knownDigest(head.announced);
  if (expected === null) return digestOf(bytes);
  const observed = digestOf(bytes, parseDigest(expected).algorithm);
  if (observed === expected) return observed;
  throw new RegistryError(
    `Cannot read ${head.what}: its digest is ${observed}, expected ${expected}`,
    { code: "DIGEST_MISMATCH", isTemporary: true },
  );
}

/** An announced digest counts only where it is one of the known form. */
function knownDigest(text: string | null): string | null {
  return text !== null && /^sha256:[0-9a-f]{64}$/.test(text) ? text : null;
}

function typeOf(bytes: Uint8Array, head: ManifestHead): string {
  const document = { kind: "manifest", name: head.what.replace(/^\w+ "(.*)"$/, "$1") };
  const sent = (head.contentType ?? "").split(";")[0].trim().toLowerCase();
  const body = checkDocument(headSchema, parseJson(bytes, document), document);
  const stated = body.mediaType;
  const isOld = body.schemaVersion === 1 || body.fsLayers != null;
  if (isOld || isSchema1MediaType(sent) || isSchema1MediaType(stated)) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot read ${head.what}: it is a Docker manifest of schema 1, expected schema 2 or OCI ` +
        "(push the image again with a current tool)",
    );
  }
  if (stated !== "" && isKnown(sent) && stated !== sent) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read ${head.what}: the registry calls it ${quote(sent)} and it calls itself ` +
        `${quote(stated)}, expected one type`,
    );
  }
  if (stated !== "") return stated;
  if (isKnown(sent)) return sent;
  // Type fields are optional in OCI, and some registries send them all as plain JSON.
  return body.manifests != null ? OCI_INDEX : OCI_MANIFEST;
}

function isKnown(mediaType: string): boolean {
  return isIndexMediaType(mediaType) || isManifestMediaType(mediaType);
}
