/**
 * The UUID of an image, derived from the input and the options, so that the same input gives the
 * same bytes.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import type { ResolvedOptions } from "./options.ts";

/** Changes whenever the same input would give other bytes than before. */
export const EROFS_FORMAT_NUMBER = 5;

/** `uuid` of an image of the input `identity`, made with `options`. */
export function deriveUuid(identity: string, options: ResolvedOptions): Uint8Array {
  const { label, uuid, ...others } = options;
  if (uuid === "random") return asUuid(randomBytes(16));
  if (uuid !== null) return uuid;
  const hash = createHash("sha256");
  hash.update(`oci2rootfs erofs ${EROFS_FORMAT_NUMBER}`);
  // Each part behind its length: no two lists of parts give the same bytes.
  for (const part of ["uuid", identity, JSON.stringify({ ...others, label: label.toHex() })]) {
    hash.update(`\0${part.length}\0${part}`);
  }
  return asUuid(hash.digest());
}

/** The usual text form of a UUID. */
export function formatUuid(uuid: Uint8Array): string {
  const hex = uuid.toHex();
  return [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]].map(([start, end]) =>
    hex.slice(start, end)
  ).join("-");
}

/** 16 bytes marked as a UUID of version 8 (RFC 9562: bits of the maker's choice). */
function asUuid(bytes: Uint8Array): Uint8Array {
  const uuid = Uint8Array.from(bytes.subarray(0, 16));
  uuid[6] = uuid[6] & 0x0f | 0x80;
  uuid[8] = uuid[8] & 0x3f | 0x80;
  return uuid;
}
