/**
 * Owners as an extended attribute, for files of users who cannot give files away: the protobuf
 * message `Resource { uint32 uid = 1; uint32 gid = 2; }` of rootlesscontainers.
 *
 * @module
 */

/** Name of the attribute. */
export const ROOTLESS_XATTR = "user.rootlesscontainers";

/** The value for an owner; as protobuf has it, fields that are 0 are left out. */
export function rootlessOwner(uid: number, gid: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...field(1, uid), ...field(2, gid)]);
}

function field(number: number, value: number): number[] {
  if (value === 0) return [];
  const bytes = [number * 8];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push(rest % 0x80 + 0x80);
  return [...bytes, rest];
}
