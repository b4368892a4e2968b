import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { assertLayout } from "../../bytes/assert_layout.ts";
import { IMAGE_HEADER_SIZE, readImageHeader, writeImageHeader } from "./image_header.ts";
import {
  digestOfMetacopy,
  escapeOverlayName,
  metacopyValue,
  redirectKey,
  redirectOfKey,
  unescapeOverlayName,
} from "./overlay_xattrs.ts";

Deno.test("composefs header follows its table", () => {
  assertLayout(
    IMAGE_HEADER_SIZE,
    [["magic", 0, 4], ["version", 4, 4], ["flags", 8, 4], ["imageVersion", 12, 4]],
    writeImageHeader,
    readImageHeader,
  );
});

Deno.test("metacopyValue() and digestOfMetacopy() are each other's inverse", () => {
  const sha256 = "5a".repeat(32);
  strictEqual(metacopyValue(sha256), "\x00\x24\x00\x01" + "Z".repeat(32));
  for (const digest of [sha256, "0f".repeat(64)]) {
    strictEqual(digestOfMetacopy(metacopyValue(digest)), digest);
  }
  strictEqual(metacopyValue(""), "");
  strictEqual(digestOfMetacopy(""), "");
  const right = metacopyValue(sha256);
  for (const at of [0, 1, 2, 3]) {
    const wrong = `${right.slice(0, at)}\x07${right.slice(at + 1)}`;
    strictEqual(digestOfMetacopy(wrong), null, String(at));
  }
  deepStrictEqual([right.slice(0, -1), `${right}x`, "\0"].map(digestOfMetacopy), [
    null,
    null,
    null,
  ]);
});

Deno.test("escapeOverlayName() and unescapeOverlayName() are each other's inverse", () => {
  for (
    const name of ["user.overlay.x", "trusted.overlay.opaque", "trusted.overlay.overlay.x", "a"]
  ) {
    strictEqual(unescapeOverlayName(escapeOverlayName(name)), name);
  }
  strictEqual(escapeOverlayName("trusted.overlay.opaque"), "trusted.overlay.overlay.opaque");
  strictEqual(unescapeOverlayName("trusted.overlay.opaque"), null);
  const digest = "5a".repeat(32);
  strictEqual(redirectKey(`5a/${digest.slice(2)}`), digest);
  strictEqual(redirectOfKey(digest), `/5a/${digest.slice(2)}`);
  for (const path of ["5a/5b", "", "a", `/5a${digest.slice(2)}`, `5a5a/${digest.slice(4)}`]) {
    strictEqual(redirectOfKey(redirectKey(path)), `/${path}`);
  }
});
