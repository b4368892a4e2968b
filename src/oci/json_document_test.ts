import { deepStrictEqual, throws } from "node:assert/strict";
import * as v from "valibot";
import { checkDocument, LARGEST_DOCUMENT_BYTES, parseJson } from "./json_document.ts";

const DOCUMENT = { kind: "image manifest", name: "sha256:00" };
const parse = (text: string) => parseJson(new TextEncoder().encode(text), DOCUMENT);

Deno.test("parseJson() counts brackets outside of strings only", () => {
  const text = JSON.stringify({ a: "[".repeat(500), b: '"\\[{'.repeat(100) });
  deepStrictEqual(parse(text), JSON.parse(text));
});

Deno.test("parseJson() refuses what is too large, too deep, or no JSON", () => {
  const large = new Uint8Array(LARGEST_DOCUMENT_BYTES + 1);
  throws(() => parseJson(large, DOCUMENT), { code: "LIMIT_EXCEEDED", message: /4194305 bytes/ });
  throws(() => parse("[".repeat(1e6)), { code: "LIMIT_EXCEEDED", message: /nested deeper/ });
  throws(() => parse('{"a":'.repeat(1e5)), { code: "LIMIT_EXCEEDED" });
  for (const text of ["", "{", "{]", '"', "nul", '{"a":1,}']) {
    throws(() => parse(text), { code: "CORRUPT", message: /^Cannot read image manifest/ }, text);
  }
  throws(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22), DOCUMENT), { code: "CORRUPT" });
});

Deno.test("checkDocument() names document, field, observed value and expectation", () => {
  const schema = v.object({ layers: v.array(v.object({ digest: v.string() })) });
  throws(() => checkDocument(schema, { layers: [{ digest: "a" }, { digest: 5 }] }, DOCUMENT), {
    code: "CORRUPT",
    message: 'Cannot read image manifest "sha256:00": field layers[1].digest is 5, expected text',
  });
  throws(() => checkDocument(schema, {}, DOCUMENT), {
    message: 'Cannot read image manifest "sha256:00": field layers is missing, expected one',
  });
  throws(() => checkDocument(schema, [], DOCUMENT), {
    message: 'Cannot read image manifest "sha256:00": it is a list, expected an object',
  });
  throws(() => checkDocument(schema, null, DOCUMENT), {
    message: 'Cannot read image manifest "sha256:00": it is null, expected an object',
  });
});
