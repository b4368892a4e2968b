/**
 * The values of a superblock that are random elsewhere: derived from the input and the options,
 * so that the same input gives the same bytes.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import type { ResolvedOptions } from "./options.ts";

/** Changes whenever the same input would give other bytes than before. */
export const EXT4_FORMAT_NUMBER = 2;

/** UUID and hash seed of an image. */
export interface Ext4Identity {
  /** `s_uuid`, 16 bytes. */
  readonly uuid: Uint8Array;
  /** `s_hash_seed`, 16 bytes. */
  readonly hashSeed: Uint8Array;
}

/** The identity of an image of the input `identity`, made with `options`. */
export function deriveIdentity(identity: string, options: ResolvedOptions): Ext4Identity {
  const { label, uuid, hashSeed, ...others } = options;
  // The order of the fields is that of resolveOptions(), whatever the user wrote.
  const canonical = JSON.stringify({ ...others, label: label.toHex() });
  const derive = (purpose: string) => asUuid(digest([purpose, identity, canonical]));
  return {
    uuid: uuid === "random" ? asUuid(randomBytes(16)) : uuid ?? derive("uuid"),
    hashSeed: hashSeed ?? derive("hash seed"),
  };
}

/** The usual text form of a UUID. */
export function formatUuid(uuid: Uint8Array): string {
  const hex = uuid.toHex();
  return [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]].map(([start, end]) =>
    hex.slice(start, end)
  ).join("-");
}

function digest(parts: readonly string[]): Uint8Array {
  const hash = createHash("sha256");
  hash.update(`oci2rootfs ext4 ${EXT4_FORMAT_NUMBER}`);
  // Each part behind its length: no two lists of parts give the same bytes.
  for (const part of parts) hash.update(`\0${part.length}\0${part}`);
  return hash.digest();
}

/** 16 bytes marked as a UUID of version 8 (RFC 9562: bits of the maker's choice). */
function asUuid(bytes: Uint8Array): Uint8Array {
  const uuid = Uint8Array.from(bytes.subarray(0, 16));
  uuid[6] = uuid[6] & 0x0f | 0x80;
  uuid[8] = uuid[8] & 0x3f | 0x80;
  return uuid;
}
