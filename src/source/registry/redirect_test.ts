import { strictEqual, throws } from "node:assert/strict";
import { redirectTarget } from "./redirect.ts";
import { RegistryError } from "./registry_error.ts";

function follow(from: string, location: string | null, status = 307): string | null {
  const headers = new Headers(location === null ? {} : { location });
  const read = () => Promise.resolve(null);
  const response = { url: new URL(from), status, headers, read, cancel: () => {} };
  return redirectTarget(response, "blob")?.href ?? null;
}

Deno.test("redirectTarget() follows to https, and to http only from there", () => {
  strictEqual(follow("https://h.test/v2/a", "https://s.test/x?sig=1"), "https://s.test/x?sig=1");
  strictEqual(follow("https://h.test/v2/a", "/b"), "https://h.test/b");
  strictEqual(follow("https://h.test/v2/a", "b"), "https://h.test/v2/b");
  strictEqual(follow("http://h.test/a", "http://s.test/"), "http://s.test/");
  strictEqual(follow("http://h.test/a", "https://s.test/"), "https://s.test/");
});

Deno.test("redirectTarget() knows redirects by their status", () => {
  for (const status of [301, 302, 303, 307, 308]) {
    strictEqual(follow("https://h/", "/", status), "https://h/");
  }
  for (const status of [200, 206, 300, 304, 401]) {
    strictEqual(follow("https://h/", "/", status), null);
  }
});

Deno.test("redirectTarget() refuses other places", () => {
  const bad = [
    null,
    "",
    "http://s.test/",
    "file:///x",
    "data:,x",
    "https://u@s.test/",
    "https://:p@s/",
    "http:///",
  ];
  for (const location of [...bad, `https://s.test/${"x".repeat(20_000)}`]) {
    throws(() => follow("https://h.test/", location), RegistryError, String(location));
  }
});
