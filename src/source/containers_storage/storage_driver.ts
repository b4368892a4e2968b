/**
 * The storage drivers whose layers are read: each has directories of its own in a storage.
 *
 * @module
 */

/** `overlay` has for each layer what is new in it, `vfs` the whole tree. */
export type StorageDriver = "overlay" | "vfs";

/** All of them. */
export const STORAGE_DRIVERS: readonly StorageDriver[] = ["overlay", "vfs"];

/** The driver that is called so; `null` for one whose layers are not read. */
export function storageDriverOf(name: string): StorageDriver | null {
  // So it was called once.
  if (name === "overlay2") return "overlay";
  return STORAGE_DRIVERS.find((driver) => driver === name) ?? null;
}
