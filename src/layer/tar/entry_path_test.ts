import { strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { cleanPath, MAX_COMPONENT_BYTES, MAX_PATH_BYTES } from "./entry_path.ts";

Deno.test("cleanPath() leaves the components alone", () => {
  const component = fc.constantFrom("", ".", "a", "..a", ".b", "c.", "...", "long name");
  fc.assert(fc.property(fc.array(component), (components) => {
    const expected = components.filter((it) => it !== "" && it !== ".").join("/");
    const path = components.join("/");
    strictEqual(cleanPath(path, "path"), expected, path);
    strictEqual(cleanPath(`/${path}/`, "path"), expected);
  }));
});

Deno.test("cleanPath() refuses to leave the root, and NULs, wherever they stand", () => {
  for (const path of ["..", "../a", "./../a", "/..", "a/..", "a/../", "a\0", "./\0", "\0/"]) {
    throws(() => cleanPath(path, "path"), { code: "UNSAFE_PATH" }, path);
  }
});

Deno.test("cleanPath() refuses what is too long", () => {
  const longest = "a".repeat(MAX_COMPONENT_BYTES);
  strictEqual(cleanPath(`./${longest}/`, "path"), longest);
  throws(() => cleanPath(`./${longest}a`, "path"), { code: "LIMIT_EXCEEDED" });
  strictEqual(cleanPath("/".repeat(MAX_PATH_BYTES), "path"), "");
  throws(() => cleanPath("/".repeat(MAX_PATH_BYTES + 1), "path"), { code: "LIMIT_EXCEEDED" });
});
