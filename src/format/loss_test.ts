import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { ImageError } from "../image_error.ts";
import type { Notice } from "../notice.ts";
import { LossLog } from "./loss.ts";

Deno.test("LossLog throws where losses are errors, with the path", () => {
  throws(() => new LossLog("cpio", "error").add("a\x1b", "owner", "only root may"), (error) => {
    if (!(error instanceof ImageError)) return false;
    strictEqual(error.message, 'Cannot write owner of "a\\x1b" to cpio: only root may');
    return error.code === "UNSUPPORTED" && error.where.path === "a\\x1b";
  });
});

Deno.test("LossLog counts by what and why", () => {
  const log = new LossLog("cpio", "report");
  log.add("", "owner", "only root may");
  log.add("b", "owner", "only root may");
  log.add("c", "owner", "it is too large");
  const notices: Notice[] = [];
  log.report((notice) => notices.push(notice));
  strictEqual(log.count, 3);
  deepStrictEqual(notices.map(({ message }) => message), [
    'Left out of cpio: owner of 2 files, the first is "/": only root may',
    'Left out of cpio: owner of "c": it is too large',
  ]);
});
