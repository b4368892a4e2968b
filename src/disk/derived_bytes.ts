/**
 * Values that are random elsewhere, derived from the input.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { GUID_SIZE } from "./guid.ts";

/** 32 bytes that depend on `parts` alone; `purpose` keeps values for different ends apart. */
export function derivedBytes(purpose: string, parts: readonly string[]): Uint8Array<ArrayBuffer> {
  const hash = createHash("sha256").update(`oci2rootfs disk ${purpose}`);
  // Each part behind its length: no two lists of parts give the same bytes.
  for (const part of parts) hash.update(`\0${part.length}\0${part}`);
  return Uint8Array.from(hash.digest());
}

/** A UUID of version 8 (RFC 9562: bits of the maker's choice) that depends on `parts` alone. */
export function derivedUuid(purpose: string, parts: readonly string[]): Uint8Array<ArrayBuffer> {
  const uuid = derivedBytes(purpose, parts).slice(0, GUID_SIZE);
  uuid[6] = uuid[6] & 0x0f | 0x80;
  uuid[8] = uuid[8] & 0x3f | 0x80;
  return uuid;
}
