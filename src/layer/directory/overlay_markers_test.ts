import { deepStrictEqual, throws } from "node:assert/strict";
import { bytesOf } from "../../bytes/byte_string.ts";
import { readOverlayMarks, visibleXattrs } from "./overlay_markers.ts";

const xattr = (name: string, value = "y") => ({ name, value: bytesOf(value) });
const NONE = { isOpaque: false, isWhiteout: false, isMetacopy: false, redirect: null };

Deno.test("readOverlayMarks() reads the markers of root and of users", () => {
  deepStrictEqual(readOverlayMarks([]), NONE);
  for (const prefix of ["trusted.overlay.", "user.overlay."]) {
    deepStrictEqual(
      readOverlayMarks([
        xattr(`${prefix}opaque`),
        xattr(`${prefix}whiteout`),
        xattr(`${prefix}metacopy`, ""),
        xattr(`${prefix}redirect`, "/a/\xff"),
      ]),
      { isOpaque: true, isWhiteout: true, isMetacopy: true, redirect: "/a/\xff" },
    );
    deepStrictEqual(readOverlayMarks([xattr(`${prefix}opaque`, "x")]), NONE);
    deepStrictEqual(readOverlayMarks([xattr(`${prefix}overlay.opaque`)]), NONE);
  }
  deepStrictEqual(readOverlayMarks([xattr("security.overlay.opaque"), xattr("opaque")]), NONE);
});

Deno.test("readOverlayMarks() refuses redirections that are no paths, or lead out", () => {
  for (const target of ["", "/", "a/b", "/a//b", "/a/", "a\0b", `/${"a".repeat(5000)}`]) {
    throws(() => readOverlayMarks([xattr("trusted.overlay.redirect", target)]), {
      code: "CORRUPT",
    }, target);
  }
  for (const target of ["..", ".", "/..", "/a/../b", "/a/."]) {
    throws(() => readOverlayMarks([xattr("user.overlay.redirect", target)]), {
      code: "UNSAFE_PATH",
    }, target);
  }
});

Deno.test("visibleXattrs() drops all markers and unescapes those of overlays inside", () => {
  deepStrictEqual(
    visibleXattrs([
      xattr("user.z"),
      xattr("trusted.overlay.origin"),
      xattr("trusted.overlay.whatever"),
      xattr("trusted.overlay.overlay.opaque"),
      xattr("user.overlay.overlay.overlay.x"),
      xattr("user.overlay."),
      xattr("trusted.overlays"),
    ]).map(({ name }) => name),
    ["trusted.overlay.opaque", "trusted.overlays", "user.overlay.overlay.x", "user.z"],
  );
});
