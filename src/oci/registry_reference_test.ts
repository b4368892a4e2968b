import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { ImageError } from "../image_error.ts";
import { formatRegistryReference, parseRegistryReference } from "./registry_reference.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

Deno.test("parseRegistryReference() adds what Docker leaves out", () => {
  const references: Record<string, string> = {
    "nginx": "docker.io/library/nginx:latest",
    "nginx:1.27": "docker.io/library/nginx:1.27",
    "user/tool": "docker.io/user/tool:latest",
    "docker.io/nginx": "docker.io/library/nginx:latest",
    "index.docker.io/nginx:1": "docker.io/library/nginx:1",
    "docker.io/library/nginx": "docker.io/library/nginx:latest",
    "localhost/a": "localhost/a:latest",
    "localhost:5000/a/b:c": "localhost:5000/a/b:c",
    "[::1]:5000/a": "[::1]:5000/a:latest",
    "Host/a": "Host/a:latest",
    "registry.test/a__b/c-d.e": "registry.test/a__b/c-d.e:latest",
    "10.0.0.1:80/a:B_.-1": "10.0.0.1:80/a:B_.-1",
    [`a@${DIGEST}`]: `docker.io/library/a@${DIGEST}`,
    [`h.test:1/a:t@${DIGEST}`]: `h.test:1/a:t@${DIGEST}`,
    "localhost:5000": "docker.io/library/localhost:5000",
  };
  for (const [given, expected] of Object.entries(references)) {
    strictEqual(formatRegistryReference(parseRegistryReference(given)), expected, given);
  }
});

Deno.test("parseRegistryReference() keeps tag and digest apart", () => {
  deepStrictEqual(parseRegistryReference(`h.test/a:t@${DIGEST}`), {
    repository: { registry: "h.test", path: "a" },
    tag: "t",
    digest: DIGEST,
  });
  strictEqual(parseRegistryReference(`a@${DIGEST}`).tag, null);
});

Deno.test("parseRegistryReference() refuses what is malformed", () => {
  const bad = [
    "",
    ":",
    "/",
    "a:",
    "a@",
    "a/",
    "/a",
    "a//b",
    "A",
    "a/B",
    "a:-x",
    `a:${"x".repeat(129)}`,
    "a b",
    "a:b c",
    "h.test/",
    "h.test:0/a",
    "h.test:70000/a",
    "h.test:x/a",
    "-h.test/a",
    "h..test/a",
    "user@h.test/a",
    "h.test/a/../b",
    "h.test/a?b",
    "h.test/a#b",
    "a\n",
    "http://h.test/a",
    "a@sha256:00",
    `a@${DIGEST}@${DIGEST}`,
    "0123456789abcdef".repeat(4),
    `h.test/${"a".repeat(250)}`,
    "[::1/a",
    "[x]/a",
  ];
  for (const text of bad) {
    throws(
      () => parseRegistryReference(text),
      (error) => error instanceof ImageError && error.code === "CORRUPT",
      text,
    );
  }
});

Deno.test("parseRegistryReference() reads what formatRegistryReference() writes", () => {
  const path = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,5}){0,2}(\/[a-z0-9]{1,6}){1,2}$/);
  const host = fc.stringMatching(/^[a-z][a-z0-9]{0,8}\.[a-z]{2,5}(:[1-9][0-9]{0,3})?$/);
  const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/));
  fc.assert(fc.property(host, path, tag, fc.boolean(), (registry, path, tag, hasDigest) => {
    const digest = hasDigest || tag === null ? DIGEST : null;
    const reference = { repository: { registry, path }, tag, digest };
    deepStrictEqual(parseRegistryReference(formatRegistryReference(reference)), reference);
  }));
});

Deno.test("parseRegistryReference() throws only ImageError", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
    try {
      parseRegistryReference(text);
    } catch (error) {
      strictEqual(error instanceof ImageError, true, String(error));
    }
  }));
});
