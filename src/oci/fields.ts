/**
 * Kinds of JSON fields that several image documents share. Go programs write `null` for an empty
 * list or map, so `null` is the same as absent everywhere.
 *
 * @module
 */
import * as v from "valibot";

/** Optional text; absent is empty. */
export const optionalText = v.nullish(v.string(), "");

/** Optional list of texts; absent is empty. */
export const optionalTexts = v.nullish(v.array(v.string()), () => []);

/** Optional map of texts (annotations, labels); absent is empty. */
export const optionalTextMap = v.nullish(v.record(v.string(), v.string()), () => ({}));

/** A number of bytes that JavaScript holds exactly. */
export const sizeBytes = v.pipe(
  v.number(),
  v.safeInteger("a whole number below 2^53"),
  v.minValue(0, "a number of bytes from 0"),
);
