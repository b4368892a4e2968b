/**
 * Where the bytes of a file of a layer are.
 *
 * @module
 */
import type { ObjectId } from "../repository/object_id.ts";

/** The bytes themselves, where they are few, or the object that consists of them. */
export type LayerContent =
  | { readonly kind: "inline"; readonly bytes: Uint8Array }
  | { readonly kind: "object"; readonly id: ObjectId };
