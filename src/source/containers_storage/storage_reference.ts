/**
 * `[[DRIVER@]ROOT[+RUNROOT][:OPTIONS]]NAME`: the name of an image, and before it in brackets, as
 * skopeo takes it too, where the storage is.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { quote } from "../../oci/quote.ts";
import { type StorageDriver, storageDriverOf } from "./storage_driver.ts";

/** What a reference to an image of a storage says. */
export interface StorageReference {
  /** Name, digest or identifier; `null` where there is none. */
  readonly name: string | null;
  /** Where the storage is; `null` where it does not say. */
  readonly root: string | null;
  /** Whose images of it are meant; `null` where it does not say. */
  readonly driver: StorageDriver | null;
}

/** Takes a reference apart. Throws `ImageError` `CORRUPT` or `UNSUPPORTED`. */
export function parseStorageReference(text: string): StorageReference {
  if (!text.startsWith("[")) return { name: text || null, root: null, driver: null };
  const end = text.indexOf("]");
  const match = /^(?:([a-z0-9]+)@)?([^+:]+)(?:\+[^:]*)?(?::.*)?$/.exec(text.slice(1, end));
  if (end === -1 || match === null) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read image reference ${quote(text)}: what is in brackets is malformed, expected ` +
        "[DRIVER@ROOT]NAME",
    );
  }
  const [, wanted, root] = match;
  const driver = wanted === undefined ? null : storageDriverOf(wanted);
  if (wanted !== undefined && driver === null) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot open storage ${quote(root)}: its driver is ${quote(wanted)}, expected overlay or vfs`,
    );
  }
  return { name: text.slice(end + 1) || null, root, driver };
}
