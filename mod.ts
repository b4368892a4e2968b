/**
 * Turns a container image into a root filesystem that a machine can boot or mount.
 *
 * @module
 */
export { ImageError } from "./src/image_error.ts";
export type { ErrorPlace, ImageErrorCode, ImageErrorOptions } from "./src/image_error.ts";
export type { Notice, NoticeCode, NoticeListener } from "./src/notice.ts";
